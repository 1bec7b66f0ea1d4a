"""Connections to PostgreSQL that keep what SQLite keeps by itself.

The rule it keeps: writing transactions follow one another (an advisory lock stands for ``BEGIN IMMEDIATE``), one
instance alone writes (its writing connection holds a second one), and after a broken commit the server is asked what
became of it. https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS
"""

import os
import re
import secrets
import socket
import time
from functools import partial
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, text

from storage.errors import TakenElsewhere, Unsuitable

OLDEST_SERVER = 15
OURS = 0x636F7070
"""First half of our advisory locks' keys: ``copp``."""
INSTANCE, WRITING = 1, 2
READ_SECONDS, WRITE_SECONDS = 30, 120
"""Longest statement; a writing one may have to wait for another's transaction."""
GOING_SECONDS = 2.0
"""How long another instance's hold is waited for: it may be that of a process that was killed just now."""
REACH = {
    "client_encoding": "utf8",
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}
"""So that a dead network is noticed within a minute (libpq; seconds, the last in milliseconds)."""
_HOLDER = (
    "SELECT a.pid, a.application_name FROM pg_locks l JOIN pg_stat_activity a USING (pid) "
    "WHERE l.locktype = 'advisory' AND l.granted AND l.classid = %s AND l.objid = %s AND l.objsubid = 2 "
    "AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


def instance_name() -> str:
    """What this process calls itself on the server: machine, process, and a word that no other has."""
    machine = re.sub(r"[^\w.-]", "?", socket.gethostname(), flags=re.ASCII)[:30]
    return f"copp_bot {machine} {os.getpid()} {secrets.token_hex(4)}"


def engine(url: URL, options: dict[str, Any], *, read_only: bool, alone: str | None) -> Engine:
    """An engine of prepared connections; needs psycopg."""
    named = {**REACH, "application_name": alone or "copp_bot"}
    if read_only:
        isolation = {"isolation_level": "REPEATABLE READ", "execution_options": {"postgresql_readonly": True}}
        made = create_engine(url, connect_args=named, **isolation, **options)
        event.listen(made, "connect", partial(_prepare, seconds=READ_SECONDS))
        return made
    made = create_engine(url, connect_args=named, isolation_level="READ COMMITTED", **options)
    event.listen(made, "connect", partial(_prepare, seconds=WRITE_SECONDS))
    if alone is not None:
        event.listen(made, "connect", partial(_hold, name=alone))
    event.listen(made, "begin", _begin_write)
    return made


def transaction_id(connection: Connection) -> int:
    """The number of the writing transaction that runs on this connection."""
    number: int = connection.info["transaction"]
    return number


def outcome(connection: Connection, number: int) -> bool | None:
    """Was this transaction committed? None while the server has not ended it."""
    status = connection.scalar(text("SELECT pg_xact_status(CAST(:number AS text)::xid8)"), {"number": str(number)})
    return None if status == "in progress" else status == "committed"


def _prepare(connection: Any, _: Any, *, seconds: int) -> None:
    """The session's settings; and text is written without NUL, which PostgreSQL does not take.

    The keepalives are the server's: of a machine that lost its power nothing is held for longer than a minute.
    """
    connection.adapters.register_dumper(str, _sound_text())
    for setting in (
        f"statement_timeout = '{seconds}s'",
        "idle_in_transaction_session_timeout = '5min'",
        "synchronous_commit = on",
        "tcp_keepalives_idle = 30",
        "tcp_keepalives_interval = 10",
        "tcp_keepalives_count = 3",
        "timezone = 'UTC'",
    ):
        connection.execute(f"SET {setting}")
    connection.commit()


def _hold(connection: Any, _: Any, *, name: str) -> None:
    """Take the database for this instance, for as long as the connection lives.

    A connection of our own that broke may still stand on the server; it is ended. One of a process that was killed is
    given a moment to go.

    Raises:
        TakenElsewhere: another instance has it.
    """
    given_up = time.monotonic() + GOING_SECONDS
    while not connection.execute("SELECT pg_try_advisory_lock(%s, %s)", (OURS, INSTANCE)).fetchone()[0]:
        pid, holder = connection.execute(_HOLDER, (OURS, INSTANCE)).fetchone() or (None, "")
        if pid is not None and holder == name:
            connection.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))
        elif time.monotonic() > given_up:
            raise TakenElsewhere(holder or "")
        connection.commit()  # who is there is looked up once in a transaction
        time.sleep(0.05)
    connection.commit()


def _begin_write(connection: Connection) -> None:
    """Wait for our turn; what is read afterwards is what the transaction before us has left."""
    statement = f"SELECT pg_advisory_xact_lock({OURS}, {WRITING}), pg_current_xact_id()::text"
    connection.info["transaction"] = int(connection.exec_driver_sql(statement).one()[1])


def take_time(connection: Connection) -> None:
    """Let this one transaction's statements last as long as they need."""
    connection.execute(text("SET LOCAL statement_timeout = 0"))
    connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))


def suitable(connection: Connection) -> None:
    """Can this database hold ours?

    Raises:
        Unsuitable: too old, or not made for UTF-8 compared sign by sign, which order and search rely on.
    """
    version = int(connection.scalar(text("SHOW server_version_num"))) // 10_000
    if version < OLDEST_SERVER:
        raise Unsuitable(f"PostgreSQL {version}", f"PostgreSQL {OLDEST_SERVER}")
    encoding, provider, collation = connection.execute(
        text(
            "SELECT pg_encoding_to_char(encoding), datlocprovider, datcollate FROM pg_database "
            "WHERE datname = current_database()"
        )
    ).one()
    if encoding != "UTF8":
        raise Unsuitable(f"encoding {encoding}", "encoding UTF8")
    if not is_plain(str(provider), collation):
        raise Unsuitable(f"locale {collation}", "locale C.UTF-8")


def is_plain(provider: str, collation: str) -> bool:
    """Does the database compare texts sign by sign? ``b`` is PostgreSQL's own provider, which does nothing else."""
    return provider == "b" or (provider == "c" and collation.split(".", maxsplit=1)[0] in ("C", "POSIX"))


def _sound_text() -> Any:
    """psycopg's way of sending text, with NUL replaced by U+FFFD. Made late: psycopg is an extra."""
    from psycopg.types.string import StrDumperUnknown  # noqa: PLC0415

    class SoundText(StrDumperUnknown):
        def dump(self, obj: str) -> Any:
            return super().dump(obj.replace("\0", "\ufffd") if "\0" in obj else obj)

    return SoundText
