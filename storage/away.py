"""A database server that goes away: noticed, waited for, and said once.

The rule it keeps: what was broken off is done again from its beginning when the server is back. SQLite never goes away.
"""

import logging
import random
import threading
from collections.abc import Callable
from itertools import count
from typing import TypeVar

from sqlalchemy import Engine, event
from sqlalchemy.engine import ExceptionContext

T = TypeVar("T")
log = logging.getLogger(__name__)
FIRST, LONGEST = 0.1, 10.0
"""Seconds between attempts, doubling; somebody waits for each of them."""
GONE = ("08", "57P")
"""SQLSTATE classes: connection exceptions, and a server that shuts down or starts."""


class Again(Exception):
    """Nothing of the attempt has come to pass; it is to be made again."""


class Away:
    """Watches engines for broken connections, and waits for the server in whatever thread is cut off."""

    def __init__(self, *engines: Engine) -> None:
        self._mine = threading.local()
        self._stopped = threading.Event()
        self._has_been_there = False
        self._waiting: set[int] = set()
        for engine in engines:
            if engine.dialect.name == "postgresql":
                event.listen(engine, "handle_error", self._failed)
                event.listen(engine, "engine_connect", self._connected)

    @property
    def is_waited_for(self) -> bool:
        """Is anybody waiting?"""
        return bool(self._waiting)

    def stop(self) -> None:
        """Wait no longer: what is broken off fails."""
        self._stopped.set()

    def has_broken(self) -> bool:
        """Has a connection of this thread broken in the present attempt?"""
        return getattr(self._mine, "has_broken", False)

    def wait_out(self, attempt: Callable[[], T]) -> T:
        """Call ``attempt`` until no connection breaks while it runs; anything else that it raises is raised."""
        thread = threading.get_ident()
        try:
            for failures in count(1):
                self._mine.has_broken = False
                try:
                    return attempt()
                except Again:
                    pass
                except Exception as error:
                    if not (self.has_broken() and self._has_been_there) or self._stopped.is_set():
                        raise
                    self._wait_as(thread, error)
                self.pause(failures)
            raise AssertionError("count() does not end")
        finally:
            if thread in self._waiting:
                self._waiting.discard(thread)
                log.info("the database server is back")

    def pause(self, failures: int = 1) -> None:
        """Wait a moment, longer after more failures; not at all once ``stop`` was called."""
        wait = min(LONGEST, FIRST * 2.0 ** min(failures - 1, 10))
        self._stopped.wait(wait * random.uniform(0.5, 1.0))  # noqa: S311 - jitter, not a secret

    def _wait_as(self, thread: int, error: Exception) -> None:
        if not self._waiting:
            cause = getattr(error, "orig", None) or error
            log.warning("the database server is away (%s); waiting", str(cause).split("\n", 1)[0])
        self._waiting.add(thread)

    def _failed(self, context: ExceptionContext) -> None:
        for error in (context.original_exception, context.sqlalchemy_exception):
            if error is not None:
                error.args = (str(error.args[0]).split("\n", 1)[0], *error.args[1:]) if error.args else ()
        state = getattr(context.original_exception, "sqlstate", None) or ""
        if state.startswith(GONE):
            context.is_disconnect = True
        if context.is_disconnect or context.connection is None:
            self._mine.has_broken = True

    def _connected(self, _connection: object) -> None:
        self._has_been_there = True
