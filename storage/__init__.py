"""The memory: engine, tables, full-text index and migrations. Knows nothing of Matrix or of the bot."""
