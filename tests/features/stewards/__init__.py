"""Tests of the stewards feature."""
