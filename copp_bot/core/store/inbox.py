"""The inbox's queries."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Integer, Select, bindparam, func, select, update
from sqlmodel import Session, col

from copp_bot.core.ids import EventId, RoomId
from storage.tables.inbox import GapRow, InboxRow, InboxState
from storage.tables.outbox import OutboxRow
from storage.tables.rooms import RoomRow
from storage.upsert import insert_new

__all__ = ["InboxRow", "InboxState"]
REDACTION = "redaction"


def add(session: Session, rows: Sequence[Mapping[str, Any]], now: datetime) -> bool:
    """Write what came in, each event once; True when there was anything."""
    complete = [{"state": InboxState.NEW, "attempts": 0, "received_at": now, **row} for row in rows]
    insert_new(session, InboxRow, complete, key=("event_id",))
    return bool(rows)


def waiting(session: Session, limit: int) -> Sequence[InboxRow]:
    """What has not been handled, in sync order; but what people have taken back comes before everything else.

    Behind an hour's backlog a redaction would leave its words readable for as long. A message that it is about and
    that waits is never run, so going first changes nothing but the time.
    """
    at_most = {"limit": limit}
    return session.scalars(_waiting(REDACTION), at_most).all() or session.scalars(_waiting(None), at_most).all()


@cache
def _waiting(kind: str | None) -> Select[InboxRow]:
    """Asked all the time, and building it costs more than asking: it is built once."""
    statement = select(InboxRow).where(col(InboxRow.state) == InboxState.NEW).order_by(col(InboxRow.id))
    statement = statement.limit(bindparam("limit", type_=Integer))
    return statement if kind is None else statement.where(col(InboxRow.kind) == kind)


@dataclass(frozen=True)
class Newest:
    """An event that the homeserver has given us, or has taken from us."""

    room_id: RoomId
    event_id: EventId
    sent_at: datetime


def newest(session: Session) -> Newest | None:
    """The newest event that came in or went out."""
    came = select(col(InboxRow.room_id), col(InboxRow.event_id), col(InboxRow.sent_at))
    came = came.where(col(InboxRow.event_id).startswith("$")).order_by(col(InboxRow.id).desc()).limit(1)
    went = select(col(OutboxRow.room_id), col(OutboxRow.event_id), col(OutboxRow.sent_at))
    went = went.where(col(OutboxRow.event_id).is_not(None)).order_by(col(OutboxRow.id).desc()).limit(1)
    rows = [row for statement in (came, went) for row in session.execute(statement)]
    found = [Newest(RoomId(room or ""), EventId(event), sent_at) for room, event, sent_at in rows]
    return max(found, key=lambda one: one.sent_at, default=None)


def by_event(session: Session, event_id: str) -> InboxRow | None:
    """The row of an event."""
    return session.scalars(select(InboxRow).where(col(InboxRow.event_id) == event_id)).first()


def is_reaction(session: Session, event_id: str) -> bool:
    """Was this a reaction, which has no message that could be answered?"""
    row = by_event(session, event_id)
    return row is not None and row.kind == "reaction"


def known(session: Session, event_ids: Iterable[str]) -> set[str]:
    """Those of the events that came in before."""
    statement = select(col(InboxRow.event_id)).where(col(InboxRow.event_id).in_(list(event_ids)))
    return set(session.scalars(statement))


def end(session: Session, ended: Sequence[tuple[int, InboxState, str | None]], now: datetime) -> None:
    """Mark rows as handled, and empty them; what is quarantined keeps its body for the operator."""
    table: Any = InboxRow.__table__  # type: ignore[attr-defined]
    done = [{"i": row, "s": state, "e": error} for row, state, error in ended if state is not InboxState.QUARANTINED]
    kept = [{"i": row, "s": state, "e": error} for row, state, error in ended if state is InboxState.QUARANTINED]
    base = update(table).where(table.c.id == bindparam("i"))
    if done:
        statement = base.values(state=bindparam("s"), error=bindparam("e"), body=None, done_at=now)
        session.connection().execute(statement, done)
    if kept:
        statement = base.values(state=bindparam("s"), error=bindparam("e"), done_at=now)
        session.connection().execute(statement, kept)


def count(session: Session, state: InboxState) -> int:
    """How many stand so."""
    return session.scalar(select(func.count()).where(col(InboxRow.state) == state)) or 0


def quarantined(session: Session) -> Sequence[InboxRow]:
    """What made a handler fail and waits for an operator, oldest first."""
    statement = select(InboxRow).where(col(InboxRow.state) == InboxState.QUARANTINED)
    return session.scalars(statement.order_by(col(InboxRow.id))).all()


def retry(session: Session, row_ids: Iterable[int]) -> None:
    """Put rows back, to be handled anew in their order."""
    attempts = col(InboxRow.attempts) + 1
    _of_quarantine(session, row_ids, state=InboxState.NEW, error=None, done_at=None, attempts=attempts)


def drop(session: Session, row_ids: Iterable[int]) -> None:
    """Give rows up, and forget what they said."""
    _of_quarantine(session, row_ids, state=InboxState.CANCELLED, body=None)


def _of_quarantine(session: Session, row_ids: Iterable[int], **values: Any) -> None:
    still = col(InboxRow.state) == InboxState.QUARANTINED
    session.execute(update(InboxRow).where(col(InboxRow.id).in_(list(row_ids)), still).values(**values))


def joined_rooms(session: Session) -> set[RoomId]:
    """The rooms the bot is in, by the mirror."""
    statement = select(col(RoomRow.room_id)).where(col(RoomRow.membership) == "join")
    return {RoomId(room) for room in session.scalars(statement)}


def add_gap(session: Session, room_id: str, gap: tuple[str, str | None, str], now: datetime) -> None:
    """Record a stretch of timeline that could not be read."""
    start, end_token, error = gap
    session.add(GapRow(room_id=room_id, from_token=start, to_token=end_token, noticed_at=now, error=error))
    session.flush()


def close_gap(session: Session, room_id: str, start: str, now: datetime) -> None:
    """The stretch has been read."""
    statement = update(GapRow).where(col(GapRow.room_id) == room_id, col(GapRow.from_token) == start)
    session.execute(statement.values(closed_at=now, error=None))


def lose_gap(session: Session, room_id: str, start: str) -> None:
    """The stretch will not be read; it stays recorded as open."""
    statement = update(GapRow).where(col(GapRow.room_id) == room_id, col(GapRow.from_token) == start)
    session.execute(statement.values(error="lost"))


def open_gaps(session: Session) -> int:
    """How many stretches are missing."""
    return session.scalar(select(func.count()).where(col(GapRow.closed_at).is_(None))) or 0
