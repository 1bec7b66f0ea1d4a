"""How the log is written: lines for people, or one JSON object a line for machines.

The rule it keeps: no body and no secret reaches the log. A trace shows where and what kind, never what an exception
says: its words may be somebody's message. What is logged while one event is handled carries that event's reference.
"""

import json
import logging
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import IO, Literal

from copp_bot.core import backoff, trouble
from copp_bot.core.matrix.port import MatrixError

Style = Literal["text", "json"]
NOISY = ("apscheduler", "aiohttp", "nio", "sqlalchemy", "alembic", "asyncio")
_reference: ContextVar[str | None] = ContextVar("reference", default=None)


def configure(level: str, style: Style = "text", stream: IO[str] | None = None) -> logging.Handler:
    """Send the log to ``stream`` (standard error), in place of what was configured before.

    Args:
        level: ``DEBUG``, ``INFO``, ``WARNING`` or ``ERROR``.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines() if style == "json" else Lines())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)
    return handler


def ref_of(cause: str) -> str:
    """The short reference of an event or another cause, as people are told it."""
    return cause[-4:].lower()


@contextmanager
def about(reference: str) -> Iterator[None]:
    """Give what is logged inside the block this reference."""
    token = _reference.set(reference)
    try:
        yield
    finally:
        _reference.reset(token)


class Lines(logging.Formatter):
    """One line for people, and the trace below it."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        at = datetime.fromtimestamp(record.created).astimezone().isoformat(" ", "milliseconds")
        reference = _ref(record)
        line = f"{at} {record.levelname} {record.name}: {record.getMessage()}"
        if reference and f"ref {reference}" not in line:
            line += f" (ref {reference})"
        error = _error(record)
        return f"{line}\n{told(error)}" if error is not None else line


class JsonLines(logging.Formatter):
    """One JSON object a line: ``at``, ``level``, ``logger``, ``message``, and ``ref`` and ``error`` where there are."""

    def format(self, record: logging.LogRecord) -> str:
        """The object."""
        error = _error(record)
        fields = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "ref": _ref(record),
            "error": None if error is None else told(error),
        }
        return json.dumps({name: value for name, value in fields.items() if value is not None}, ensure_ascii=False)


def told(error: BaseException) -> str:
    """An exception without its words: one sentence where an operator can mend it, else the trace."""
    known = trouble.explained(error)
    if known is not None:
        return str(known)
    parts: list[str] = []
    for one in reversed(list(_causes(error))):
        frames = traceback.extract_tb(one.__traceback__)
        parts += [f"  {frame.filename}:{frame.lineno} in {frame.name}" for frame in frames]
        parts.append(_kind(one))
    return "\n".join(parts)


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    one: BaseException | None = error
    while one is not None and id(one) not in seen:
        seen.add(id(one))
        yield one
        if isinstance(one, BaseExceptionGroup):
            for member in one.exceptions:
                yield from _causes(member)
        one = one.__cause__ or (None if one.__suppress_context__ else one.__context__)


def _kind(error: BaseException) -> str:
    """Its class, with the codes that say more and come from no person."""
    if isinstance(error, MatrixError):
        return backoff.reason(error)
    name = f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
    code = getattr(error, "sqlite_errorname", None) or (isinstance(error, OSError) and error.strerror)
    return f"{name} ({code})" if code else name


def _error(record: logging.LogRecord) -> BaseException | None:
    return record.exc_info[1] if record.exc_info else None


def _ref(record: logging.LogRecord) -> str | None:
    own = getattr(record, "ref", None)
    return own if isinstance(own, str) else _reference.get()
