"""Queries of meetings. Whatever shows a meeting has passed the read gate for its item."""

from collections.abc import Collection, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import delete, func, select
from sqlmodel import Session, col

from copp_bot.core.ids import Audience, ItemId, Scope, UserId
from copp_bot.core.store import inbox as inbox_store
from copp_bot.core.store import items as items_store
from copp_bot.features.meetings.times import Series, WallTime
from storage.tables.items import ItemRow, ItemState
from storage.tables.meetings import Answer, MeetingChangeRow, MeetingRow, RsvpRow
from storage.tables.people import PersonRow
from storage.tables.rooms import MembershipRow
from storage.upsert import upsert

__all__ = ["Answer"]
KIND = "meeting"
Item = ItemRow
Meeting = MeetingRow
Rsvp = RsvpRow


def is_live(item: Item) -> bool:
    """Has nobody withdrawn it?"""
    return item.state == ItemState.LIVE


def add(session: Session, meeting: Meeting) -> None:
    """Write a new meeting, or one that was changed."""
    session.add(meeting)
    session.flush()


def get(session: Session, item_id: ItemId) -> Meeting | None:
    """A meeting's own columns. The caller has passed the gate for the item."""
    return session.get(MeetingRow, item_id)


def series(session: Session, meeting: Meeting) -> Series:
    """When it takes place."""
    rows = session.scalars(select(MeetingChangeRow).where(col(MeetingChangeRow.item_id) == meeting.item_id))
    changes = {datetime.fromisoformat(row.name): _moved_to(row) for row in rows}
    start = WallTime(datetime.fromisoformat(meeting.wall), ZoneInfo(meeting.zone), meeting.fold)
    return Series(start, meeting.rule, changes)


def change(session: Session, item_id: ItemId, name: datetime, to: WallTime | None) -> None:
    """Move one meeting of a series, or cancel it."""
    row = {
        "item_id": item_id,
        "name": _iso(name),
        "to_wall": _iso(to.wall) if to else None,
        "to_zone": to.zone.key if to else None,
        "to_fold": to.fold if to else 0,
    }
    upsert(session, MeetingChangeRow, [row], key=("item_id", "name"))
    session.expire_all()


def forget_changes(session: Session, item_id: ItemId) -> None:
    """The series has new times, to which the old changes do not belong."""
    session.execute(delete(MeetingChangeRow).where(col(MeetingChangeRow.item_id) == item_id))


def coming(
    session: Session, audiences: Collection[Audience], now: datetime, limit: int, skip: int = 0
) -> Sequence[tuple[Item, Meeting]]:
    """Meetings to come that may be shown, the soonest first."""
    statement = (
        select(ItemRow, MeetingRow)
        .join(MeetingRow, col(MeetingRow.item_id) == col(ItemRow.id))
        .where(col(MeetingRow.next_at) > now, col(MeetingRow.is_cancelled).is_(False), items_store.visible(audiences))
        .order_by(col(MeetingRow.next_at), col(ItemRow.id))
    )
    return [(item, meeting) for item, meeting in session.execute(statement.limit(limit).offset(skip))]


def due(session: Session, now: datetime, limit: int) -> Sequence[tuple[Item, Meeting]]:
    """Meetings about which something has to be done, the longest due first."""
    statement = (
        select(ItemRow, MeetingRow)
        .join(MeetingRow, col(MeetingRow.item_id) == col(ItemRow.id))
        .where(col(MeetingRow.due_at) <= now)
        .order_by(col(MeetingRow.due_at))
    )
    return [(item, meeting) for item, meeting in session.execute(statement.limit(limit))]


def put_away(session: Session, meeting: Meeting) -> None:
    """Nothing is due about it any more; a change of its time makes it due again."""
    session.refresh(meeting)
    meeting.due_at = None
    add(session, meeting)


def zones_of(session: Session, room_id: str) -> Sequence[str]:
    """The zones of those in a room who have said theirs, the most frequent first."""
    statement = (
        select(col(PersonRow.timezone))
        .join(MembershipRow, col(MembershipRow.user_id) == col(PersonRow.user_id))
        .where(
            col(MembershipRow.room_id) == room_id,
            col(MembershipRow.membership) == "join",
            col(PersonRow.timezone).is_not(None),
        )
        .group_by(col(PersonRow.timezone))
        .order_by(func.count().desc(), col(PersonRow.timezone))
    )
    return [zone for zone in session.scalars(statement) if zone]


def answer(session: Session, item_id: ItemId, user_id: UserId, said: Answer, now: datetime) -> None:
    """Write what somebody says now; saying the same again keeps their place."""
    row = session.get(RsvpRow, (item_id, user_id))
    if row is None:
        session.add(RsvpRow(item_id=item_id, user_id=user_id, answer=said, since=now))
    elif row.answer != said:
        row.answer, row.since = said, now
        session.add(row)
    session.flush()


def answers(session: Session, item_id: ItemId) -> Sequence[Rsvp]:
    """Everyone's answer, in the order in which they gave it."""
    statement = select(RsvpRow).where(col(RsvpRow.item_id) == item_id)
    return session.scalars(statement.order_by(col(RsvpRow.since), col(RsvpRow.user_id))).all()


def forget_meeting(session: Session, item_id: ItemId) -> None:
    """Everything of a meeting besides its item."""
    for table in (MeetingChangeRow, RsvpRow, MeetingRow):
        session.execute(delete(table).where(col(table.item_id) == item_id))


def forget_person(session: Session, user_id: UserId) -> None:
    """What a person has answered."""
    session.execute(delete(RsvpRow).where(col(RsvpRow.user_id) == user_id))


def is_reaction(session: Session, event_id: str) -> bool:
    """Was this a choice by reaction, which has no message that could be answered?"""
    row = inbox_store.by_event(session, event_id)
    return row is not None and row.kind == "reaction"


def planned_between(session: Session, scope: Scope, start: datetime, end: datetime) -> int:
    """How many meetings a scope planned."""
    statement = select(func.count()).where(
        col(ItemRow.kind) == KIND,
        col(ItemRow.scope) == scope,
        col(ItemRow.created_at) >= start,
        col(ItemRow.created_at) < end,
    )
    return session.scalar(statement) or 0


def _moved_to(row: MeetingChangeRow) -> WallTime | None:
    if row.to_wall is None or row.to_zone is None:
        return None
    return WallTime(datetime.fromisoformat(row.to_wall), ZoneInfo(row.to_zone), row.to_fold)


def _iso(wall: datetime) -> str:
    return wall.isoformat(timespec="minutes")
