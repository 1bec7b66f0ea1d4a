"""``copp-bot demo`` as a newcomer meets it: started as a command, used, hurt, ended and started again."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from copp_bot.demo.asking import ask
from copp_bot.demo.person import JsonDict, Person
from copp_bot.demo.table import SEARCHED

pytestmark = pytest.mark.synapse
ROOT = Path(__file__).parents[2]
PATIENCE = 240
POLL = 0.2


@dataclass
class Run:
    """The command, running."""

    folder: Path
    http: aiohttp.ClientSession
    process: asyncio.subprocess.Process

    @property
    def ready_file(self) -> Path:
        """Where it says that everything answers."""
        return self.folder / "ready.json"

    def ready(self) -> dict[str, Any]:
        """The ready file."""
        content: dict[str, Any] = json.loads(self.ready_file.read_text(encoding="utf-8"))
        return content

    async def until_ready(self) -> None:
        """Wait until it says so and the ready file is there; an early end is told with its last words."""

        def is_ready() -> bool:
            assert self.process.returncode is None, output(self.folder)
            return "Ctrl-C" in output(self.folder) and self.ready_file.exists()

        await until(is_ready, PATIENCE)

    async def sign_in(self, name: str) -> Person:
        """One of its people."""
        ready = self.ready()
        return await Person.login(self.http, ready["homeserver"], name, ready["accounts"][name]["password"])

    async def end(self) -> int:
        """Ctrl-C."""
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGINT)
        return await asyncio.wait_for(self.process.wait(), 60)


async def started(folder: Path, http: aiohttp.ClientSession) -> Run:
    """Start the command with free ports."""
    arguments = ["--data-dir", folder / "data", "--ready-file", folder / "ready.json"]
    with (folder / "output.txt").open("wb") as out:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "copp_bot", "demo", "--homeserver-port", "0", "--web-port", "0"),
            *map(str, arguments),
            cwd=ROOT,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    return Run(folder, http, process)


async def until(condition: Callable[[], bool], seconds: float) -> None:
    """Look again and again, because a file gives no sign when it changes; TimeoutError when it takes longer."""
    async with asyncio.timeout(seconds):
        while True:
            if await asyncio.to_thread(condition):
                return
            await asyncio.sleep(POLL)


def output(folder: Path) -> str:
    """What it has shown so far."""
    return (folder / "output.txt").read_text(encoding="utf-8")


async def test_the_demonstration(tmp_path: Path) -> None:
    """One demonstration for all of it, as starting one takes longer than everything that is looked at."""
    async with aiohttp.ClientSession() as http:
        run = await started(tmp_path, http)
        try:
            await run.until_ready()
            for look in LOOKS:
                await look(run)
        finally:
            await run.end()


async def everything_that_is_promised_answers(run: Run) -> None:
    ready = run.ready()
    assert "did not work" not in output(run.folder)
    async with run.http.get(f"{ready['web']}/readyz") as answer:
        assert answer.status == 200
    assert {"root", "reception", "coffee-shop", "library", "rhythm", "rhythm/home", "archive/library"} <= set(
        ready["rooms"]
    )
    assert all(is_running(pid) for pid in ready["pids"].values())


async def people_are_where_their_roles_say(run: Run) -> None:
    rooms = run.ready()["rooms"]
    noor, silvio, goran, zofia = [await run.sign_in(name) for name in ("noor", "silvio", "goran", "zofia")]
    assert await noor.joined_rooms() == [rooms["reception"]]
    assert await silvio.joined_rooms() == []
    assert {rooms["rhythm/home"], rooms["archive/home"]} <= set(await zofia.joined_rooms())
    assert not {rooms[key] for key in rooms if key.startswith(("rhythm", "archive"))} & set(await goran.joined_rooms())


async def a_word_inside_a_pdf_is_found_in_its_group_alone(run: Run) -> None:
    assert "body percussion canon" in (await searched(run, "zofia", "rhythm/library", "wheelchair")).lower()
    assert "body percussion canon" not in (await searched(run, "zofia", "coffee-shop", "wheelchair")).lower()
    assert "body percussion canon" not in (await searched(run, "goran", "coffee-shop", "wheelchair")).lower()


async def what_is_to_be_tried_first_works(run: Run) -> None:
    command = f"!library search {SEARCHED}"
    assert command in " ".join(output(run.folder).split())
    assert "2." in await told(run, "zofia", "rhythm/library", command)  # so there is a number to answer with


async def interests_were_told_to_the_bot(run: Run) -> None:
    found = await told(run, "hamish", "coffee-shop", "!find lullabies")
    assert "Zofia" in found


async def there_are_posts_meetings_and_somebody_on_duty(run: Run) -> None:
    posts = await told(run, "zofia", "rhythm/home", "!blog list")
    assert all(words in posts for words in ("red and green dots", "Photographier", "Le poème marché"))
    meetings = await told(run, "zofia", "rhythm/home", "!meet list")
    assert all(words in meetings for words in ("Evening circle", "Rhythm try-out"))
    assert "Matteo Fiorelanza – on duty" in await told(run, "birgit", "stewards", "!roster")
    assert "red and green dots" not in await told(run, "noor", "reception", "!blog list")


async def a_bot_that_dies_is_started_again(run: Run) -> None:
    pid = run.ready()["pids"]["bot"]
    os.kill(pid, signal.SIGKILL)
    await until(lambda: run.ready()["pids"]["bot"] != pid, 30)
    assert "body percussion canon" in (await searched(run, "lucia", "rhythm/library", "wheelchair")).lower()


async def it_ends_whole_and_goes_on_with_the_same_data(run: Run) -> None:
    before = run.ready()
    seeded = (run.folder / "data" / "seed.json").read_bytes()
    assert await run.end() == 0
    assert not run.ready_file.exists(), "it says that everything answers"
    assert not any(is_running(pid) for pid in before["pids"].values())
    again = await started(run.folder, run.http)
    try:
        await again.until_ready()
        after = again.ready()
        assert after["accounts"] == before["accounts"]
        assert after["rooms"] == before["rooms"]
        assert (run.folder / "data" / "seed.json").read_bytes() == seeded
    finally:
        assert await again.end() == 0


LOOKS = (
    everything_that_is_promised_answers,
    people_are_where_their_roles_say,
    a_word_inside_a_pdf_is_found_in_its_group_alone,
    what_is_to_be_tried_first_works,
    interests_were_told_to_the_bot,
    there_are_posts_meetings_and_somebody_on_duty,
    a_bot_that_dies_is_started_again,
    it_ends_whole_and_goes_on_with_the_same_data,
)
"""In this order: the last two hurt it, and end it."""


def is_running(pid: int) -> bool:
    """Is there such a process?"""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def searched(run: Run, name: str, room_key: str, words: str) -> str:
    """The bot's answer to a search."""
    return await told(run, name, room_key, f"!library search {words}")


async def told(run: Run, name: str, room_key: str, command: str) -> str:
    """The bot's answer to a command."""
    person, ready = await run.sign_in(name), run.ready()
    content: JsonDict = {"msgtype": "m.text", "body": command, "m.mentions": {}}
    txn_id = f"{name}.{room_key}.{command}.{ready['pids']['bot']}"
    _event_id, answer = await ask(person, ready["bot"], ready["rooms"][room_key], content, txn_id)
    return answer
