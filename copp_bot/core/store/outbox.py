"""The outbox's queries."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Select, Update, bindparam, insert, select, update
from sqlmodel import Session, SQLModel, col

from storage.tables.outbox import OutboxRow, OutboxState, ShownRow
from storage.upsert import upsert

__all__ = ["OutboxRow", "OutboxState"]


def add(session: Session, rows: Sequence[Mapping[str, Any]], shown: Sequence[Mapping[str, Any]]) -> None:
    """Write messages to send, and which items they show."""
    if rows:
        session.connection().execute(insert(_table(OutboxRow)), [dict(row) for row in rows])
    upsert(session, ShownRow, shown, key=("txn_id", "item_id"))


def get(session: Session, txn_id: str) -> OutboxRow | None:
    """One message by its transaction id."""
    return session.scalars(_by_txn(), {"txn": txn_id}).first()


@cache
def _by_txn() -> Select[OutboxRow]:
    return select(OutboxRow).where(col(OutboxRow.txn_id) == bindparam("txn"))


def by_event(session: Session, event_id: str) -> OutboxRow | None:
    """The message that became this event."""
    return session.scalars(select(OutboxRow).where(col(OutboxRow.event_id) == event_id)).first()


def open_rows(session: Session) -> Sequence[OutboxRow]:
    """What has not gone out, oldest first."""
    statement = select(OutboxRow).where(col(OutboxRow.state) == OutboxState.OPEN)
    return session.scalars(statement.order_by(col(OutboxRow.id))).all()


def caused_by(session: Session, cause: str) -> Sequence[OutboxRow]:
    """The messages that follow from one cause."""
    statement = select(OutboxRow).where(col(OutboxRow.cause) == cause)
    return session.scalars(statement.order_by(col(OutboxRow.id))).all()


def cancel(session: Session, txn_id: str) -> None:
    """Do not send it any more, and forget what it said."""
    statement = update(OutboxRow).where(col(OutboxRow.txn_id) == txn_id, col(OutboxRow.state) == OutboxState.OPEN)
    session.execute(statement.values(state=OutboxState.CANCELLED, content=None))


def mark_sent(session: Session, sent: Sequence[tuple[str, str, str, datetime]]) -> None:
    """Mark as sent and empty: (transaction id, room id, event id, when) each."""
    session.connection().execute(_sent(), [{"t": t, "r": r, "e": e, "at": at} for t, r, e, at in sent])


@cache
def _sent() -> Update:
    table = _table(OutboxRow)
    values: dict[str, Any] = {"room_id": bindparam("r"), "event_id": bindparam("e"), "sent_at": bindparam("at")}
    return update(table).where(table.c.txn_id == bindparam("t")).values(state=OutboxState.SENT, content=None, **values)


def mark_redacted(session: Session, txn_id: str) -> None:
    """It has been taken back; once is enough."""
    session.execute(update(OutboxRow).where(col(OutboxRow.txn_id) == txn_id).values(state=OutboxState.REDACTED))


def mark_failed(session: Session, txn_id: str, error: str) -> None:
    """Give it up, and forget what it said."""
    statement = update(OutboxRow).where(col(OutboxRow.txn_id) == txn_id)
    session.execute(statement.values(state=OutboxState.FAILED, content=None, error=error[:500]))


def give_up(session: Session, target: str, error: str) -> Sequence[str]:
    """Give up whatever waits to go to a target; the transaction ids."""
    waiting = (col(OutboxRow.target) == target, col(OutboxRow.state) == OutboxState.OPEN)
    txns = session.scalars(select(col(OutboxRow.txn_id)).where(*waiting)).all()
    session.execute(update(OutboxRow).where(*waiting).values(state=OutboxState.FAILED, content=None, error=error))
    return txns


def _table(model: type[SQLModel]) -> Any:
    return model.__table__  # type: ignore[attr-defined]
