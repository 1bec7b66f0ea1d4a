"""The proofs: functions that take a stage and a size and return figures; small in tests, in full by ``make prove``."""
