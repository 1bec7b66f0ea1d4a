"""Brings a database to the schema of this version, with Alembic.

The rule it keeps: the schema changes by migrations alone, each in one transaction, so a killed upgrade leaves the
former schema and is simply run again.
"""

import sys
import tempfile
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine

from storage import engines, postgresql
from storage.trouble import NewerSchema

MIGRATIONS = Path(__file__).parent / "migrations"


def config(connection: Connection | None = None) -> Config:
    """Alembic's configuration, without an ini file."""
    settings = Config()
    settings.set_main_option("script_location", str(MIGRATIONS))
    settings.attributes["connection"] = connection
    return settings


def upgrade(engine: Engine) -> tuple[str | None, str | None]:
    """Bring the database to the newest schema; returns the revisions before and after.

    Raises:
        Unsuitable: the database cannot hold ours, whatever its schema.
        NewerSchema: it has been used by a newer version, and stays as it is.
    """
    with engine.begin() as connection:
        before = revision_of(connection)
        if before is not None and not is_known(before):
            raise NewerSchema(before, newest())
        upgrade_on(connection)
        return before, revision_of(connection)


def upgrade_on(connection: Connection) -> None:
    """As ``upgrade``, in the transaction that runs."""
    if connection.dialect.name == "postgresql":
        postgresql.suitable(connection)
        postgresql.take_time(connection)
    if revision_of(connection) == newest():
        return
    command.upgrade(config(connection), "head")


def revision(engine: Engine) -> str | None:
    """The revision the database stands at, None for an empty one."""
    with engine.connect() as connection:
        return revision_of(connection)


def revision_of(connection: Connection) -> str | None:
    """As ``revision``, on a connection that is open."""
    return MigrationContext.configure(connection).get_current_revision()


def is_known(revision: str) -> bool:
    """Does this version of the software know the revision?"""
    return revision in {script.revision for script in _scripts().walk_revisions()}


def sqlite_file(url: str) -> Path | None:
    """The file of an SQLite address (``sqlite:///path``, also ``sqlite:///file:path?uri=true``); None for others.

    Raises:
        BadAddress: the address is none.
    """
    parsed = engines.address(url)
    if parsed.get_backend_name() != engines.SQLITE or not parsed.database:
        return None
    return Path(parsed.database.removeprefix("file:"))


def newest() -> str | None:
    """The revision this version of the software needs."""
    return _scripts().get_current_head()


@cache
def _scripts() -> ScriptDirectory:
    """The migrations, read once: none is added to a program that runs."""
    return ScriptDirectory.from_config(config())


def write_new(message: str) -> None:
    """Write a migration for what the tables have become; look at it before it is committed."""
    with tempfile.TemporaryDirectory() as folder:
        engine = create_engine(f"sqlite:///{folder}/empty.sqlite3")
        with engine.begin() as connection:
            command.upgrade(config(connection), "head")
        with engine.begin() as connection:
            following = f"{int(newest() or 0) + 1:04}"
            command.revision(config(connection), message=message, autogenerate=True, rev_id=following)
        engine.dispose()


if __name__ == "__main__":
    write_new(" ".join(sys.argv[1:]) or "a change")
