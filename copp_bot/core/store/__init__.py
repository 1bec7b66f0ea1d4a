"""Queries of the core, one module per noun. Only here, and in features' stores, stands SQL."""
