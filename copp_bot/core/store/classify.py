"""What the intake must know to sort: which rooms are whose, and which events are known."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Select, select
from sqlmodel import Session, col

from copp_bot.core.store import inbox
from storage.tables.items import ItemRow
from storage.tables.outbox import OutboxRow
from storage.tables.rooms import RoomKind, RoomRow

AT_ONCE = 1000
"""Ids in one statement: SQLite takes 32,766 parameters at most, and a closed gap can bring more."""


@dataclass(frozen=True)
class KnownRoom:
    """A room of ours."""

    key: str | None
    scope: str
    is_direct: bool


def known_rooms(session: Session, room_ids: Iterable[str]) -> dict[str, KnownRoom]:
    """Those of the rooms that are ours."""
    rows = session.scalars(select(RoomRow).where(col(RoomRow.room_id).in_(list(room_ids))))
    return {
        row.room_id: KnownRoom(row.key, row.scope, row.kind == RoomKind.DIRECT) for row in rows if row.scope is not None
    }


def known_events(session: Session, event_ids: Iterable[str]) -> set[str]:
    """Those of the events that we sent, that came in for us, or that something was made from."""
    wanted = list(event_ids)
    parts = (wanted[start : start + AT_ONCE] for start in range(0, len(wanted), AT_ONCE))
    return set().union(*(_known(session, part) for part in parts))


def publications(session: Session, event_ids: Iterable[str]) -> set[str]:
    """Those of the events that are messages of ours by which an item is published: their threads are followed."""
    wanted = list(event_ids)
    parts = (wanted[start : start + AT_ONCE] for start in range(0, len(wanted), AT_ONCE))
    return {event for part in parts for event in session.scalars(_publications(part)) if event}


def _publications(wanted: Sequence[str]) -> Select[str | None]:
    return (
        select(col(OutboxRow.event_id))
        .join(ItemRow, col(ItemRow.publication) == col(OutboxRow.txn_id))
        .where(col(OutboxRow.event_id).in_(wanted))
    )


def _known(session: Session, wanted: Sequence[str]) -> set[str]:
    sent = session.scalars(select(col(OutboxRow.event_id)).where(col(OutboxRow.event_id).in_(wanted)))
    made = session.scalars(select(col(ItemRow.event_id)).where(col(ItemRow.event_id).in_(wanted)))
    return {event for event in [*sent, *made] if event} | inbox.known(session, wanted)
