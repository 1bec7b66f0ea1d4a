"""The declared tree of spaces and rooms, and the work of keeping the homeserver like it."""
