"""Copies a whole community from one database to another, of whichever kinds.

The rule it keeps: all or nothing, in one transaction; the source is not changed, and the target must be empty. Numbers
that have been given away are never given again, also those of rows that are deleted.
"""

from collections.abc import Callable
from itertools import islice
from typing import Any

from sqlalchemy import Column, Connection, Engine, Table, func, insert, inspect, select, text
from sqlmodel import Session, SQLModel

import storage.tables
from storage import migrate, postgresql, search
from storage.errors import Unusable

AT_ONCE = 500
"""Rows in one statement."""
Progress = Callable[[str, int, int], None]
"""Called with the name of a table, and how many of how many rows of all tables are there."""
assert storage.tables.__all__


class NotCopied(Unusable):
    """Copying was refused or broken off; the target is as it was."""


class WrongSchema(NotCopied):
    """The source is not at this version's schema."""


class NotEmpty(NotCopied):
    """The target has rows already."""


class CountsDiffer(NotCopied):
    """A table has not arrived whole."""


def copy(source: Engine, target: Engine, progress: Progress) -> dict[str, int]:
    """Copy every row, and build the full-text index anew; how many rows each table has.

    The caller sees to it that nobody writes to either database meanwhile.

    Raises:
        WrongSchema, NotEmpty, CountsDiffer: nothing was copied.
    """
    tables = SQLModel.metadata.sorted_tables
    with source.connect() as old, target.begin() as new:
        if old.dialect.name == "postgresql":
            postgresql.take_time(old)
        if migrate.revision_of(old) != migrate.newest():
            raise WrongSchema
        if any(_count(new, table) for table in tables if inspect(new).has_table(table.name)):
            raise NotEmpty
        migrate.upgrade_on(new)
        counts = {table.name: _count(old, table) for table in tables}
        report = _Report(progress, sum(counts.values()) + counts["item_text"])
        for table in tables:
            _copy_rows(old, new, table, report)
            _continue_numbers(old, new, table)
        with Session(new) as session:
            search.refill(session, lambda: report.add("search"))
            session.flush()
        if counts != {table.name: _count(new, table) for table in tables}:
            raise CountsDiffer
    return counts


class _Report:
    def __init__(self, progress: Progress, total: int) -> None:
        self._progress = progress
        self._total = total
        self._done = 0

    def add(self, name: str, rows: int = 1) -> None:
        self._done += rows
        self._progress(name, self._done, self._total)


def _count(connection: Connection, table: Table) -> int:
    return connection.scalar(select(func.count()).select_from(table)) or 0


def _copy_rows(old: Connection, new: Connection, table: Table, report: _Report) -> None:
    rows = old.execute(select(table).execution_options(yield_per=AT_ONCE)).mappings()
    while part := [dict(row) for row in islice(rows, AT_ONCE)]:
        new.execute(insert(table), part)
        report.add(table.name, len(part))


def _continue_numbers(old: Connection, new: Connection, table: Table) -> None:
    """The next row that numbers itself gets the number it would have got in the source."""
    column = table.autoincrement_column
    if column is None:
        return
    highest = max(filter(None, (old.scalar(select(func.max(column))), _last_given(old, table, column))), default=None)
    if highest is None:
        return
    if new.dialect.name == "postgresql":
        new.execute(_OF_POSTGRESQL["set"], {"table": table.name, "column": column.name, "number": highest})
    elif table.dialect_options["sqlite"]["autoincrement"]:
        new.execute(text("DELETE FROM sqlite_sequence WHERE name = :table"), {"table": table.name})
        row = {"table": table.name, "number": highest}
        new.execute(text("INSERT INTO sqlite_sequence (name, seq) VALUES (:table, :number)"), row)


def _last_given(old: Connection, table: Table, column: Column[Any]) -> int | None:
    """The newest number that the source's own counter gave, if it keeps one."""
    is_postgresql = old.dialect.name == "postgresql"
    asked = _OF_POSTGRESQL["last"] if is_postgresql else text("SELECT seq FROM sqlite_sequence WHERE name = :table")
    names = {"table": table.name, "column": column.name} if is_postgresql else {"table": table.name}
    found: int | None = old.scalar(asked, names)
    return found


_SEQUENCE = "CAST(pg_get_serial_sequence(:table, :column) AS regclass)"
_OF_POSTGRESQL = {
    "last": text(f"SELECT pg_sequence_last_value({_SEQUENCE})"),
    "set": text(f"SELECT setval({_SEQUENCE}, :number)"),
}
