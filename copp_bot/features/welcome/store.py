"""Queries of arrivals."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from copp_bot.core.ids import UserId
from copp_bot.core.store import people as people_store
from copp_bot.core.store.rooms import JOINED
from storage.tables.people import PersonRow
from storage.tables.rooms import MembershipRow


@dataclass(frozen=True)
class Arrival:
    """Someone who is in Reception and has never been greeted."""

    user_id: UserId
    name: str | None
    since: datetime


def not_greeted(session: Session, room: str, except_user: str) -> Sequence[Arrival]:
    """Who is in the room and was never greeted, in the order of arrival."""
    statement = (
        select(col(MembershipRow.user_id), col(PersonRow.display_name), col(MembershipRow.since))
        .join(PersonRow, col(PersonRow.user_id) == col(MembershipRow.user_id), isouter=True)
        .where(
            col(MembershipRow.room_id) == room,
            col(MembershipRow.membership) == JOINED,
            col(MembershipRow.user_id) != except_user,
            col(PersonRow.welcomed_at).is_(None),
        )
        .order_by(col(MembershipRow.since), col(MembershipRow.user_id))
    )
    return [Arrival(UserId(user), name, since) for user, name, since in session.execute(statement)]


def greeted(session: Session, users: Sequence[UserId], now: datetime) -> None:
    """Note that these people have been greeted, once for ever."""
    for user in users:
        people_store.ensure(session, user, now).welcomed_at = now
    session.flush()
