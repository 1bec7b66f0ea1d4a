"""The first pages, and the way in."""
