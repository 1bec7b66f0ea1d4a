"""Backup and restore: whole or not at all, never over anything, and the community goes on where it was."""

import asyncio
import json
import shutil
import sqlite3
import stat
import zipfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from copp_bot.core.errors import SetupError
from copp_bot.core.settings import Settings
from copp_bot.operating import restore as restoring
from copp_bot.operating.backup import DATABASE, MANIFEST, TOKEN, backup
from copp_bot.operating.restore import restore
from copp_bot.run import keep_token
from tests.core.conftest import Stage
from tests.core.rig import answer_to
from tests.samples import sample

PDF = "clapping.pdf"


@dataclass
class Made:
    """A community with a shelved file, its archive, and settings of an empty machine."""

    stage: Stage
    archive: Path
    empty: Settings
    asked: list[str]


async def shelve(stage: Stage) -> str:
    """Anna shelves a file."""
    data, media_type = sample(PDF)
    return await stage.anna.post_file(stage.coffee, PDF, data, media_type, caption="!library add")


def elsewhere(stage: Stage, folder: Path) -> Settings:
    """The same bot on a machine where nothing is."""
    new = {"data_dir": folder / "new" / "var", "rooms_config": folder / "new" / "rooms_config"}
    return stage.rig.settings.model_copy(update=new)


@pytest.fixture
async def made(stage: Stage, tmp_path: Path) -> Made:
    """Backed up while the bot runs; then something more was asked for and answered."""
    keep_token(stage.rig.settings, "a_secret_token")
    async with stage.rig.bot() as app:
        event = await shelve(stage)
        await answer_to(stage.anna, stage.coffee, event, stage.bot)
        await app.settled()
        archive, _manifest = await backup(stage.rig.settings, tmp_path / "a.zip")
        asked = [await stage.anna.say(stage.coffee, f"!library search {word}") for word in ("clapping", "nothing")]
        for event in asked:
            await answer_to(stage.anna, stage.coffee, event, stage.bot)
        await app.settled()
    return Made(stage, archive, elsewhere(stage, tmp_path), asked)


def files(folder: Path) -> list[Path]:
    """Every file below a folder, but the lock."""
    return [path for path in folder.rglob("*") if path.is_file() and path.name != "lock"]


async def test_the_archive_holds_everything_but_the_token(made: Made) -> None:
    with zipfile.ZipFile(made.archive) as archive:
        names = archive.namelist()
        manifest = json.loads(archive.read(MANIFEST))
        everything = b"".join(archive.read(name) for name in names)
    assert DATABASE in names and "rooms_config/community.yaml" in names and "rooms_config/texts/fr/welcome.md" in names
    assert sum(name.startswith("data/files/") for name in names) == 1
    assert set(manifest["parts"]) == set(names) - {MANIFEST}
    assert b"a_secret_token" not in everything and TOKEN not in names
    assert stat.S_IMODE(made.archive.stat().st_mode) == 0o600
    assert [path.name for path in made.archive.parent.glob(".copp-backup-*")] == []


async def test_the_token_comes_along_when_asked_for(stage: Stage, tmp_path: Path) -> None:
    keep_token(stage.rig.settings, "a_secret_token")
    async with stage.rig.bot():
        archive, _manifest = await backup(stage.rig.settings, tmp_path / "backups", with_token=True)
    assert archive.parent == tmp_path / "backups" and archive.name.startswith("copp-backup-20")
    new = elsewhere(stage, tmp_path)
    restore(new, archive)
    token = new.data_dir / "access-token"
    assert token.read_text() == "a_secret_token" and stat.S_IMODE(token.stat().st_mode) == 0o600


async def test_restored_on_an_empty_machine_nothing_is_said_twice(made: Made) -> None:
    stage = made.stage
    stage.matrix.forget_transactions()
    restore(made.empty, made.archive)
    assert (made.empty.rooms_config / "groups" / "rhythm.yaml").exists()
    assert {stat.S_IMODE(path.stat().st_mode) for path in files(made.empty.data_dir)} == {0o600}
    before = len(stage.matrix.sent)
    stage.rig.folder = made.empty.data_dir
    async with stage.rig.bot() as app:
        again = await stage.anna.say(stage.coffee, "!library search clapping")
        answer = await answer_to(stage.anna, stage.coffee, again, stage.bot)
        await app.settled()
        await app.settled()
    assert "Clapping" in answer["content"]["body"] or "clapping" in answer["content"]["body"]
    assert [len(stage.replies(event)) for event in made.asked] == [1, 1]
    new = [raw for _room, raw in stage.matrix.sent[before:] if raw["sender"] == stage.bot]
    bodies = [raw["content"]["body"] for raw in new if raw["type"] == "m.room.message"]
    assert len(bodies) == 2 and any("older state" in body for body in bodies), bodies


async def test_a_snapshot_under_writes_is_sound(stage: Stage, tmp_path: Path) -> None:
    async with stage.rig.bot() as app:
        talking = asyncio.create_task(talk(stage, 60))
        archives = [(await backup(stage.rig.settings, tmp_path / f"{n}.zip"))[0] for n in range(5)]
        await talking
        await app.settled()
    for archive in archives:
        with zipfile.ZipFile(archive) as whole:
            whole.extract(DATABASE, tmp_path / archive.stem)
        with closing(sqlite3.connect(tmp_path / archive.stem / DATABASE)) as database:
            assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            done, answers = (
                database.execute(
                    "SELECT count(*) FROM inbox WHERE kind = 'message' AND state = 'done' AND sender LIKE '@anna%'"
                ).fetchone()[0],
                database.execute("SELECT count(DISTINCT cause) FROM outbox WHERE cause LIKE '$%'").fetchone()[0],
            )
            assert done == answers  # a command and its answer are there together or not at all


