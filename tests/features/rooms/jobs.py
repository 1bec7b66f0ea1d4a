"""Runs a scheduled job now."""

from sqlmodel import Session

from copp_bot.core.effects import Batch, RowEffects
from tests.house import House


async def run_job(house: House, name: str) -> None:
    """One occurrence of a job, with all that follows from it."""
    job = next(job for feature in house.app.features for job in feature.jobs if job.id == name)
    now = house.app.clock.now()

    def write(session: Session) -> Batch:
        effects = RowEffects(session, now, f"test:{name}:{now.isoformat()}", Batch())
        job.run(effects, now)
        effects.batch.flush(session)
        return effects.batch

    await house.database.write(write)
    house.app.tasks.wake()
    await house.settled()


async def check(house: House) -> None:
    """The check of every minute."""
    await run_job(house, "rooms.rights")


async def look(house: House) -> None:
    """The look of every hour."""
    await run_job(house, "rooms.look")
