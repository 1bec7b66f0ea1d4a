"""Alone speaks to the homeserver; ``port.py`` says what the rest of the house may ask of it."""
