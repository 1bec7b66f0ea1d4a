"""What the demonstration keeps, says and refuses when it starts."""

import json
import os
import socket
import subprocess
import sys
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

import pytest
from rich.console import Console

from copp_bot.core import lock
from copp_bot.core.errors import SetupError
from copp_bot.core.settings import Settings
from copp_bot.demo import table
from copp_bot.demo.asking import Answers, is_shelved
from copp_bot.demo.bot_process import Bot, BotSettings, rooms_config
from copp_bot.demo.homeserver_config import SECRETS, load_secrets
from copp_bot.demo.keep import Journal, passwords
from copp_bot.demo.people import community
from copp_bot.demo.person import JsonDict
from copp_bot.demo.ready import Ready, described
from copp_bot.demo.start import MADE, DemoOptions, reset, start

BOT = "@copp:copp.localhost"
NAMES = [account.localpart for account in community().accounts]


def ready(secrets: dict[str, str]) -> Ready:
    """A ready demonstration."""
    return Ready(
        homeserver="http://127.0.0.1:65535",
        web="http://127.0.0.1:65534",
        bot=BOT,
        database="sqlite:////srv/demo/bot/copp.sqlite3",
        pids={"bot": 1, "homeserver": 2},
        accounts=described(community(), "copp.localhost", secrets),
        rooms={"root": "!root", "rhythm/home": "!home"},
    )


@pytest.mark.parametrize("damaged", [b"", b"{", b"\xff\xfe", b"[]", b'{"anna": 1}'])
def test_what_is_damaged_gets_a_sentence(tmp_path: Path, damaged: bytes) -> None:
    path = tmp_path / "kept.json"
    path.write_bytes(damaged)
    for read in (lambda: passwords(path, ["anna"]), lambda: Journal(path)):
        with pytest.raises(SetupError, match=r"damaged\. Begin anew with make demo-reset"):
            read()


def test_no_homeserver_begins_without_a_secret(tmp_path: Path) -> None:
    (tmp_path / SECRETS).write_text('{"server_name": "copp.localhost", "form_secret": "x"}')
    with pytest.raises(SetupError, match="damaged"):
        load_secrets(tmp_path, "copp.localhost")


def test_passwords_are_made_once_for_each_folder(tmp_path: Path) -> None:
    first = passwords(tmp_path / "a.json", ["anna", "ben"])
    again = passwords(tmp_path / "a.json", ["anna", "ben", "carl"])
    other = passwords(tmp_path / "b.json", ["anna", "ben"])
    assert again["anna"] == first["anna"] != other["anna"]
    assert len(set(again.values())) == 3
    assert (tmp_path / "a.json").stat().st_mode & 0o077 == 0


def test_a_journal_knows_at_the_next_start(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "seed.json")
    assert not journal.is_resumed
    journal.mark("said", "$event")
    resumed = Journal(tmp_path / "seed.json")
    assert resumed.is_resumed and "said" in resumed and resumed["said"] == "$event"
    assert resumed.get("other") is None
    assert [path.name for path in tmp_path.iterdir()] == ["seed.json"]


def test_the_ready_file_is_whole_private_and_as_promised(tmp_path: Path) -> None:
    path = tmp_path / "below" / "ready.json"
    one = ready(passwords(tmp_path / "p.json", NAMES))
    one.write(path)
    one.with_bot_pid(7).write(path)
    said = json.loads(path.read_text(encoding="utf-8"))
    assert set(said) == {"homeserver", "web", "bot", "database", "pids", "accounts", "rooms"}
    assert said["pids"] == {"bot": 7, "homeserver": 2}
    assert set(said["accounts"]["zofia"]) == {"user_id", "password", "role", "groups"}
    assert said["accounts"]["zofia"]["user_id"] == "@zofia:copp.localhost"
    assert said["accounts"]["zofia"]["groups"] == ["rhythm", "archive"]
    assert said["rooms"] == asdict(one)["rooms"]
    assert path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("columns", [80, 100])
def test_the_table_fits_the_terminal(tmp_path: Path, columns: int) -> None:
    console = Console(width=columns, record=True, file=(tmp_path / "out").open("w"))
    one = ready(passwords(tmp_path / "p.json", NAMES))
    table.show(console, one, community())
    text = console.export_text()
    for account in one.accounts.values():
        assert account["password"] in text
    for person in community().accounts:
        assert (person.display_name in text) == (columns == 100)
    assert text.count("rhythm, archive") == sum(len(person.groups) > 1 for person in community().accounts)
    assert text.count("…") == 1  # the one in "Nheko …": nothing was cut
    assert one.homeserver in text and one.web in text and one.database in text


def test_a_taken_port_is_said_with_the_way_out(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SetupError, match=rf"{port} .*--web-port 0"):
            start(DemoOptions(tmp_path, 0, port), Console(quiet=True))
        with pytest.raises(SetupError, match=rf"{port} .*--homeserver-port"):
            start(DemoOptions(tmp_path, port, 0), Console(quiet=True))


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SetupError, match=r"cannot be written .*--data-dir"):
        start(DemoOptions(tmp_path / "file" / "below", 0, 0), Console(quiet=True))


def test_an_old_ready_file_is_gone_before_anything_starts(tmp_path: Path, free_port: int) -> None:
    old = tmp_path / "ready.json"
    old.write_text("{}")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", free_port))
        taken.listen()
        with pytest.raises(SetupError):
            start(DemoOptions(tmp_path / "data", 0, free_port, old), Console(quiet=True))
    assert not old.exists()


