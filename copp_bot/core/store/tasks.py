"""Durable tasks: intents waiting for the network."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select, update
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
    statement = select(TaskRow).where(
        col(TaskRow.id).in_(_first_of_lanes()), col(TaskRow.not_before) <= now, col(TaskRow.kind).not_in(sorted(held))
    )
    order = (col(TaskRow.kind).in_(sorted(bulk)), col(TaskRow.id))
    return session.scalars(statement.order_by(*order).limit(limit)).all()


def next_due(session: Session, held: Collection[str] = ()) -> datetime | None:
    """When the next task that no other holds up may run; tasks of ``held`` kinds are left out."""
    statement = select(col(TaskRow.not_before)).where(
        col(TaskRow.id).in_(_first_of_lanes()), col(TaskRow.kind).not_in(sorted(held))
    )
    return session.scalars(statement.order_by(col(TaskRow.not_before)).limit(1)).first()


def count_open(session: Session) -> int:
    """How many wait."""
    return session.scalar(select(func.count()).where(col(TaskRow.state) == TaskState.OPEN)) or 0


def end(session: Session, task_id: int, state: TaskState, now: datetime, error: str | None = None) -> None:
    """Done, failed or cancelled; the payload is emptied."""
    statement = update(TaskRow).where(col(TaskRow.id) == task_id)
    session.execute(statement.values(state=state, ended_at=now, error=error, payload={}))


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


def _first_of_lanes() -> Select[int | None]:
    open_tasks = col(TaskRow.state) == TaskState.OPEN
    return select(func.min(col(TaskRow.id))).where(open_tasks).group_by(col(TaskRow.lane))
