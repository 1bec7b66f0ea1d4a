"""The mirror of rooms and memberships, as of the event that is being handled."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import NamedTuple

from sqlalchemy import Select, bindparam, exists, func, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from copp_bot.core.ids import RoomId, RoomKey, UserId
from storage.tables.rooms import MembershipRow, RoomKind, RoomRow
from storage.upsert import upsert

__all__ = ["MembershipRow", "RoomKind", "RoomRow"]
_HELD = "rooms"
"""Rows that the session asked for; it forgets by itself those that nobody holds, and asks for them again."""
JOINED = "join"
INVITED = "invite"


class Membership(NamedTuple):
    """One membership to write: the columns of ``MembershipRow``."""

    room_id: str
    user_id: str
    membership: str
    by: str
    since: datetime


def get(session: Session, room_id: str) -> RoomRow | None:
    """A room the bot knows."""
    row = session.get(RoomRow, room_id)
    if row is not None:
        session.info.setdefault(_HELD, {})[room_id] = row
    return row


def by_key(session: Session, key: str) -> RoomRow | None:
    """The room of a declared key."""
    return session.scalars(select(RoomRow).where(col(RoomRow.key) == key)).first()


def room_id(session: Session, key: str) -> RoomId | None:
    """The room id of a declared key."""
    found = session.scalars(_room_id(), {"key": key}).first()
    return RoomId(found) if found else None


def managed(session: Session) -> Sequence[RoomRow]:
    """Every space and room of ours that has a key."""
    return session.scalars(select(RoomRow).where(col(RoomRow.key).is_not(None)).order_by(col(RoomRow.key))).all()


def direct_room(session: Session, user_id: str) -> RoomId | None:
    """The chat of the bot and this person alone that both can read: it is not encrypted.

    One that the person is in comes before one that waits to be accepted; then the newest.
    """
    present = aliased(MembershipRow)
    people = select(func.count()).where(
        col(present.room_id) == col(RoomRow.room_id), col(present.membership).in_([JOINED, INVITED])
    )
    found = session.scalars(
        select(col(RoomRow.room_id))
        .join(MembershipRow, col(MembershipRow.room_id) == col(RoomRow.room_id))
        .where(
            col(RoomRow.scope) == f"direct:{user_id}",
            col(RoomRow.membership) == JOINED,
            col(RoomRow.encrypted).is_(False),
            col(MembershipRow.user_id) == user_id,
            col(MembershipRow.membership).in_([JOINED, INVITED]),
            people.scalar_subquery() <= 2,
        )
        .order_by((col(MembershipRow.membership) == JOINED).desc(), col(RoomRow.joined_at).desc())
    ).first()
    return RoomId(found) if found else None


def has_direct_chat(session: Session, user_id: str) -> bool:
    """Is this person in the direct chat, so that what is sent there is seen?"""
    room = direct_room(session, user_id)
    return room is not None and is_joined(session, room, user_id)


def membership(session: Session, room: str, user_id: str) -> MembershipRow | None:
    """The last known membership of a person in a room."""
    return session.get(MembershipRow, (room, user_id))


def put_memberships(session: Session, rows: Sequence[Membership]) -> None:
    """Write what the newest member events say."""
    upsert(session, MembershipRow, [row._asdict() for row in rows], key=("room_id", "user_id"))


def is_joined(session: Session, room: str | None, user_id: str) -> bool:
    """Is the person in the room?"""
    row = membership(session, room, user_id) if room else None
    return row is not None and row.membership == JOINED


def joined_users(session: Session, room: str) -> Sequence[UserId]:
    """Everyone in the room, by id."""
    rows = session.scalars(
        select(col(MembershipRow.user_id))
        .where(col(MembershipRow.room_id) == room, col(MembershipRow.membership) == JOINED)
        .order_by(col(MembershipRow.user_id))
    )
    return [UserId(user) for user in rows]


def count_joined(session: Session, room: str) -> int:
    """How many are in the room."""
    statement = select(func.count()).where(col(MembershipRow.room_id) == room, col(MembershipRow.membership) == JOINED)
    return session.scalar(statement) or 0


def joined_keys(session: Session, user_id: str) -> dict[RoomKey, RoomKind]:
    """The declared keys of the rooms that a person is in, with what they are."""
    rows = session.execute(_joined_keys(), {"user": user_id})
    return {RoomKey(key): kind for key, kind in rows if key is not None}


def someone_outside(session: Session, room: str, space: str, except_user: str) -> bool:
    """Is anyone in ``room`` (the bot aside) who is not in ``space``?"""
    asked = {"room": room, "space": space, "except_user": except_user}
    return session.scalars(_someone_outside(), asked).first() is not None


def present_users(session: Session, room: str) -> Sequence[UserId]:
    """Everyone joined or invited, by id."""
    rows = session.scalars(
        select(col(MembershipRow.user_id)).where(
            col(MembershipRow.room_id) == room, col(MembershipRow.membership).in_([JOINED, INVITED])
        )
    )
    return [UserId(user) for user in rows]


def filed_ids(session: Session, except_scope: str) -> frozenset[RoomId]:
    """Rooms that are known to be something else than a room of this scope; one of no scope may become anything."""
    scope = col(RoomRow.scope)
    rows = session.scalars(select(col(RoomRow.room_id)).where(scope.is_not(None), scope != except_scope))
    return frozenset(RoomId(room) for room in rows)


# These are asked for every message, and building them costs more than asking: they are built once.
@cache
def _joined_keys() -> Select[str | None, RoomKind]:
    return (
        select(col(RoomRow.key), col(RoomRow.kind))
        .join(MembershipRow, col(MembershipRow.room_id) == col(RoomRow.room_id))
        .where(
            col(MembershipRow.user_id) == bindparam("user"),
            col(MembershipRow.membership) == JOINED,
        )
    )


@cache
def _room_id() -> Select[str]:
    return select(col(RoomRow.room_id)).where(col(RoomRow.key) == bindparam("key"))


@cache
def _someone_outside() -> Select[str]:
    here, there = aliased(MembershipRow), aliased(MembershipRow)
    is_inside = exists().where(
        col(there.room_id) == bindparam("space"),
        col(there.user_id) == col(here.user_id),
        col(there.membership) == JOINED,
    )
    return (
        select(col(here.user_id))
        .where(
            col(here.room_id) == bindparam("room"),
            col(here.membership) == JOINED,
            col(here.user_id) != bindparam("except_user"),
            ~is_inside,
        )
        .limit(1)
    )
