"""The pages in a real browser: journeys by keyboard, and what axe-core finds."""
