"""What is the matter when a database does not do as it should.

The rule it keeps: told by the codes of the system, SQLite and PostgreSQL, never by their words, which may carry what
somebody wrote.
"""

import errno
import sqlite3
from collections.abc import Iterator
from enum import StrEnum


class Trouble(StrEnum):
    """What an operator can mend."""

    FULL = "full"
    READ_ONLY = "read_only"
    NO_FILE = "no_file"
    FAILING = "failing"
    DAMAGED = "damaged"
    BUSY = "busy"
    UNREACHABLE = "unreachable"


class NewerSchema(Exception):
    """The database has been used by a newer version of the software.

    Args:
        revision: where the database stands.
        newest: the newest revision that this version knows.
    """

    def __init__(self, revision: str, newest: str | None) -> None:
        super().__init__(f"schema {revision} is newer than {newest}")
        self.revision = revision
        self.newest = newest


_SQLITE = {
    sqlite3.SQLITE_FULL: Trouble.FULL,
    sqlite3.SQLITE_READONLY: Trouble.READ_ONLY,
    sqlite3.SQLITE_PERM: Trouble.READ_ONLY,
    sqlite3.SQLITE_CANTOPEN: Trouble.NO_FILE,
    sqlite3.SQLITE_IOERR: Trouble.FAILING,
    sqlite3.SQLITE_CORRUPT: Trouble.DAMAGED,
    sqlite3.SQLITE_NOTADB: Trouble.DAMAGED,
    sqlite3.SQLITE_BUSY: Trouble.BUSY,
    sqlite3.SQLITE_LOCKED: Trouble.BUSY,
}
"""Primary result codes (https://sqlite.org/rescode.html)."""
_SYSTEM = {
    errno.ENOSPC: Trouble.FULL,
    errno.EDQUOT: Trouble.FULL,
    errno.EFBIG: Trouble.FULL,
    errno.EROFS: Trouble.READ_ONLY,
    errno.EACCES: Trouble.READ_ONLY,
    errno.EPERM: Trouble.READ_ONLY,
    errno.EIO: Trouble.FAILING,
}
_POSTGRESQL = {
    "53100": Trouble.FULL,
    "25006": Trouble.READ_ONLY,
    "42501": Trouble.READ_ONLY,
    "58030": Trouble.FAILING,
    "XX001": Trouble.DAMAGED,
    "XX002": Trouble.DAMAGED,
    "55P03": Trouble.BUSY,
    "53300": Trouble.BUSY,
    "57P01": Trouble.UNREACHABLE,
    "57P02": Trouble.UNREACHABLE,
    "57P03": Trouble.UNREACHABLE,
}
"""SQLSTATE (PostgreSQL, appendix A)."""


def trouble_of(error: BaseException) -> Trouble | None:
    """What is the matter, None when the error is of another kind."""
    return next((found for one in _chain(error) if (found := _one(one))), None)


def newer_schema(error: BaseException) -> NewerSchema | None:
    """The ``NewerSchema`` behind an error, if it is one."""
    return next((one for one in _chain(error) if isinstance(one, NewerSchema)), None)


def _one(error: BaseException) -> Trouble | None:
    if isinstance(error, sqlite3.Error):
        return _SQLITE.get(getattr(error, "sqlite_errorcode", 0) & 0xFF)
    state = getattr(error, "sqlstate", None)
    if isinstance(state, str):
        return Trouble.UNREACHABLE if state.startswith("08") else _POSTGRESQL.get(state)
    if type(error).__module__.startswith("psycopg") and type(error).__name__ == "OperationalError":
        return Trouble.UNREACHABLE  # no connection, so no state either
    if isinstance(error, OSError) and type(error).__module__ == "builtins":
        return _SYSTEM.get(error.errno or 0)
    return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error, what it wraps, what caused it, and the members of a group."""
    waiting, seen = [error], set[int]()
    while waiting:
        one = waiting.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        more = [getattr(one, "orig", None), one.__cause__, one.__context__, *getattr(one, "exceptions", ())]
        waiting += [other for other in more if isinstance(other, BaseException)]
