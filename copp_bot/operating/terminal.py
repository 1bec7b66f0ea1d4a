"""What the commands share: the settings, running a coroutine, and tables in plain text."""

import asyncio
from collections.abc import Coroutine, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

import typer

if TYPE_CHECKING:
    from copp_bot.core.settings import Settings

T = TypeVar("T")


def finish(work: Coroutine[Any, Any, T]) -> T:
    """Run it to its end; Ctrl-C ends the process as other programs do."""
    try:
        return asyncio.run(work)
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def told(*, connected: bool = True) -> "Settings":
    """The operator's settings. What is wrong with them is said before anything slow is loaded.

    Args:
        connected: the homeserver is needed; else its settings may be left out.
    """
    from copp_bot.core.settings import Settings, Unconnected, read_settings  # noqa: PLC0415

    return read_settings(Settings if connected else Unconnected)


def table(rows: Sequence[Sequence[str]]) -> str:
    """Columns as wide as they need, two spaces apart; the first row is the heading."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows)


def moment(at: datetime | None) -> str:
    """A time as an operator reads it."""
    return f"{at:%Y-%m-%d %H:%M %Z}" if at is not None else "-"
