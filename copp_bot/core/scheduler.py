"""The scheduler: APScheduler rings, our table knows what has run.

The rule it keeps: an occurrence is named by its wall time and recorded in the transaction of its effects, so that no
restart, clock change or second ring can run it twice; a restart finds what was missed and follows the job's rule.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from itertools import takewhile
from zoneinfo import ZoneInfo

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from sqlmodel import Session

from copp_bot.core import backoff, failpoint
from copp_bot.core.clock import Clock
from copp_bot.core.effects import Batch, RowEffects
from copp_bot.core.feature import Job
from copp_bot.core.metrics import Metrics
from copp_bot.core.schedule import Occurrence
from copp_bot.core.store import schedule as store
from copp_bot.core.tasks import Committed
from storage.database import Database

log = logging.getLogger(__name__)
BY_HAND = "by hand "
"""Begins the name of an occurrence that an operator has asked for."""
LOOK_SECONDS = 30.0
"""How often it is looked whether the clock was put back; on a clock that is put on, the alarm rings by itself."""
MOST_MISSED = 1000
"""Missed occurrences of one job that are run at most, the newest ones."""


class Scheduler:
    """Runs declared jobs.

    Args:
        zone: the community's zone, for wall times.
    """

    def __init__(
        self,
        jobs: Sequence[Job],
        database: Database,
        clock: Clock,
        zone: ZoneInfo,
        committed: Committed,
        metrics: Metrics | None = None,
    ) -> None:
        self._jobs = jobs
        self._database = database
        self._clock = clock
        self._zone = zone
        self._committed = committed
        self._metrics = metrics or Metrics()
        self._ringer = AsyncIOScheduler(timezone="UTC")

    async def run(self) -> None:
        """Catch up, then ring until cancelled."""
        self._ringer.start()
        try:
            await self.begin()
            while True:
                before = self._clock.now()
                await asyncio.sleep(LOOK_SECONDS)
                self.look_at_the_clock(before)
        finally:
            self._ringer.shutdown(wait=False)

    async def begin(self) -> None:
        """Run what was missed, and set the alarm for what comes next."""
        for job in self._jobs:
            await self.catch_up(job)
            self._ring_next(job)

    def look_at_the_clock(self, before: datetime) -> None:
        """Set the alarm anew when the clock is behind where it was: what comes next comes sooner than was thought."""
        if self._clock.now() < before:
            log.warning("the clock was put back by %s", before - self._clock.now())
            for job in self._jobs:
                self._ring_next(job)

    async def catch_up(self, job: Job) -> None:
        """Run what became due since the last occurrence, as the job's rule says."""
        now = self._clock.now()
        since = await self._database.write(lambda session: store.known_since(session, job.id, now))
        due = deque(takewhile(lambda o: o.due_at <= now, job.rule.after(since, self._zone)), maxlen=MOST_MISSED)
        wanted = {"each": list(due), "last": list(due)[-1:], "none": []}[job.catch_up]
        for occurrence in wanted:
            await self.run_one(job, occurrence)

    async def run_one(self, job: Job, occurrence: Occurrence) -> None:
        """Run one occurrence, unless it has run."""
        now = self._clock.now()
        try:
            batch = await self._database.write(lambda session: _run(session, job, occurrence, now))
        except Exception as error:
            log.exception("job %s (%s) failed", job.id, occurrence.name)
            self._metrics.jobs.labels(outcome="failed").inc()
            words = backoff.reason(error)
            ran = (occurrence.name, occurrence.due_at)
            await self._database.write(lambda session: store.record(session, job.id, ran, now, "failed", words))
            return
        failpoint.reached("scheduler.committed")
        if batch is not None:
            self._metrics.jobs.labels(outcome="done").inc()
            self._committed(batch)

    async def run_wishes(self) -> None:
        """Run what an operator has asked for by hand, each wish once."""
        wishes = await self._database.read(store.wishes)
        for job_id, at in wishes.items():
            job = next((job for job in self._jobs if job.id == job_id), None)
            if job is not None:
                await self.run_one(job, Occurrence(f"{BY_HAND}{at.isoformat()}", at))
            await self._database.write(partial(store.fulfilled, job_id=job_id, at=at))

    def _ring_next(self, job: Job) -> None:
        following = next(job.rule.after(self._clock.now(), self._zone))
        self._ringer.add_job(
            self._rung,
            "date",
            run_date=following.due_at,
            args=[job, following],
            id=job.id,
            misfire_grace_time=None,
            replace_existing=True,
        )

    async def _rung(self, job: Job, occurrence: Occurrence) -> None:
        if self._clock.now() < occurrence.due_at:  # the clock was put back
            self._ring_next(job)
            return
        try:
            if job.catch_up == "each":
                await self.catch_up(job)
            else:
                await self.run_one(job, occurrence)
        finally:
            self._ring_next(job)  # also when the database could not be written


def _run(session: Session, job: Job, occurrence: Occurrence, now: datetime) -> Batch | None:
    if store.has_run(session, job.id, occurrence.name):
        return None
    if store.is_paused(session, job.id) and not occurrence.name.startswith(BY_HAND):
        return None
    effects = RowEffects(session, now, f"job:{job.id}:{occurrence.name}", Batch())
    job.run(effects, occurrence.due_at)
    effects.batch.flush(session)
    store.record(session, job.id, (occurrence.name, occurrence.due_at), now, "done")
    failpoint.reached("scheduler.ending")
    return effects.batch
