"""Declared commands: what may be typed, and how it is found, parsed and explained."""
