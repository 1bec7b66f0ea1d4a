"""Insert or update many rows at once, spelled alike for SQLite and PostgreSQL. Statements are built once."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, SQLModel


def upsert(
    session: Session,
    table: type[SQLModel],
    rows: Sequence[Mapping[str, Any]],
    *,
    key: Sequence[str],
    add: Sequence[str] = (),
) -> None:
    """Write ``rows``; where ``key`` exists already its other columns are replaced, those in ``add`` are summed up."""
    if not rows:
        return
    changing = tuple(name for name in rows[0] if name not in key)
    if not changing:
        insert_new(session, table, rows, key=key)
        return
    _execute(session, _updating(_dialect(session), table, tuple(key), changing, tuple(add)), rows)


def insert_new(
    session: Session, table: type[SQLModel], rows: Sequence[Mapping[str, Any]], *, key: Sequence[str]
) -> None:
    """Write those of ``rows`` whose ``key`` is not there yet."""
    if rows:
        _execute(session, _leaving(_dialect(session), table, tuple(key)), rows)


def _dialect(session: Session) -> str:
    return session.get_bind().dialect.name


@cache
def _updating(
    dialect: str, table: type[SQLModel], key: tuple[str, ...], changing: tuple[str, ...], add: tuple[str, ...]
) -> Any:
    model, insert = _insert(dialect, table)
    changed = {
        name: model.c[name] + insert.excluded[name] if name in add else insert.excluded[name] for name in changing
    }
    return insert.on_conflict_do_update(index_elements=list(key), set_=changed)


@cache
def _leaving(dialect: str, table: type[SQLModel], key: tuple[str, ...]) -> Any:
    _model, insert = _insert(dialect, table)
    return insert.on_conflict_do_nothing(index_elements=list(key))


def _insert(dialect: str, table: type[SQLModel]) -> tuple[Any, Any]:
    model: Any = table.__table__  # type: ignore[attr-defined]
    return model, (sqlite if dialect == "sqlite" else postgresql).insert(model)


def _execute(session: Session, statement: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    session.connection().execute(statement, [dict(row) for row in rows])
