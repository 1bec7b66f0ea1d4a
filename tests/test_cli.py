"""The command line as an operator meets it: every mistake is a sentence with the next step, never a traceback."""

import asyncio
import os
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from copp_bot.demo.homeserver import LocalHomeserver
from tests.rigs.driver import HttpPerson

ROOT = Path(__file__).parent.parent


async def copp_bot(*words: str, folder: Path, **settings: str) -> tuple[int, str]:
    """Run ``copp-bot``; its exit code, and everything it said."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COPP_")}
    told = {f"COPP_{name.upper()}": value for name, value in settings.items()}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "copp_bot",
        *words,
        cwd=folder,
        env={**environment, "PYTHONPATH": str(ROOT), "COPP_ROOMS_CONFIG": str(ROOT / "rooms_config"), **told},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    said, _ = await asyncio.wait_for(process.communicate(), 60)
    text = said.decode()
    assert "Traceback" not in text, text
    return process.returncode or 0, text


@pytest.fixture
async def not_matrix() -> AsyncIterator[str]:
    """A server that answers HTML to everything."""

    async def page(_request: web.Request) -> web.Response:
        return web.Response(text="<html>Welcome to nginx!</html>", content_type="text/html")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", page)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


@pytest.fixture
async def own_synapse(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LocalHomeserver]:
    """A homeserver of this test's own: a community takes its aliases."""
    homeserver = await LocalHomeserver.start(tmp_path_factory.mktemp("own"), server_name="own.localhost", test=True)
    yield homeserver
    await homeserver.stop()


async def test_nothing_is_set(tmp_path: Path) -> None:
    code, said = await copp_bot("run", folder=tmp_path)
    assert code == 1
    assert "COPP_HOMESERVER is not set" in said and "COPP_USER_ID is not set" in said


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        ({"homeserver": "matrix.example.org"}, "COPP_HOMESERVER must begin with https://"),
        ({"user_id": "copp"}, "COPP_USER_ID must be a full Matrix id"),
        ({"user_id": "@:"}, "COPP_USER_ID must be a full Matrix id"),
        ({"web_port": "99999"}, "COPP_WEB_PORT must be at most 65535"),
        ({"web_port": "web"}, "COPP_WEB_PORT must be a whole number"),
        ({"upload_limit": "0"}, "COPP_UPLOAD_LIMIT must be more than 0"),
        ({"log_level": "loud"}, "COPP_LOG_LEVEL must be 'DEBUG', 'INFO', 'WARNING' or 'ERROR'"),
        ({"emergency_creators": "anna"}, "COPP_EMERGENCY_CREATORS must be a full Matrix id"),
        ({"homeserver": "http://127.0.0.1:abc"}, "COPP_HOMESERVER must be https:// and a name"),
        ({"homeserver": "https://"}, "COPP_HOMESERVER must be https:// and a name"),
        ({"homeserver": "http://[::1"}, "COPP_HOMESERVER must be https:// and a name"),
        ({"web_url": "https://copp.example.org:x"}, "COPP_WEB_URL must be https:// and a name, without a path"),
        ({"password_file": "missing.txt"}, "COPP_PASSWORD_FILE names a file that cannot be read (No such file"),
        ({"password_file": "/"}, "COPP_PASSWORD_FILE names a file that cannot be read (Is a directory)"),
    ],
)
async def test_a_wrong_setting_is_named(settings: dict[str, str], names: str, tmp_path: Path) -> None:
    sound = {"homeserver": "http://127.0.0.1:1", "user_id": "@copp:example.org"}
    code, said = await copp_bot("check", folder=tmp_path, **{**sound, **settings})
    assert code == 1 and names in said


async def test_a_secrets_file_of_the_first_step_is_named_by_its_option(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"gehe\xefm")
    told = ("--homeserver", "http://127.0.0.1:1", "--user-id", "@copp:example.org", "--password-file", "secret")
    code, said = await copp_bot("init", *told, folder=tmp_path)
    assert code == 1 and "--password-file names a file that is not UTF-8 text" in said


async def test_a_mistyped_setting_is_told(tmp_path: Path) -> None:
    sound = {"homeserver": "http://127.0.0.1:1", "user_id": "@copp:example.org"}
    (tmp_path / ".env").write_text("COPP_WEB_PROT=0\n", encoding="utf-8")
    code, said = await copp_bot("check", folder=tmp_path, frobnicate="1", **sound)
    assert code == 0
    assert "There is no setting COPP_WEB_PROT; did you mean COPP_WEB_PORT?" in said
    assert "There is no setting COPP_FROBNICATE; docs/settings.md lists them." in said


async def test_the_declaration_is_checked_without_a_homeserver(tmp_path: Path) -> None:
    code, said = await copp_bot("check", folder=tmp_path)
    assert code == 0 and "all sound" in said


