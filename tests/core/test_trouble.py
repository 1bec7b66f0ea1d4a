"""Disk and database in trouble: one clear line, nothing lost, and it goes on."""

import asyncio
import errno
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlmodel import Session

from copp_bot.core import trouble
from storage import migrate
from storage.database import Database
from storage.trouble import NewerSchema
from tests.core.conftest import Stage
from tests.core.rig import answer_to

KILLED_HALF_WAY = """
import os, sys
from alembic.operations import Operations
from storage import migrate
from storage.database import Database
made = Operations.create_table
count = 0
def create_table(self, *words, **more):
    global count
    count += 1
    if count == 8:
        os._exit(9)
    return made(self, *words, **more)
import alembic.op
alembic.op.create_table = lambda *words, **more: create_table(alembic.op._proxy, *words, **more)
migrate.upgrade(Database(sys.argv[1]).engine)
"""


def limit(session: Session, pages: int) -> None:
    """As if the disk had room for so many pages and no more."""
    session.connection().exec_driver_sql(f"PRAGMA max_page_count={pages}")


def pages(session: Session) -> int:
    """How many there are now."""
    return int(session.execute(text("PRAGMA page_count")).scalar_one())


async def test_a_full_disk_loses_nothing(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    stage.needs_sqlite()
    async with stage.rig.bot() as app:
        first = await stage.anna.say(stage.coffee, "!help")
        await answer_to(stage.anna, stage.coffee, first, stage.bot)
        await app.settled()
        await app.database.write(lambda session: limit(session, pages(session)))
        events = [await stage.anna.say(stage.coffee, f"!help {'x' * 3000}{number}") for number in range(40)]
        async with asyncio.timeout(20):
            while not any(trouble.explained(r.exc_info[1]) for r in caplog.records if r.exc_info and r.exc_info[1]):
                await app.database.read(lambda _session: None)
        await app.database.write(lambda session: limit(session, 1_000_000))
        await answer_to(stage.anna, stage.coffee, events[-1], stage.bot)
        async with asyncio.timeout(20):
            await app.settled()
    assert [len(stage.replies(event)) for event in events] == [1] * 40
    errors = [r.exc_info[1] for r in caplog.records if r.exc_info and r.exc_info[1]]
    assert {str(trouble.explained(error)).split(".", maxsplit=1)[0] for error in errors} == {"The disk is full"}


def test_a_read_only_database_is_named(tmp_path: Path) -> None:
    file = tmp_path / "copp.sqlite3"
    first = Database(f"sqlite:///{file}")
    migrate.upgrade(first.engine)
    first.close()
    database = Database(f"sqlite:///file:{file}?mode=ro&uri=true")
    with pytest.raises(Exception, match="readonly") as raised:
        database.submit(lambda session: session.execute(text("CREATE TABLE t (x)"))).result()
    database.close()
    assert "cannot be written" in str(trouble.explained(raised.value))


def test_a_newer_database_is_left_alone(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'copp.sqlite3'}")
    migrate.upgrade(database.engine)
    database.submit(lambda session: session.execute(text("UPDATE alembic_version SET version_num = '9999'"))).result()
    with pytest.raises(NewerSchema) as raised:
        migrate.upgrade(database.engine)
    assert migrate.revision(database.engine) == "9999"
    database.close()
    assert "newer version" in str(trouble.explained(raised.value))


def test_a_migration_that_was_killed_half_way_begins_again(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'copp.sqlite3'}"
    killed = subprocess.run([sys.executable, "-c", KILLED_HALF_WAY, url], check=False, capture_output=True, text=True)
    assert killed.returncode == 9, killed.stderr
    database = Database(url)
    assert database.submit(lambda s: s.execute(text("SELECT count(*) FROM sqlite_schema")).scalar_one()).result() == 0
    assert migrate.upgrade(database.engine) == (None, migrate.newest())
    database.close()


@pytest.mark.parametrize(
    ("error", "begins"),
    [
        (OSError(errno.ENOSPC, "x"), "The disk is full"),
        (OSError(errno.EROFS, "x"), "The database or its folder cannot be written"),
        (ExceptionGroup("several", [ValueError(), OSError(errno.EIO, "x")]), "The disk does not"),
    ],
)
def test_the_systems_own_errors_are_known(error: Exception, begins: str) -> None:
    assert str(trouble.explained(error)).startswith(begins)


def test_a_damaged_file_is_known_and_other_errors_are_not(tmp_path: Path) -> None:
    (tmp_path / "copp.sqlite3").write_bytes(b"something else " * 1000)
    database = Database(f"sqlite:///{tmp_path / 'copp.sqlite3'}")
    with pytest.raises(Exception, match="not a database") as raised:
        migrate.upgrade(database.engine)
    database.close()
    assert "damaged" in str(trouble.explained(raised.value))
    assert trouble.explained(ValueError("mine")) is None
    assert trouble.explained(sqlite3.IntegrityError("mine")) is None
    assert trouble.explained(ConnectionRefusedError(errno.ECONNREFUSED, "x")) is None
