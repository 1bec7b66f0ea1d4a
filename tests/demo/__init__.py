"""Tests of the demonstration: its content, its people, its start."""
