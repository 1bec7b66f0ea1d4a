"""Stewards: who is on duty, what is handed over, and the seven roles."""
