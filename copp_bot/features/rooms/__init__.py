"""Declared rooms kept as declared, and people in the rooms they belong to."""
