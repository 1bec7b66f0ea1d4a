"""In-memory stand-ins for the world outside; each passes the same contract suite as the real thing."""
