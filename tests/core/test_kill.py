"""The bot's process is killed at random moments under load, against a real homeserver: one answer to each command."""

import asyncio
import os
import random
import signal
import sys
from collections import Counter
from pathlib import Path

import pytest

from copp_bot.demo.homeserver import LocalHomeserver
from copp_bot.rooms.apply import Surroundings, apply
from storage.database import Database
from tests.core.rig import DECLARED, SetClock
from tests.house import ROOMS_CONFIG, is_answer
from tests.rigs.driver import PASSWORD
from tests.rigs.person import SynapseWorld
from tests.world import Person

KILLS = 6
COMMANDS = 36


def environment(homeserver: LocalHomeserver, user_id: str, folder: Path) -> dict[str, str]:
    """What an operator would set."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("COPP_")}
    told = {
        "COPP_HOMESERVER": homeserver.base_url,
        "COPP_USER_ID": user_id,
        "COPP_PASSWORD": PASSWORD,
        "COPP_DATA_DIR": str(folder),
        "COPP_ROOMS_CONFIG": str(ROOMS_CONFIG),
        "COPP_WEB_PORT": "0",
        "PYTHONPATH": str(ROOMS_CONFIG.parent),
    }
    return inherited | told


async def start(settings: dict[str, str], folder: Path) -> asyncio.subprocess.Process:
    """A process of its own, as an operator runs it."""
    with (folder / "log").open("ab") as log:
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "copp_bot", "run", env=settings, cwd=folder, stdout=log, stderr=log
        )


async def answered(person: Person, room: str, bot: str, events: list[str]) -> Counter[str]:
    """How many answers each command has."""
    timeline = await person.timeline(room)
    return Counter({event: sum(is_answer(raw, bot, event) for raw in timeline) for event in events})


@pytest.mark.synapse
@pytest.mark.every_database
async def test_killed_under_load_nothing_is_lost_or_said_twice(
    synapse: LocalHomeserver, tmp_path: Path, database_url: str
) -> None:
    chance = random.Random(7)
    world = SynapseWorld(synapse)
    homeserver = await world.bot_homeserver()
    database = Database(database_url)
    outcome = await apply(DECLARED, Surroundings(homeserver, database, SetClock()))
    database.close()
    room, anna = outcome.rooms["reception"], await world.person("anna")
    await anna.join(room)
    settings = environment(synapse, homeserver.user_id, tmp_path) | {"COPP_DATABASE_URL": database_url}
    process = await start(settings, tmp_path)
    try:
        await first_answer(anna, room, homeserver.user_id)
        events: list[str] = []
        for kill in range(KILLS):
            while len(events) < COMMANDS * (kill + 1) // KILLS:
                events.append(await anna.say(room, f"!help topic{len(events)}"))
            await asyncio.sleep(chance.uniform(0.0, 1.5))  # the moment of the kill
            process.send_signal(signal.SIGKILL)
            await process.wait()
            process = await start(settings, tmp_path)
        for event in events:
            await anna.wait_for(room, lambda raw, event=event: is_answer(raw, homeserver.user_id, event), 60)  # type: ignore[misc]
        await first_answer(anna, room, homeserver.user_id)
        counts = await answered(anna, room, homeserver.user_id, events)
        assert set(counts.values()) == {1}, (tmp_path / "log").read_text()[-2000:]
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        await world.close()


async def first_answer(person: Person, room: str, bot: str) -> None:
    """Ask until the bot answers: what is said before its first sync is never run."""
    async with asyncio.timeout(60):
        while True:
            event = await person.say(room, "!help")
            try:
                await person.wait_for(room, lambda raw, event=event: is_answer(raw, bot, event), 3)  # type: ignore[misc]
            except TimeoutError:
                continue
            return