async def test_the_database_is_brought_up_without_a_homeserver(tmp_path: Path) -> None:
    code, said = await copp_bot("db", "upgrade", folder=tmp_path)
    assert code == 0 and said.startswith("Upgraded from empty to ")
    code, said = await copp_bot("db", "copy", "var/copp.sqlite3", f"sqlite:///{tmp_path}/copy.sqlite3", folder=tmp_path)
    assert code == 0 and "Copied and compared" in said


async def test_an_interruption_while_it_is_loaded_leaves_no_trace(tmp_path: Path) -> None:
    (tmp_path / "typer.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n", encoding="utf-8")
    assert await copp_bot("check", folder=tmp_path) == (130, "")


async def test_groups_opened_by_command_are_exported_without_a_homeserver(tmp_path: Path) -> None:
    settings = {"homeserver": "http://127.0.0.1:1", "user_id": "@copp:example.org"}
    code, said = await copp_bot("export-groups", folder=tmp_path, **settings)
    assert code == 1 and "There is no database" in said
    await copp_bot("db", "upgrade", folder=tmp_path, **settings)
    code, said = await copp_bot("export-groups", folder=tmp_path, **settings)
    assert code == 0 and "Nothing was opened by command" in said


async def test_a_bad_declaration_is_named_with_file_and_line(tmp_path: Path) -> None:
    folder = tmp_path / "rooms_config"
    folder.mkdir()
    (folder / "community.yaml").write_text("title: One\ntitle: Two\n")
    settings = {"homeserver": "http://127.0.0.1:1", "user_id": "@copp:example.org", "rooms_config": str(folder)}
    code, said = await copp_bot("check", folder=tmp_path, **settings)
    assert code == 1 and "community.yaml, line 2" in said


async def test_nobody_answers(free_port: int, tmp_path: Path) -> None:
    settings = {"homeserver": f"http://127.0.0.1:{free_port}", "user_id": "@copp:example.org", "password": "x"}
    code, said = await copp_bot("plan", folder=tmp_path, **settings)
    assert code == 1 and "does not answer" in said and "COPP_HOMESERVER" in said


async def test_something_else_answers(not_matrix: str, tmp_path: Path) -> None:
    code, said = await copp_bot(
        "plan", folder=tmp_path, homeserver=not_matrix, user_id="@copp:example.org", password="x"
    )
    assert code == 1 and "not a working Matrix homeserver" in said


async def test_the_data_folder_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("a file, not a folder")
    settings = {"homeserver": "http://127.0.0.1:1", "user_id": "@copp:example.org", "password": "x"}
    code, said = await copp_bot("db", "upgrade", folder=tmp_path, **settings)
    assert code == 1 and "COPP_DATA_DIR" in said


def modes(folder: Path) -> dict[str, str]:
    """Everything below a folder that somebody but its owner may use, with its mode."""
    below = {str(path.relative_to(folder)): path.stat().st_mode & 0o777 for path in folder.rglob("*")}
    return {name: oct(mode) for name, mode in below.items() if mode & 0o077}


async def test_what_members_write_is_made_for_the_owner_alone(tmp_path: Path) -> None:
    settings = {"homeserver": "http://127.0.0.1:1", "user_id": "@copp:example.org", "data_dir": "a/data"}
    former = os.umask(0o022)
    try:
        await copp_bot("db", "upgrade", folder=tmp_path, **settings)
        await copp_bot("backup", "b/", folder=tmp_path, **settings)
        await copp_bot("backup", "c/all.zip", folder=tmp_path, **settings)
        code, said = await copp_bot(
            "restore", "--keep-rooms-config", "c/all.zip", folder=tmp_path, **{**settings, "data_dir": "d/data"}
        )
    finally:
        os.umask(former)
    assert "copp.sqlite3" in os.listdir(tmp_path / "d" / "data"), said
    assert code == 0 and modes(tmp_path) == {}


async def test_upgrading_twice_changes_nothing(tmp_path: Path) -> None:
    settings = {"homeserver": "http://127.0.0.1:1", "user_id": "@copp:example.org"}
    _code, first = await copp_bot("db", "upgrade", folder=tmp_path, **settings)
    _code, second = await copp_bot("db", "upgrade", folder=tmp_path, **settings)
    assert "from empty" in first and "is at" in second


async def test_a_disk_that_takes_no_more(tmp_path: Path) -> None:
    """A limit on the size of files stands for the full disk."""
    limit = "import resource, runpy, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)); "
    run = "sys.argv = ['copp-bot', 'db', 'upgrade']; runpy.run_module('copp_bot', run_name='__main__')"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", limit + run),
        cwd=tmp_path,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "COPP_HOMESERVER": "http://127.0.0.1:1",
            "COPP_USER_ID": "@c:x.org",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    said, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 1 and b"Traceback" not in said
    assert b"disk" in said and len(said.decode().splitlines()) == 2, said
    _code, again = await copp_bot("db", "upgrade", folder=tmp_path, homeserver="http://127.0.0.1:1", user_id="@c:x.org")
    assert "from empty" in again


