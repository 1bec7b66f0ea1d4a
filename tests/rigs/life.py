"""Lives of the bot's process: started as an operator starts it, ended by ``kill -9``, as often as a proof wants.

A fork server imports the bot once, so that a life costs no imports; everything else of a start (settings, lock,
migration, signing in, first sync) happens anew in each.
"""

import asyncio
import multiprocessing
import os
import signal
import sys
import threading
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from copp_bot import cli
from copp_bot.app import FEATURES
from copp_bot.core import failpoint
from copp_bot.core.settings import PREFIX
from tests.rigs.haste import hasten

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload([__name__, *(f"copp_bot.features.{name}.feature" for name in FEATURES)])


@dataclass(frozen=True)
class Birth:
    """How a life begins.

    Args:
        words: what follows ``copp-bot``.
        settings: ``COPP_`` variables, without the prefix.
        fail_at: the fail point at which it ends, ``name`` or ``name:pass``.
        ahead: how far its clock is ahead.
        pace: the file with the pace of its time (``haste.Pace``); None for the machine's own.
    """

    words: tuple[str, ...]
    settings: dict[str, str]
    folder: Path
    fail_at: str = ""
    ahead: timedelta = timedelta()
    pace: Path | None = None


class Life:
    """One process of the bot."""

    def __init__(self, birth: Birth) -> None:
        self._process: ForkServerProcess = _context.Process(target=_live, args=(birth,), daemon=True)
        self._process.start()
        self._ended = asyncio.Event()
        asyncio.get_running_loop().add_reader(self._process.sentinel, self._at_end)

    @property
    def has_ended(self) -> bool:
        """Is it over?"""
        return self._ended.is_set()

    @property
    def code(self) -> int | None:
        """The exit code; negative for a signal."""
        return self._process.exitcode

    async def ended(self) -> int:
        """Wait for its end; the exit code."""
        await self._ended.wait()
        self._process.join()
        return self._process.exitcode or 0

    async def kill(self) -> None:
        """``kill -9``."""
        if self._process.is_alive() and self._process.pid is not None:
            os.kill(self._process.pid, signal.SIGKILL)
        await self.ended()

    async def stop(self) -> None:
        """End it in order."""
        if not self.has_ended:
            self._process.terminate()
        await self.ended()

    def _at_end(self) -> None:
        asyncio.get_running_loop().remove_reader(self._process.sentinel)
        self._ended.set()


def _live(birth: Birth) -> None:
    """In the new process: become ``copp-bot``."""
    threading.Thread(target=_die_with_the_rig, daemon=True).start()
    os.chdir(birth.folder)
    log = os.open("log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for stream in (1, 2):
        os.dup2(log, stream)
    sys.stdout, sys.stderr = os.fdopen(1, "w", buffering=1), os.fdopen(2, "w", buffering=1)
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        del os.environ[name]
    os.environ.update({f"{PREFIX}{name.upper()}": value for name, value in birth.settings.items()})
    os.environ[failpoint.VARIABLE] = birth.fail_at
    failpoint.arm()
    if birth.pace or birth.ahead:
        hasten(birth.pace, birth.ahead)
    sys.argv = ["copp-bot", *birth.words]
    cli.main()


def _die_with_the_rig() -> None:
    """However the rig ends, no bot is left behind."""
    rig = multiprocessing.parent_process()
    if rig is not None:
        rig.join()
        os.kill(os.getpid(), signal.SIGKILL)
