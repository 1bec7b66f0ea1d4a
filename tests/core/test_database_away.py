"""The bot at work while its PostgreSQL server goes away and comes back: nothing is lost, nothing is said twice."""

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from copp_bot.core.errors import SetupError
from tests.core.conftest import Stage
from tests.core.rig import fake_rig
from tests.databases import POSTGRESQL, Databases, Server, name_of
from tests.house import is_answer

COMMANDS = 40
PATIENT = 120.0
"""Seconds; on a busy machine connections take long to be made."""


@pytest.fixture
def url(databases: Databases, postgresql: Server, tmp_path: Path) -> Iterator[str]:
    """A database on the server."""
    made = databases.make(POSTGRESQL, tmp_path)
    yield made
    databases.drop(made)


@pytest.fixture
async def away_stage(url: str, tmp_path: Path) -> Stage:
    """Everything but a running bot."""
    rig, matrix = await fake_rig(tmp_path, database_url=url)
    rig.alone = True
    made = Stage(rig, matrix)
    await made.bring_in()
    return made


async def answered(stage: Stage, event: str) -> None:
    """Wait for the answer to an event."""
    await stage.anna.wait_for(stage.coffee, lambda raw: is_answer(raw, stage.bot, event), PATIENT)


@pytest.mark.parametrize("seed", range(2))
async def test_connections_break_under_load(away_stage: Stage, postgresql: Server, url: str, seed: int) -> None:
    """Every few commands all connections are broken, at moments that nobody chose."""
    chance = random.Random(seed)
    events = []
    async with away_stage.rig.bot() as app:
        for number in range(COMMANDS):
            events.append(await away_stage.anna.say(away_stage.coffee, f"!help topic{number}"))
            if chance.random() < 0.2:
                await asyncio.sleep(chance.uniform(0.0, 0.05))  # the moment of the break
                await asyncio.to_thread(postgresql.break_connections, name_of(url))
        await answered(away_stage, events[-1])
        async with asyncio.timeout(PATIENT):
            await app.settled()
    assert [len(away_stage.replies(event)) for event in events] == [1] * COMMANDS


async def test_what_is_said_while_the_server_is_away_is_answered_when_it_is_back(
    away_stage: Stage, postgresql: Server, url: str
) -> None:
    async with away_stage.rig.bot() as app:
        before = await away_stage.anna.say(away_stage.coffee, "!help before")
        await answered(away_stage, before)
        with postgresql.away(name_of(url)):
            events = [await away_stage.anna.say(away_stage.coffee, f"!help {number}") for number in range(10)]
            async with asyncio.timeout(PATIENT):
                while not app.database.is_away:  # noqa: ASYNC110 - another thread's doing
                    await asyncio.sleep(0.01)
            health = await asyncio.wait_for(app.health(), PATIENT)
            assert health.database_is_away and not health.is_ready
            assert not any(away_stage.replies(event) for event in events)
        for event in events:
            await answered(away_stage, event)
        async with asyncio.timeout(PATIENT):
            await app.settled()
        assert not (await app.health()).database_is_away
    assert [len(away_stage.replies(event)) for event in [before, *events]] == [1] * 11


async def test_the_bot_stops_with_a_sentence_when_another_has_taken_its_database(
    away_stage: Stage, postgresql: Server, url: str
) -> None:
    app = away_stage.rig.app()
    work = asyncio.create_task(app.run())
    await app.intake.ready.wait()
    with postgresql.taken_over(name_of(url)):
        await away_stage.anna.say(away_stage.coffee, "!help")
        with pytest.raises(SetupError, match="process 7 on elsewhere"):
            await asyncio.wait_for(work, PATIENT)
    app.database.close()
