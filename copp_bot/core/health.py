"""Is the bot well? One answer for ``/readyz`` and ``doctor``."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from sqlmodel import Session

from copp_bot.core.clock import Clock
from copp_bot.core.intake import Intake
from copp_bot.core.outbox import Outbox
from copp_bot.core.store import inbox, tasks
from copp_bot.core.store.inbox import InboxState
from storage.database import Database

SYNC_AGE = timedelta(seconds=90)
OUTBOX_AGE = timedelta(seconds=60)
PATIENCE = 3.0
"""Seconds that the database may take for an answer."""


@dataclass(frozen=True)
class Health:
    """What is looked at; ages in seconds. ``clock_skew`` is the homeserver's clock minus ours."""

    sync_age: float | None
    outbox_age: float
    outbox: int
    tasks: int
    waiting: int
    quarantined: int
    gaps: int
    clock_skew: float | None
    database_is_away: bool = False

    @property
    def is_ready(self) -> bool:
        """Is the database there, has it synced lately, and does what it says go out?"""
        synced = self.sync_age is not None and self.sync_age < SYNC_AGE.total_seconds()
        return synced and self.outbox_age < OUTBOX_AGE.total_seconds() and not self.database_is_away

    @property
    def figures(self) -> dict[str, float]:
        """The same for Prometheus, by the names of ``Metrics``; what nobody knows is not among it."""
        known: dict[str, float | None] = {
            "ready": float(self.is_ready),
            "sync_age_seconds": self.sync_age,
            "outbox_age_seconds": self.outbox_age,
            "outbox_open": self.outbox,
            "tasks_open": self.tasks,
            "inbox_waiting": self.waiting,
            "quarantine_size": self.quarantined,
            "gaps_open": self.gaps,
            "clock_skew_seconds": self.clock_skew,
        }
        return {name: value for name, value in known.items() if value is not None}


async def look(
    intake: Intake, outbox: Outbox, database: Database, clock: Clock, clock_skew: float | None = None
) -> Health:
    """Measure now."""
    now = clock.now()
    oldest = outbox.oldest()
    found = await _read(database)
    open_tasks, waiting, quarantined, gaps = found or (0, 0, 0, 0)
    return Health(
        sync_age=(now - intake.last_sync).total_seconds() if intake.last_sync else None,
        outbox_age=(now - oldest).total_seconds() if oldest else 0.0,
        outbox=outbox.open_count,
        tasks=open_tasks,
        waiting=waiting,
        quarantined=quarantined,
        gaps=gaps,
        database_is_away=found is None,
        clock_skew=clock_skew,
    )


async def _read(database: Database) -> tuple[int, int, int, int] | None:
    """The counts; None while the database's server is away: who asks after the bot's health does not wait for it."""
    if database.is_away:
        return None
    try:
        async with asyncio.timeout(PATIENCE):
            return await database.read(_counts)
    except TimeoutError:
        return None


def _counts(session: Session) -> tuple[int, int, int, int]:
    return (
        tasks.count_open(session),
        inbox.count(session, InboxState.NEW),
        inbox.count(session, InboxState.QUARANTINED),
        inbox.open_gaps(session),
    )
