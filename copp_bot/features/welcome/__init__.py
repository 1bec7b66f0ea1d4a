"""Greeting those who have come to Reception."""
