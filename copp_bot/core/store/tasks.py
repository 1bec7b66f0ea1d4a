"""Durable tasks: intents waiting for the network."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Integer, Select, Update, bindparam, func, select, update
from sqlmodel import Session, col

from storage.tables.tasks import TaskRow, TaskState
from storage.upsert import insert_new

__all__ = ["TaskRow", "TaskState"]


def add(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write intents; one whose marker is there already is the same intent, and stays as it is."""
    insert_new(session, TaskRow, [{"state": TaskState.OPEN, "attempts": 0, **row} for row in rows], key=("marker",))


def due(
    session: Session, now: datetime, limit: int, bulk: Collection[str] = (), held: Collection[str] = ()
) -> Sequence[TaskRow]:
    """Open tasks whose time has come, the oldest of each lane; those of ``bulk`` kinds come last, of ``held`` not."""
    statement = _due(tuple(sorted(bulk)), tuple(sorted(held)))
    return session.scalars(statement, {"now": now, "limit": limit}).all()


def next_due(session: Session, held: Collection[str] = ()) -> datetime | None:
    """When the next task that no other holds up may run; tasks of ``held`` kinds are left out."""
    return session.scalars(_next_due(tuple(sorted(held)))).first()


def count_open(session: Session) -> int:
    """How many wait."""
    return session.scalar(select(func.count()).where(col(TaskRow.state) == TaskState.OPEN)) or 0


def end(session: Session, task_id: int, state: TaskState, now: datetime, error: str | None = None) -> None:
    """Done, failed or cancelled; the payload is emptied."""
    values = {"task": task_id, "became": state, "at": now, "why": error}
    session.connection().execute(_end(), values)


def postpone(session: Session, task_id: int, until: datetime, attempts: int, error: str) -> None:
    """Try again later."""
    statement = update(TaskRow).where(col(TaskRow.id) == task_id)
    session.execute(statement.values(not_before=until, attempts=attempts, error=error[:500]))


def cancel_caused_by(session: Session, cause: str, now: datetime) -> None:
    """Drop what has not been done of a cause that was taken back."""
    statement = update(TaskRow).where(col(TaskRow.cause) == cause, col(TaskRow.state) == TaskState.OPEN)
    session.execute(statement.values(state=TaskState.CANCELLED, ended_at=now, payload={}))


def markers_caused_by(session: Session, cause: str) -> Sequence[str]:
    """The markers of the tasks that follow from one cause."""
    return session.scalars(select(col(TaskRow.marker)).where(col(TaskRow.cause) == cause)).all()


# These are asked for every task, and building them costs more than asking: they are built once.
@cache
def _due(bulk: tuple[str, ...], held: tuple[str, ...]) -> Select[TaskRow]:
    is_its_time = (col(TaskRow.id).in_(_first_of_lanes()), col(TaskRow.not_before) <= bindparam("now"))
    statement = select(TaskRow).where(*is_its_time, col(TaskRow.kind).not_in(held))
    return statement.order_by(col(TaskRow.kind).in_(bulk), col(TaskRow.id)).limit(bindparam("limit", type_=Integer))


@cache
def _next_due(held: tuple[str, ...]) -> Select[datetime]:
    statement = select(col(TaskRow.not_before)).where(col(TaskRow.id).in_(_first_of_lanes()))
    return statement.where(col(TaskRow.kind).not_in(held)).order_by(col(TaskRow.not_before)).limit(1)


@cache
def _end() -> Update:
    table: Any = TaskRow.__table__  # type: ignore[attr-defined]
    became = {"state": bindparam("became"), "ended_at": bindparam("at"), "error": bindparam("why"), "payload": {}}
    return update(table).where(table.c.id == bindparam("task")).values(**became)


def _first_of_lanes() -> Select[int | None]:
    open_tasks = col(TaskRow.state) == TaskState.OPEN
    return select(func.min(col(TaskRow.id))).where(open_tasks).group_by(col(TaskRow.lane))
