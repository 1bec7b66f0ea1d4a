"""Scheduled jobs at the command line: listed, run by hand, paused."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from copp_bot import app as app_module
from copp_bot.app import App
from copp_bot.core.errors import SetupError
from copp_bot.core.schedule import Occurrence
from copp_bot.core.store import schedule as store
from copp_bot.operating import jobs
from tests.core.conftest import Stage
from tests.world import WAIT_SECONDS

JOB = "activity.weekly"


def reports(stage: Stage) -> int:
    """How many weekly reports stand in the Secretariat's room."""
    room = stage.rig.rooms["secretariat"]
    return sum(
        in_room == room and raw["sender"] == stage.bot and raw["type"] == "m.room.message"
        for in_room, raw in stage.matrix.sent
    )


async def until_fulfilled(app: App) -> None:
    """The wish has been noticed and its job has run."""
    async with asyncio.timeout(WAIT_SECONDS):
        while await app.database.read(store.wishes):
            await app.database.write(lambda _session: None)
    await app.settled()


async def test_every_declared_job_is_listed(stage: Stage) -> None:
    async with stage.rig.bot():
        states = await jobs.states(stage.rig.settings)
    assert [state.job.id for state in states] == sorted(state.job.id for state in states)
    weekly = next(state for state in states if state.job.id == JOB)
    assert weekly.last is None and weekly.following is not None
    assert weekly.following > datetime.now(UTC) and (weekly.following.isoweekday(), weekly.following.hour) == (1, 8)


async def test_run_by_hand_it_runs_once(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app_module, "WISHES_SECONDS", 0.05)
    async with stage.rig.bot() as app:
        await jobs.run(stage.rig.settings, JOB)
        await until_fulfilled(app)
        assert reports(stage) == 1
    await jobs.run(stage.rig.settings, JOB)  # the bot is off
    await jobs.run(stage.rig.settings, JOB)
    assert next(s for s in await jobs.states(stage.rig.settings) if s.job.id == JOB).is_wished
    async with stage.rig.bot() as app:
        await until_fulfilled(app)
        state = next(s for s in await jobs.states(stage.rig.settings) if s.job.id == JOB)
    assert reports(stage) == 2
    assert state.outcome == "done" and state.last is not None and not state.is_wished


async def test_paused_it_rests_and_resumed_it_runs(stage: Stage) -> None:
    async def due(app: App, days: int) -> None:
        job = next(job for feature in app.features for job in feature.jobs if job.id == JOB)
        await app.scheduler.run_one(job, Occurrence(f"test {days}", datetime.now(UTC) + timedelta(days=days)))
        await app.settled()

    async with stage.rig.bot() as app:
        await jobs.pause(stage.rig.settings, JOB)
        assert next(s for s in await jobs.states(stage.rig.settings) if s.job.id == JOB).following is None
        await due(app, 1)
        assert reports(stage) == 0
        await jobs.run(stage.rig.settings, JOB)
        await app.look_for_wishes()
        await app.settled()
        assert reports(stage) == 1
        await jobs.resume(stage.rig.settings, JOB)
        await due(app, 2)
    assert reports(stage) == 2


async def test_a_job_that_there_is_not(stage: Stage) -> None:
    with pytest.raises(SetupError, match=r"activity\.weekly"):
        await jobs.run(stage.rig.settings, "weekly")
