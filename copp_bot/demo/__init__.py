"""The embedded homeserver and the seeded community of ``copp-bot demo``."""
