"""The declared jobs, with when they ran and will run; run by hand, paused and resumed."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from copp_bot.app import unconnected_features
from copp_bot.core.clock import SystemClock
from copp_bot.core.errors import SetupError
from copp_bot.core.feature import Job
from copp_bot.core.i18n import gettext as _
from copp_bot.core.settings import Settings
from copp_bot.core.store import schedule as store
from copp_bot.operating.database import beside
from copp_bot.rooms.declaration import load
from storage.database import Database


@dataclass(frozen=True)
class JobState:
    """A job and where it stands. Times are in the community's zone.

    Args:
        outcome: of the last run: ``done`` or ``failed``, with the kind of the error.
        following: None while it is paused.
    """

    job: Job
    last: datetime | None
    outcome: str
    following: datetime | None
    is_wished: bool


async def states(settings: Settings) -> list[JobState]:
    """Every declared job, by id."""
    declared = load(settings.rooms_config)
    jobs, now = _jobs(settings), SystemClock().now()

    def read(session: Session) -> list[JobState]:
        wishes = store.wishes(session)
        found = []
        for job in jobs.values():
            last = next(iter(store.newest(session, job.id, 1)), None)
            following = next(job.rule.after(now, declared.zone)).due_at.astimezone(declared.zone)
            found.append(
                JobState(
                    job,
                    last.ended_at.astimezone(declared.zone) if last and last.ended_at else None,
                    " ".join(filter(None, (last.outcome, last.error))) if last else "",
                    None if store.is_paused(session, job.id) else following,
                    job.id in wishes,
                )
            )
        return found

    async with beside(settings) as database:
        return await database.read(read)


async def run(settings: Settings, job_id: str) -> None:
    """Have the bot run a job once, now or at its next start."""
    async with _known(settings, job_id) as database:
        now = SystemClock().now()
        await database.write(lambda session: store.wish(session, job_id, now))


async def pause(settings: Settings, job_id: str) -> None:
    """Let a job rest."""
    async with _known(settings, job_id) as database:
        now = SystemClock().now()
        await database.write(lambda session: store.pause(session, job_id, now))


async def resume(settings: Settings, job_id: str) -> None:
    """Let it run again."""
    async with _known(settings, job_id) as database:
        await database.write(lambda session: store.resume(session, job_id))


def _known(settings: Settings, job_id: str) -> AbstractAsyncContextManager[Database]:
    """The database, after a look whether there is such a job."""
    jobs = _jobs(settings)
    if job_id not in jobs:
        raise SetupError(
            _("There is no job {job}.").format(job=job_id), _("There are: {jobs}.").format(jobs=", ".join(jobs))
        )
    return beside(settings)


def _jobs(settings: Settings) -> dict[str, Job]:
    features = unconnected_features(settings, load(settings.rooms_config))
    jobs = [job for feature in features for job in feature.jobs]
    return {job.id: job for job in sorted(jobs, key=lambda job: job.id)}
