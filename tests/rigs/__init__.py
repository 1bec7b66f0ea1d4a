"""Drivers of real servers, in plain HTTP; they share no code with the bot."""