async def talk(stage: Stage, count: int) -> None:
    """Anna asks without waiting."""
    for number in range(count):
        await stage.anna.say(stage.coffee, f"!help {number}")
        await asyncio.sleep(0)


async def test_nothing_is_overwritten(made: Made) -> None:
    with pytest.raises(SetupError, match="exists already"):
        await backup(made.stage.rig.settings, made.archive)
    with pytest.raises(SetupError, match="database"):
        restore(made.stage.rig.settings, made.archive)
    made.empty.rooms_config.mkdir(parents=True)
    own = made.empty.rooms_config / "community.yaml"
    own.write_text("title: Mine\n")
    with pytest.raises(SetupError, match="keep-rooms-config"):
        restore(made.empty, made.archive)
    assert own.read_text() == "title: Mine\n" and files(made.empty.data_dir) == []
    restore(made.empty, made.archive, keep_rooms=True)
    assert own.read_text() == "title: Mine\n" and (made.empty.data_dir / "copp.sqlite3").exists()


async def test_a_place_that_cannot_be_written_gets_a_sentence(made: Made, tmp_path: Path) -> None:
    """Root may write anywhere, but nobody makes a folder below a file."""
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(SetupError, match=r"cannot be written: .*Choose another place"):
        await backup(made.stage.rig.settings, tmp_path / "file" / "x.zip")


async def test_a_restore_that_was_cut_off_is_run_again(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    bring, brought = restoring._bring, []

    def cut_off(move: Any) -> None:
        brought.append(move)
        if len(brought) == 4:
            raise KeyboardInterrupt
        bring(move)

    monkeypatch.setattr(restoring, "_bring", cut_off)
    with pytest.raises(KeyboardInterrupt):
        restore(made.empty, made.archive)
    assert not (made.empty.data_dir / "copp.sqlite3").exists()
    monkeypatch.setattr(restoring, "_bring", bring)
    restore(made.empty, made.archive)
    assert (made.empty.data_dir / "copp.sqlite3").exists()


def changed(archive: Path, name: str, change: Callable[[bytes], bytes]) -> Path:
    """A copy of the archive with one part changed."""
    copy = archive.with_name("changed.zip")
    with zipfile.ZipFile(archive) as old, zipfile.ZipFile(copy, "w") as new:
        for part in old.namelist():
            new.writestr(part, change(old.read(part)) if part == name else old.read(part))
    return copy


def with_manifest(archive: Path, **fields: Any) -> Path:
    """A copy whose manifest says something else."""
    return changed(archive, MANIFEST, lambda raw: json.dumps({**json.loads(raw), **fields}).encode())


async def test_a_bad_archive_changes_nothing(made: Made) -> None:
    parts = json.loads(zipfile.ZipFile(made.archive).read(MANIFEST))["parts"]
    cut = made.archive.with_name("cut.zip")
    cut.write_bytes(made.archive.read_bytes()[:-2000])
    bad: list[tuple[Path, str]] = [
        (made.archive.with_name("none.zip"), "no file"),
        (cut, "damaged"),
        (changed(made.archive, DATABASE, lambda raw: raw[:-1] + b"x"), "damaged"),
    ]
    for archive, words in bad:
        with pytest.raises(SetupError, match=words):
            restore(made.empty, archive)
    lies: list[tuple[dict[str, Any], str]] = [
        ({"format": 99, "version": "7.0"}, r"7\.0"),
        ({"schema": "9999", "version": "8.0"}, r"8\.0"),
        ({"user_id": "@other:example.org"}, "COPP_USER_ID"),
        ({"parts": {**parts, "data/../../evil": parts[DATABASE]}}, "damaged"),
        ({"parts": {**parts, "/etc/evil": parts[DATABASE]}}, "damaged"),
        ({"parts": {**parts, "data/lock": parts[DATABASE]}}, "damaged"),
        ({"parts": {**parts, DATABASE: {"sha256": "0", "size": 10}}}, "damaged"),
        ({"parts": {}}, "damaged"),
        ({"parts": None}, "damaged"),
    ]
    for fields, words in lies:
        with pytest.raises(SetupError, match=words):
            restore(made.empty, with_manifest(made.archive, **fields))
    assert files(made.empty.data_dir.parent) == []


async def test_a_withdrawn_file_does_not_stop_a_backup(made: Made, tmp_path: Path) -> None:
    shutil.rmtree(made.stage.rig.settings.data_dir / "files")
    _archive, manifest = await backup(made.stage.rig.settings, tmp_path / "b.zip")
    assert manifest.gone == 1


async def test_a_database_server_has_tools_of_its_own(stage: Stage, tmp_path: Path) -> None:
    served = stage.rig.settings.model_copy(update={"database_url": "postgresql+psycopg://copp@localhost/copp"})
    with pytest.raises(SetupError, match="pg_dump"):
        await backup(served, tmp_path / "c.zip")
    with pytest.raises(SetupError, match="pg_dump"):
        restore(served, tmp_path / "c.zip")
