"""How a database is reached: its address, and connections that are set up alike whoever opens them.

The rule it keeps: writing is one transaction after the other in either database, a reader sees one moment and writes
nothing, and neither an address nor the values of a statement ever come into a log.
"""

import re
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

from storage import postgresql
from storage.errors import BadAddress, DriverMissing

READERS = 4
BUSY_MS = 5000
"""How long SQLite waits for another connection."""
SQLITE, POSTGRESQL = "sqlite", "postgresql"
_LIKE_AN_ADDRESS = re.compile(r"\w+:|.*@")
"""A mistyped address is not the name of a file, which would be shown."""
_DIALECTS = {
    "sqlite": "sqlite",
    "sqlite+pysqlite": "sqlite",
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
}


def address(text: str) -> URL:
    """The address as the engine takes it: ``sqlite:///path`` or ``postgresql://user@host/name``.

    Raises:
        BadAddress: it is neither.
    """
    try:
        url = make_url(text)
        return url.set(drivername=_DIALECTS[url.drivername])
    except (ArgumentError, KeyError, ValueError):
        raise BadAddress from None


def address_of(text: str) -> str:
    """An address as it stands, and the path of an SQLite file as its address: where somebody may name either."""
    if "://" in text or _LIKE_AN_ADDRESS.match(text):
        return text
    return URL.create(SQLITE, database=str(Path(text))).render_as_string()


def shown(url: URL) -> str:
    """The address for people's eyes: where the database is and its name, nothing that opens it."""
    if url.get_backend_name() == SQLITE:
        return url.database or ":memory:"
    host = url.host or url.query.get("host") or "localhost"
    where = host if isinstance(host, str) else ",".join(host)
    return f"{url.database or ''} at {where}{f':{url.port}' if url.port else ''}"


def engine(url: URL, *, read_only: bool, alone: str | None = None) -> Engine:
    """An engine whose connections are ready for use.

    Args:
        alone: a name for this instance; the writer then holds the database for itself (PostgreSQL; in SQLite the
            lock on the data folder does it).

    Raises:
        DriverMissing: PostgreSQL without psycopg.
    """
    options: dict[str, Any] = {"pool_size": READERS if read_only else 1, "max_overflow": 0, "hide_parameters": True}
    if url.get_backend_name() == SQLITE:
        made = create_engine(url, **options)
        event.listen(made, "connect", _prepare_reader if read_only else _prepare_writer)
        event.listen(made, "begin", _begin_read if read_only else _begin_write)
        return made
    try:
        return postgresql.engine(url, options, read_only=read_only, alone=alone)
    except ImportError:
        raise DriverMissing from None


def _prepare_writer(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "secure_delete=ON",
        f"busy_timeout={BUSY_MS}",
        "temp_store=MEMORY",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _prepare_reader(connection: Any, _: Any) -> None:
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout={BUSY_MS}")
    connection.execute("PRAGMA query_only=ON")


def _begin_write(connection: Any) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _begin_read(connection: Any) -> None:
    connection.exec_driver_sql("BEGIN")
