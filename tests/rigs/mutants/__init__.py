"""Mutants: the code that decides, changed in one place at a time; tests that let one pass have a hole."""
