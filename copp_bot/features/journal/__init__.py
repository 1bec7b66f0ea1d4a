"""What someone writes for themselves alone."""
