"""What the commands share: running a coroutine, and tables in plain text."""

import asyncio
from collections.abc import Coroutine, Sequence
from datetime import datetime
from typing import Any, TypeVar

import typer

T = TypeVar("T")


def finish(work: Coroutine[Any, Any, T]) -> T:
    """Run it to its end; Ctrl-C ends the process as other programs do."""
    try:
        return asyncio.run(work)
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def table(rows: Sequence[Sequence[str]]) -> str:
    """Columns as wide as they need, two spaces apart; the first row is the heading."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows)


def moment(at: datetime | None) -> str:
    """A time as an operator reads it."""
    return f"{at:%Y-%m-%d %H:%M %Z}" if at is not None else "-"
