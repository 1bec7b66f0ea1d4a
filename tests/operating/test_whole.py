"""An operator's days on a real homeserver: begin, run, look, back up, lose the machine, bring everything back."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from copp_bot.demo.homeserver import LocalHomeserver
from tests.core.test_kill import answered, first_answer
from tests.house import is_answer
from tests.rigs.person import SynapseWorld
from tests.world import Person

ROOT = Path(__file__).parent.parent.parent
PASSWORD = "a bot's own"


def environment(web_port: int = 0) -> dict[str, str]:
    """What comes from outside: nothing but the port."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("COPP_")}
    return {**inherited, "PYTHONPATH": str(ROOT), "COPP_WEB_PORT": str(web_port)}


async def copp_bot(folder: Path, *words: str, code: int = 0, stdin: str = "") -> str:
    """Run a command to its end."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "copp_bot", *words),
        cwd=folder,
        env=environment(),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _none = await asyncio.wait_for(process.communicate(stdin.encode()), 60)
    text = said.decode()
    assert "Traceback" not in text and process.returncode == code, text
    return text


@asynccontextmanager
async def running(folder: Path, web_port: int) -> AsyncIterator[asyncio.subprocess.Process]:
    """The bot as a process; killed at the end, as when a machine is lost."""
    with (folder / "log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "copp_bot", "run"), cwd=folder, env=environment(web_port), stdout=log, stderr=log
        )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGKILL)
        await process.wait()


async def fetch(web_port: int, path: str) -> str:
    """A page of the bot."""
    async with aiohttp.ClientSession() as http, http.get(f"http://127.0.0.1:{web_port}{path}") as answer:
        return await answer.text()


async def ask(person: Person, room: str, bot: str, text: str) -> str:
    """Ask, and be answered."""
    event = await person.say(room, text)
    await person.wait_for(room, lambda raw: is_answer(raw, bot, event), 30)
    return event


@pytest.mark.synapse
async def test_from_the_first_step_to_the_machine_that_was_lost(tmp_path: Path, free_port: int) -> None:
    synapse = await LocalHomeserver.start(tmp_path / "synapse", server_name="office.localhost", test=True)
    try:
        await days(synapse, tmp_path, free_port)
    finally:
        await synapse.stop()


async def days(synapse: LocalHomeserver, tmp_path: Path, port: int) -> None:
    """The whole of it."""
    bot = await synapse.create_account("copp", PASSWORD)
    await synapse.create_account("boss", PASSWORD, admin=True)
    token, first, second = tmp_path / "boss-token", tmp_path / "first", tmp_path / "second"
    token.write_text(await synapse.login("boss", PASSWORD))
    for folder in (first, second):
        folder.mkdir()
    told = ("--homeserver", synapse.base_url, "--user-id", bot, "--password-file", "-", "--admin-token-file")
    assert "--password-file" in await copp_bot(first, "init", *told[:4], code=1)
    assert "rooms_config" in await copp_bot(first, "init", *told, str(token), stdin=f"{PASSWORD}\n")
    world = SynapseWorld(synapse)
    anna = await world.person("anna")
    await copp_bot(first, "apply", "--secretariat", anna.user_id)
    seen = await copp_bot(first, "doctor", code=1)
    assert "MEND The administrator's token works; the server still limits" in seen
    assert "MEND Nobody who may do everything is in the community" in seen
    async with running(first, port) as process:
        room = await reception(anna)
        for invited in await anna.invited():
            await anna.join(invited)
        await first_answer(anna, room, bot)
        asked = [await ask(anna, room, bot, "!help library")]
        seen = await copp_bot(first, "doctor")
        assert f"process {process.pid}" in seen and "rate limits are lifted" in seen and "clock" in seen
        assert "Another copp_bot" in await copp_bot(first, "run", code=1)
        assert "activity.weekly" in await copp_bot(first, "jobs")
        assert "Nothing is in quarantine" in await copp_bot(first, "quarantine", "list")
        assert "within seconds" in await copp_bot(first, "jobs", "run", "welcome")
        figures = await fetch(port, "/metrics")
        assert 'copp_commands_total{outcome="answered"}' in figures and anna.user_id not in figures
        assert '"clock_skew"' in await fetch(port, "/readyz")
        await copp_bot(first, "backup", str(tmp_path / "a.zip"))
        asked += [await ask(anna, room, bot, f"!help topic{number}") for number in range(25)]
    await copp_bot(second, "init", *told[:6], "--settings-only", stdin=f"{PASSWORD}\n")
    assert "Restored" in await copp_bot(second, "restore", str(tmp_path / "a.zip"))
    assert "Nothing is overwritten" in await copp_bot(second, "restore", str(tmp_path / "a.zip"), code=1)
    async with running(second, port):
        await ask(anna, room, bot, "!help audit")
        assert '"ready": true' in await fetch(port, "/readyz")
        assert set((await answered(anna, room, bot, asked)).values()) == {1}
        seen = await copp_bot(second, "doctor")
        assert "An older database came back" in seen
    log = (second / "log").read_text()
    assert "older than the homeserver" in log and "topic7" not in log and PASSWORD not in log
    await world.close()


async def reception(person: Person) -> str:
    """The declared room that anyone may enter, by its address."""
    room = "#reception:office.localhost"
    await person.join(room)
    return next(iter(await person.joined()))
