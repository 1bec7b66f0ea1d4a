"""Insert or update many rows at once, spelled alike for SQLite and PostgreSQL."""

from collections.abc import Mapping, Sequence
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
    changing = [name for name in rows[0] if name not in key]
    if not changing:
        insert_new(session, table, rows, key=key)
        return
    model, insert = _insert(session, table)
    changed = {
        name: model.c[name] + insert.excluded[name] if name in add else insert.excluded[name] for name in changing
    }
    _execute(session, insert.on_conflict_do_update(index_elements=list(key), set_=changed), rows)


def insert_new(
    session: Session, table: type[SQLModel], rows: Sequence[Mapping[str, Any]], *, key: Sequence[str]
) -> None:
    """Write those of ``rows`` whose ``key`` is not there yet."""
    if rows:
        _, insert = _insert(session, table)
        _execute(session, insert.on_conflict_do_nothing(index_elements=list(key)), rows)


def _insert(session: Session, table: type[SQLModel]) -> tuple[Any, Any]:
    model: Any = table.__table__  # type: ignore[attr-defined]
    dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
    return model, dialect.insert(model)


def _execute(session: Session, statement: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    session.connection().execute(statement, [dict(row) for row in rows])
