"""A clock whose pace a rig sets: an hour of waiting in minutes, for the bot's own process.

The rule it keeps: it changes how time passes and nothing else. The event loop's timers, and the wall and monotonic
clock of ``core.clock``, run at the pace that a small file holds; the proxy shortens the homeserver's long polls.
"""

import asyncio
import mmap
import selectors
import struct
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from selectors import SelectorKey

from copp_bot.core.clock import SystemClock

_FORMAT = "d"
SIZE = struct.calcsize(_FORMAT)


class Pace:
    """How many times faster time runs, shared with other processes through a file."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(struct.pack(_FORMAT, 1.0))
        with path.open("r+b") as file:
            self._shared = mmap.mmap(file.fileno(), SIZE)

    @property
    def factor(self) -> float:
        """The pace now."""
        return float(struct.unpack(_FORMAT, self._shared[:SIZE])[0])

    def set(self, factor: float) -> None:
        """Go at this pace from now on."""
        self._shared[:SIZE] = struct.pack(_FORMAT, factor)


class Hastened:
    """Seconds since the start, at the pace of each moment."""

    def __init__(self, pace: Pace) -> None:
        self.pace = pace
        self._seen, self._passed = time.monotonic(), 0.0
        self._born = self._seen
        self._lock = threading.Lock()

    def __call__(self) -> float:
        with self._lock:
            now = time.monotonic()
            self._passed += (now - self._seen) * self.pace.factor
            self._seen = now
            return self._passed

    def go_at(self, factor: float) -> None:
        """Go at this pace from now on."""
        self()
        self.pace.set(factor)

    @property
    def ahead(self) -> timedelta:
        """How far it is ahead of the machine's clock."""
        return timedelta(seconds=self() - (self._seen - self._born))


class _Selector(selectors.DefaultSelector):
    """Waits a fraction of what is asked; the loop looks at its clock again afterwards."""

    def __init__(self, pace: Pace) -> None:
        super().__init__()
        self._pace = pace

    def select(self, timeout: float | None = None) -> list[tuple[SelectorKey, int]]:
        """As the real one; ``timeout`` in hastened seconds."""
        return super().select(timeout / self._pace.factor if timeout else timeout)


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self, clock: Hastened) -> None:
        self._hastened = clock
        super().__init__(_Selector(clock.pace))

    def time(self) -> float:
        return self._hastened()


def hasten(path: Path | None, ahead: timedelta) -> None:
    """Let this process's time run from so far ahead of the real one, at the pace of a file if there is one."""
    clock = Hastened(Pace(path)) if path else time.monotonic
    born, started = clock(), datetime.now(UTC) + ahead

    def now(self: SystemClock) -> datetime:
        return started + timedelta(seconds=clock() - born)

    def monotonic(self: SystemClock) -> float:
        return clock()

    SystemClock.now = now  # type: ignore[method-assign]
    SystemClock.monotonic = monotonic  # type: ignore[method-assign]
    if isinstance(clock, Hastened):
        asyncio.set_event_loop_policy(_Policy(clock))


class _Policy(asyncio.DefaultEventLoopPolicy):
    def __init__(self, clock: Hastened) -> None:
        super().__init__()
        self._clock = clock

    def new_event_loop(self) -> asyncio.AbstractEventLoop:
        return _Loop(self._clock)
