"""The local homeserver: resumes, says what is wrong, and never outlives the process that started it."""

import asyncio
import json
import os
import signal
import socket
import sys
from pathlib import Path

import pytest

from copp_bot.core.errors import SetupError
from copp_bot.core.ids import RoomId, TxnId
from copp_bot.core.matrix.client import Client
from copp_bot.core.matrix.port import NewRoom, RateLimited
from copp_bot.demo import tether
from copp_bot.demo.homeserver import LocalHomeserver
from tests.rigs.person import SynapseWorld

pytestmark = pytest.mark.synapse


async def test_a_second_start_resumes_the_first(tmp_path: Path) -> None:
    first = await LocalHomeserver.start(tmp_path, test=True)
    user_id = await first.create_account("anna", "secret", "Anna")
    assert await first.create_account("anna", "other") == user_id
    await first.stop()
    assert await first.wait() is not None
    second = await LocalHomeserver.start(tmp_path, test=True)
    try:
        assert await second.login("anna", "secret")
        with pytest.raises(SetupError, match="would not sign in anna"):
            await second.login("anna", "other")
    finally:
        await second.stop()


async def test_a_folder_is_used_by_one_and_keeps_its_name(
    synapse: LocalHomeserver, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SetupError, match=r"holds the homeserver test\.localhost, not other\.localhost"):
        await LocalHomeserver.start(synapse.folder, server_name="other.localhost")
    monkeypatch.setattr("copp_bot.demo.homeserver.LOCK_SECONDS", 0.0)
    with pytest.raises(SetupError, match="Another homeserver is running"):
        await LocalHomeserver.start(synapse.folder, server_name=synapse.server_name)


async def test_a_taken_port_is_reported_with_the_way_out(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SetupError) as caught:
            await LocalHomeserver.start(tmp_path, port)
    assert caught.value.problem == f"Port {port} of this machine is already in use."
    assert "--homeserver-port" in caught.value.remedy


async def test_an_early_death_is_reported_with_the_last_words(tmp_path: Path) -> None:
    (tmp_path / "homeserver.db").write_bytes(b"this is no database " * 100)
    with pytest.raises(SetupError, match="ended while it was starting") as caught:
        await LocalHomeserver.start(tmp_path, test=True)
    assert "file is not a database" in caught.value.remedy


def test_nothing_listens_but_this_machine(synapse: LocalHomeserver) -> None:
    config = json.loads((synapse.folder / "homeserver.yaml").read_text())
    assert [listener["bind_addresses"] for listener in config["listeners"]] == [["127.0.0.1"]]
    assert config["listeners"][0]["resources"] == [{"names": ["client"], "compress": False}]
    assert config["federation_domain_whitelist"] == []
    assert config["enable_registration"] is False
    for secret in ("secrets.json", "signing.key", "homeserver.yaml"):
        assert (synapse.folder / secret).stat().st_mode & 0o077 == 0


STARTER = """
import asyncio, sys
from pathlib import Path
from copp_bot.demo.homeserver import LocalHomeserver

async def main():
    homeserver = await LocalHomeserver.start(Path(sys.argv[1]), test=True)
    print(homeserver.pid, flush=True)
    await homeserver.wait()

asyncio.run(main())
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="prctl is Linux's")
async def test_it_dies_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", STARTER, str(tmp_path), stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    child = int(await asyncio.wait_for(parent.stdout.readline(), 60))
    watch = os.pidfd_open(child)
    ended = asyncio.Event()
    asyncio.get_running_loop().add_reader(watch, ended.set)
    try:
        parent.send_signal(signal.SIGKILL)
        await asyncio.wait_for(ended.wait(), 20)
    finally:
        asyncio.get_running_loop().remove_reader(watch)
        os.close(watch)
        await parent.wait()


async def test_a_tether_whose_parent_is_gone_runs_nothing() -> None:
    command = tether.command("this")
    command[3] = "1"  # as if another process had asked for it
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    output, problem = await process.communicate()
    assert output == b""
    assert b"has ended" in problem
    assert process.returncode == 1


async def test_default_limits_are_said_and_lifted_for_one_account(tmp_path: Path) -> None:
    homeserver = await LocalHomeserver.start(tmp_path, server_name="strict.localhost", test=True, limits="default")
    world = SynapseWorld(homeserver)
    try:
        bot = await world.bot_session("COPPBOT")
        room_id = await bot.create_room(NewRoom())
        with pytest.raises(RateLimited) as caught:
            await talk(bot, room_id, "limited")
        assert 0 < caught.value.retry_after < 60
        assert bot.administration is not None
        await bot.administration.lift_rate_limit(bot.user_id)
        await talk(bot, room_id, "free")
        await bot.close()
    finally:
        await world.close()
        await homeserver.stop()


async def talk(bot: Client, room_id: RoomId, name: str) -> None:
    """More messages at once than the default burst of ten."""
    for number in range(15):
        await bot.send(room_id, "m.room.message", {"msgtype": "m.text", "body": "x"}, TxnId(f"{name} {number}"))
