"""``python -m copp_bot``."""

from copp_bot.cli import main

main()
