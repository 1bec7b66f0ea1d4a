"""``copp-bot`` and ``python -m copp_bot``: whoever interrupts it while it is being loaded sees no trace either."""

import sys


def main() -> None:
    """Load the command line, and run it; Ctrl-C ends the process as other programs do."""
    try:
        from copp_bot.cli import main as run  # noqa: PLC0415 - what takes long to load is inside the guard

        run()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
