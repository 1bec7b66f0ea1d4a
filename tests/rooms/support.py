"""What the tests of rooms share: the shipped declaration, a copy that may be spoilt, and a fake to apply it to."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path

from sqlmodel import SQLModel

import storage.tables
from copp_bot.core.clock import SystemClock
from copp_bot.core.ids import UserId
from copp_bot.rooms.apply import Editor, Surroundings
from copp_bot.rooms.declaration import load
from copp_bot.rooms.declared import Declaration
from storage.database import Database

SHIPPED = Path(__file__).parents[2] / "rooms_config"
BOT = UserId("@copp:example.org")
assert storage.tables  # its import registers the tables


@cache
def shipped() -> Declaration:
    """The declaration that comes with the project."""
    return load(SHIPPED)


def copied(tmp_path: Path) -> Path:
    """A copy of the shipped folder."""
    return Path(shutil.copytree(SHIPPED, tmp_path / "rooms_config"))


async def no_pause(seconds: float) -> None:
    """Time passes at once."""


@asynccontextmanager
async def opened(place: str | Path) -> AsyncIterator[Database]:
    """A database with all tables: at an address, or SQLite's in a folder."""
    database = Database(place if isinstance(place, str) else f"sqlite:///{place / 'test.sqlite3'}")
    await database.write(lambda session: SQLModel.metadata.create_all(session.connection()))
    try:
        yield database
    finally:
        database.close()


def around(homeserver: Editor, database: Database) -> Surroundings:
    """Surroundings in which nobody waits."""
    return Surroundings(homeserver, database, SystemClock(), pause=no_pause)
