"""Who holds which role, where and until when."""
