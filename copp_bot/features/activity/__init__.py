"""The week in numbers, without spying on anyone."""