async def test_a_database_that_cannot_be_written(tmp_path: Path) -> None:
    settings = {"homeserver": "http://127.0.0.1:1", "user_id": "@copp:example.org"}
    await copp_bot("db", "upgrade", folder=tmp_path, **settings)
    settings["database_url"] = f"sqlite:///file:{tmp_path / 'var' / 'copp.sqlite3'}?mode=ro&uri=true"
    code, said = await copp_bot("jobs", "pause", "welcome", folder=tmp_path, **settings)
    assert code == 1 and "cannot be written" in said and len(said.splitlines()) == 2


async def test_a_database_of_a_newer_version(tmp_path: Path) -> None:
    settings = {"homeserver": "http://127.0.0.1:1", "user_id": "@copp:example.org"}
    await copp_bot("db", "upgrade", folder=tmp_path, **settings)
    with closing(sqlite3.connect(tmp_path / "var" / "copp.sqlite3")) as database, database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    for words in (("run",), ("jobs",)):
        code, said = await copp_bot(*words, folder=tmp_path, **settings)
        assert code == 1 and "newer version" in said and len(said.splitlines()) == 2, words


@pytest.mark.parametrize("words", [("jobs",), ("quarantine", "list"), ("backup",), ("quarantine", "retry", "-abc")])
async def test_there_is_no_database_yet(words: tuple[str, ...], tmp_path: Path) -> None:
    code, said = await copp_bot(*words, folder=tmp_path, homeserver="http://127.0.0.1:1", user_id="@copp:example.org")
    assert code == 1 and "no database" in said and "copp-bot apply" in said


async def test_one_must_say_which(tmp_path: Path) -> None:
    settings = {"homeserver": "http://127.0.0.1:1", "user_id": "@copp:example.org"}
    code, said = await copp_bot("quarantine", "drop", folder=tmp_path, **settings)
    assert code == 1 and "--all" in said


@pytest.mark.synapse
async def test_a_wrong_password(synapse: LocalHomeserver, tmp_path: Path) -> None:
    user = await synapse.create_account("cli-wrong", "right")
    code, said = await copp_bot("plan", folder=tmp_path, homeserver=synapse.base_url, user_id=user, password="wrong")
    assert code == 1 and "does not accept the password" in said


async def _come_in(synapse: LocalHomeserver, user_id: str, name: str, password: str) -> None:
    """Accept every invitation."""
    token = await synapse.login(name, password)
    async with aiohttp.ClientSession() as session:
        person = HttpPerson(synapse.base_url, user_id, token, session)
        for room in await person.invited():
            await person.join(room)


@pytest.mark.synapse
async def test_from_plan_to_doctor(own_synapse: LocalHomeserver, tmp_path: Path) -> None:
    """Plan, apply, apply again, doctor; then a token that is not valid any more."""
    synapse = own_synapse
    user = await synapse.create_account("cli-bot", "secret")
    settings = {"homeserver": synapse.base_url, "user_id": user, "password": "secret"}
    code, planned = await copp_bot("plan", folder=tmp_path, **settings)
    assert code == 0 and "Reception" in planned
    odile = await synapse.create_account("cli-odile", "secret")
    for nobody in ("odile", "@odile", "", "@odile:else.example", f"@nobody:{synapse.server_name}"):
        code, said = await copp_bot(
            "apply", "--secretariat", odile, "--secretariat", nobody, folder=tmp_path, **settings
        )
        assert code == 1 and "o account" in said and "Nothing was changed." in said
    code, applied = await copp_bot("apply", "--secretariat", odile, folder=tmp_path, **settings)
    assert code == 0 and "Done: " in applied and "refused" not in applied
    code, again = await copp_bot("plan", folder=tmp_path, **settings)
    assert code == 0 and "as declared" in again
    code, said = await copp_bot("apply", "--former-secretariat", odile, folder=tmp_path, **settings)
    assert code == 1 and "nobody would be left in charge" in said and "Nothing was changed." in said
    code, said = await copp_bot("doctor", folder=tmp_path, **settings)
    assert code == 1 and said.count("MEND") == 1 and "Nobody who may do everything is in the community" in said
    await _come_in(synapse, odile, "cli-odile", "secret")
    code, said = await copp_bot("doctor", folder=tmp_path, **settings)
    assert code == 0 and "MEND" not in said and "Signed in" in said
    (tmp_path / "var" / "access-token").write_text("syt_not_valid")
    del settings["password"]
    code, said = await copp_bot("plan", folder=tmp_path, **settings)
    assert code == 1 and "COPP_PASSWORD" in said
