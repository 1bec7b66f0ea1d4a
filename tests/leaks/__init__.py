"""What the bot says is read by those alone who may read it: every viewer, place, content and surface."""