def test_a_ready_file_that_cannot_be_written_is_said_before_anything_starts(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for impossible in (tmp_path / "file" / "ready.json", Path("/proc/nobody/ready.json"), tmp_path):
        with pytest.raises(SetupError, match=r"ready file .* cannot be written .*--ready-file"):
            start(DemoOptions(tmp_path / "data", 0, 0, impossible), Console(quiet=True))


def test_reset_forgets_a_demonstration_and_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    for name in MADE:
        (folder / name / "below").mkdir(parents=True) if "." not in name else (folder / name).touch()
    (folder / lock.FILE).rename(folder / "letter")  # somebody's own, in the way of our lock's name
    reset(folder)
    assert [path.name for path in folder.iterdir()] == ["letter"]
    (folder / "letter" / "below").rmdir()
    (folder / "letter").rmdir()
    reset(folder)
    reset(folder)
    assert not folder.exists()


def test_reset_leaves_a_demonstration_that_is_at_work(tmp_path: Path) -> None:
    (tmp_path / "seed.json").write_text("{}")
    with closing(lock.hold(tmp_path)), pytest.raises(SetupError, match="Ctrl-C"):
        reset(tmp_path)
    assert (tmp_path / "seed.json").exists()


def test_a_second_demonstration_in_the_folder_is_refused_at_once(tmp_path: Path) -> None:
    """It names the process, leaves the ready file of the first, and has loaded nothing that is slow."""
    file = tmp_path / "ready.json"
    file.write_text("{}")
    code = "import sys; from copp_bot import cli\ntry: cli.main()\nfinally: print('aiohttp' in sys.modules)"
    words = ("demo", "--data-dir", tmp_path, "--ready-file", file, "--web-port", "0", "--homeserver-port", "0")
    with closing(lock.hold(tmp_path)):
        said = subprocess.run(
            [sys.executable, "-c", code, *map(str, words)], capture_output=True, text=True, timeout=60, check=False
        )
    assert said.returncode == 1 and said.stdout == "False\n"
    assert f"process {os.getpid()}" in said.stderr and "--data-dir" in said.stderr
    assert file.exists()


def test_the_ready_file_of_a_demonstration_elsewhere_stays_while_it_runs(tmp_path: Path, free_port: int) -> None:
    file, first = tmp_path / "ready.json", tmp_path / "first"
    file.write_text(json.dumps({"database": f"sqlite:///{first}/bot/copp.sqlite3"}))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", free_port))
        taken.listen()
        options = DemoOptions(tmp_path / "second", 0, free_port, file)
        with closing(lock.hold(first)), pytest.raises(SetupError, match="--ready-file"):
            start(options, Console(quiet=True))
        assert file.exists()
        with pytest.raises(SetupError, match="--web-port"):
            start(options, Console(quiet=True))
    assert not file.exists()


async def test_a_web_port_that_is_taken_later_is_said_by_the_option(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        told = BotSettings("http://127.0.0.1:1", BOT, "x", "x", tmp_path / "bot", tmp_path, taken.getsockname()[1])
        with pytest.raises(SetupError, match="--web-port 0"):
            await Bot(told, tmp_path / "bot.log", lambda _pid: None).keep_running()
    assert not (tmp_path / "bot.log").exists()


def test_two_servers_cannot_share_a_port(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="--homeserver-port and --web-port are both 18555"):
        start(DemoOptions(tmp_path / "data", 18555, 18555), Console(quiet=True))
    assert not (tmp_path / "data").exists()


def test_the_bot_is_told_nothing_of_a_real_community(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COPP_DATABASE_URL", "postgresql://real/community")
    monkeypatch.setenv("COPP_ACCESS_TOKEN", "real")
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("COPP_EMERGENCY_CREATORS=@real:example.org\n")
    told = BotSettings("http://127.0.0.1:1", BOT, "secret", "token", tmp_path / "bot", tmp_path, 8080)
    environment = told.environment()
    assert environment["COPP_DATABASE_URL"] == told.database
    assert "COPP_ACCESS_TOKEN" not in environment
    settings = Settings(**told.values())
    assert settings.database == told.database
    assert settings.access_token is None and settings.emergency_creators == []


def test_the_declaration_is_found_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert (rooms_config() / "community.yaml").exists()
    own = tmp_path / "rooms_config"
    own.mkdir()
    (own / "community.yaml").touch()
    assert rooms_config() == own


def message(event_id: str, body: str, relation: JsonDict, sender: str = BOT) -> JsonDict:
    """A raw ``m.room.message``."""
    content = {"body": body, "m.relates_to": relation}
    return {"type": "m.room.message", "event_id": event_id, "sender": sender, "content": content}


def test_answers_are_replies_of_the_bot_and_their_edits() -> None:
    answers = Answers(BOT, "$command")
    reply: JsonDict = {"m.in_reply_to": {"event_id": "$command"}}
    edit = message("$edit", "* L12", {"rel_type": "m.replace", "event_id": "$answer"})
    edit["content"]["m.new_content"] = {"body": "Shelved as L12."}
    assert not answers.is_answer(message("$x", "me too", reply, sender="@anna:copp.localhost"))
    assert not answers.is_answer(edit)
    assert answers.is_answer(message("$answer", "Reading it …", reply))
    assert not is_shelved(answers.text)
    assert answers.is_answer(edit)
    assert is_shelved(answers.text)
