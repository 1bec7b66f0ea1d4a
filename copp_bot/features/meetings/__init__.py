"""Virtual meetings."""
