"""Reading the append-only trail."""
