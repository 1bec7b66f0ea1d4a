"""An older state of the database comes back: noticed, filled anew, and nothing is said or made twice.

The homeserver has forgotten every transaction id, as after a day, so that only what we remember keeps us from
repeating ourselves.
"""

import asyncio
import shutil
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from copp_bot.app import App
from copp_bot.core import backoff
from copp_bot.core.commands.declare import Args
from copp_bot.core.context import Context
from copp_bot.core.ids import UserId
from copp_bot.core.matrix.port import MatrixError, Unavailable
from copp_bot.core.reply import Reply, say
from copp_bot.core.schedule import Occurrence
from copp_bot.core.store import meta
from copp_bot.core.store import people as people_store
from copp_bot.core.store.said import NOTICED
from copp_bot.features.roles import store as roles_store
from tests.core.conftest import Stage
from tests.core.post import BOT
from tests.core.rig import SetClock, answer_to, text_command
from tests.core.test_crash import note, with_task


def remember(context: Context, args: Args) -> Reply:
    """A command with an effect in the database alone."""
    meta.put(context.session, f"note:{args.text('text')}", context.viewer.user_id)
    return say(f"noted {args.text('text')}")


async def ask(stage: Stage, text: str) -> str:
    """Anna asks in the Coffee shop and is answered."""
    event = await stage.anna.say(stage.coffee, text)
    await answer_to(stage.anna, stage.coffee, event, stage.bot)
    return event


def own_messages(stage: Stage) -> Counter[tuple[str, str]]:
    """(room, body) of everything the bot has said, edits with their new text."""
    found: Counter[tuple[str, str]] = Counter()
    for room, raw in stage.matrix.sent:
        if raw["sender"] == stage.bot and raw["type"] == "m.room.message":
            found[room, str(raw["content"].get("m.new_content", raw["content"]).get("body"))] += 1
    return found


def set_clock(stage: Stage) -> SetClock:
    """A clock that the bot and the homeserver go by."""
    clock = SetClock()
    stage.rig.clock, stage.matrix._clock = clock, lambda: int(clock.now().timestamp() * 1000)
    return clock


async def run_job(app: App, job_id: str, now: datetime) -> None:
    """Let one occurrence of a declared job run, and what follows from it."""
    job = next(job for feature in app.features for job in feature.jobs if job.id == job_id)
    await settled(app)
    await app.scheduler.run_one(job, Occurrence(f"test {now.isoformat()}", now))
    await settled(app)


async def settled(app: App) -> None:
    """Everything is handled, done and sent."""
    async with asyncio.timeout(20):
        await app.intake.ready.wait()
        await app.settled()
        await app.settled()


async def test_yesterdays_database_comes_back(stage: Stage, tmp_path: Path) -> None:
    stage.needs_sqlite()
    clock, rig, matrix = set_clock(stage), stage.rig, stage.matrix
    rig.edit_app = with_task
    rig.extra = (text_command("note", note), text_command("remember", remember))
    database, yesterday = tmp_path / "copp.sqlite3", tmp_path / "yesterday.sqlite3"
    async with rig.bot() as app:
        for person in (stage.anna, stage.ben):
            await rig.join(person, "reception")
        await ask(stage, "!note before")
        await settled(app)
    shutil.copy(database, yesterday)
    carl = matrix.person("carl")
    async with rig.bot() as app:
        for number in range(130):  # more than one page of a sync
            await ask(stage, f"!remember {number}")
        await ask(stage, "!note after")
        await carl.join(rig.rooms["reception"])
        await run_job(app, "welcome", clock.now())
    said, rooms = own_messages(stage), len(matrix.rooms)
    assert any("carl" in body.lower() for _room, body in said)
    shutil.copy(yesterday, database)
    matrix.forget_transactions()
    clock.move(timedelta(days=2))
    for _start in range(2):
        async with rig.bot() as app:
            await ask(stage, f"!remember again{_start}")
            await run_job(app, "welcome", clock.now())
            notes = await app.database.read(lambda session: [meta.get(session, f"note:{n}") for n in range(130)])
            assert notes == [stage.anna.user_id] * 130
            assert await app.database.read(lambda session: meta.get(session, NOTICED))
        clock.move(timedelta(minutes=15))
    new = own_messages(stage) - said
    told = [(room, body) for room, body in new if "older state" in body]
    assert [room for room, _body in told] == [rig.rooms["secretariat"]]
    assert sorted(body for _room, body in new if "older state" not in body) == ["noted again0", "noted again1"]
    assert set(new.values()) == {1}
    assert len(matrix.rooms) == rooms


async def test_a_role_that_has_ended_is_not_told_twice(stage: Stage, tmp_path: Path) -> None:
    stage.needs_sqlite()
    clock = set_clock(stage)
    ben, until = UserId(stage.ben.user_id), clock.now() + timedelta(minutes=1)
    database, yesterday = tmp_path / "copp.sqlite3", tmp_path / "yesterday.sqlite3"
    async with stage.rig.bot() as app:
        grant = (ben, "steward", "community", until)
        await app.database.write(lambda session: roles_store.add(session, grant, BOT, clock.now(), False))
        await settled(app)
    shutil.copy(database, yesterday)
    clock.move(timedelta(minutes=2))
    async with stage.rig.bot() as app:
        await run_job(app, "roles.end", clock.now())
    said = own_messages(stage)
    assert sum("steward" in body for _room, body in said) == 1
    shutil.copy(yesterday, database)
    stage.matrix.forget_transactions()
    clock.move(timedelta(days=2))
    async with stage.rig.bot() as app:
        await run_job(app, "roles.end", clock.now())
        assert not await app.database.read(lambda session: people_store.grants(session, ben, clock.now()))
    new = own_messages(stage) - said
    assert [room for room, body in new if "older state" in body] == [stage.rig.rooms["secretariat"]]
    assert not any("no longer steward" in body for _room, body in new)


@pytest.mark.parametrize(
    ("error", "times"), [(Unavailable("", "away", 502), 9), (MatrixError("M_UNKNOWN", "no such token", 400), 5)]
)
async def test_the_look_waits_for_the_homeserver_but_not_for_a_refusal(
    stage: Stage, error: MatrixError, times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backoff, "FIRST", 0.0)
    async with stage.rig.bot():
        await ask(stage, "!help")
    stage.matrix.fail_next("sync", error, times=times)
    async with stage.rig.bot():
        await ask(stage, "!help")


async def test_a_plain_restart_notices_nothing(stage: Stage) -> None:
    stage.rig.extra = (text_command("remember", remember),)
    async with stage.rig.bot() as app:
        await ask(stage, "!remember one")
        await settled(app)
    said = own_messages(stage)
    async with stage.rig.bot() as app:
        await ask(stage, "!remember two")
        assert await app.database.read(lambda session: meta.get(session, NOTICED)) is None
    assert [body for _room, body in own_messages(stage) - said] == ["noted two"]
