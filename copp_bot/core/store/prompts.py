"""Persisted choices."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from storage.tables.outbox import OutboxRow
from storage.tables.prompts import PromptRow

__all__ = ["PromptRow"]


def add(  # noqa: PLR0913, PLR0917 - the columns of one row
    session: Session,
    txn_id: str,
    target: str,
    options: Mapping[str, str],
    asked: Sequence[str],
    reactions: Sequence[str],
    source: str | None,
    once: bool,
    now: datetime,
    life: timedelta,
) -> None:
    """Write a question; an edited message replaces its earlier choices."""
    row = session.scalars(select(PromptRow).where(col(PromptRow.txn_id) == txn_id)).first()
    values: dict[str, Any] = {
        "txn_id": txn_id,
        "room_id": target,
        "options": dict(options),
        "asked": list(asked),
        "reactions": list(reactions),
        "source_event": source,
        "once": once,
        "created_at": now,
        "expires_at": now + life,
        "answered_at": None,
        "answered_by": None,
    }
    if row is None:
        session.add(PromptRow(**values))
    else:
        row.sqlmodel_update(values)
    session.flush()


def empty(session: Session, txn_id: str) -> tuple[str, ...]:
    """Forget what a question offers: it, or its message, goes. The transaction ids of the reactions that offer it."""
    row = session.scalars(select(PromptRow).where(col(PromptRow.txn_id) == txn_id)).first()
    if row is None or not row.options:
        return ()
    row.options = {}
    session.add(row)
    session.flush()
    return tuple(row.reactions)


def newest(session: Session, targets: Sequence[str], count: int) -> Sequence[PromptRow]:
    """The last ``count`` questions that were put in one of these places (a room, or a person's direct chat)."""
    statement = select(PromptRow).where(col(PromptRow.room_id).in_(targets)).order_by(col(PromptRow.id).desc())
    return session.scalars(statement.limit(count)).all()


def by_event(session: Session, event_id: str) -> PromptRow | None:
    """The question that a message of ours puts."""
    statement = (
        select(PromptRow)
        .join(OutboxRow, col(OutboxRow.txn_id) == col(PromptRow.txn_id))
        .where(col(OutboxRow.event_id) == event_id)
    )
    return session.scalars(statement).first()
