"""Queries of grants."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from copp_bot.core.ids import Scope, UserId
from copp_bot.core.mirror import PRESENT
from copp_bot.core.people import ROOT_KEY
from copp_bot.core.permissions import Grant
from copp_bot.core.store import people as people_store
from storage.tables.people import GrantRow
from storage.tables.rooms import MembershipRow, RoomKind, RoomRow


@dataclass(frozen=True)
class Held:
    """A grant in force."""

    id: int
    user_id: UserId
    role: str
    scope: Scope
    until: datetime | None


def in_force(session: Session, now: datetime) -> Sequence[Held]:
    """Every grant in force, in the order of granting."""
    return [_held(row) for row in people_store.all_grants(session, now)]


def held(session: Session, user_id: str, role: str, scope: str, now: datetime) -> Held | None:
    """This person's grant of this role in this scope, if it is in force."""
    return next((g for g in in_force(session, now) if (g.user_id, g.role, g.scope) == (user_id, role, scope)), None)


def add(session: Session, grant: tuple[str, str, str, datetime | None], by: str, now: datetime, declared: bool) -> None:
    """Write a grant (person, role, scope, until) given by ``by``."""
    user_id, role, scope, until = grant
    people_store.add_grant(session, user_id, Grant(role, Scope(scope), until), by, now, declared=declared)


def end(session: Session, ids: Iterable[int], now: datetime) -> None:
    """End grants; the rows stay, as history."""
    for grant_id in ids:
        row = session.get(GrantRow, grant_id)
        if row is not None:
            row.ended_at = now
            session.add(row)
    session.flush()


def run_out(session: Session, now: datetime) -> Sequence[Held]:
    """Grants whose time has passed and whose end has not been carried out yet."""
    statement = select(GrantRow).where(col(GrantRow.ended_at).is_(None), col(GrantRow.until) <= now)
    return [_held(row) for row in session.scalars(statement.order_by(col(GrantRow.id)))]


def gone(session: Session, now: datetime) -> Sequence[Held]:
    """Grants of people who have left the community themselves and are in no room of the bot's, nor invited to one.

    An account that is deactivated leaves every room; nothing else tells of it. An invitation to a direct chat tells
    nothing: the bot may have written to it a moment later.
    """
    held_now = in_force(session, now)
    rows = session.execute(
        select(col(MembershipRow.user_id), col(MembershipRow.membership), col(MembershipRow.by), col(RoomRow.key))
        .add_columns(col(RoomRow.kind))
        .join(RoomRow, col(RoomRow.room_id) == col(MembershipRow.room_id))
        .where(col(RoomRow.membership) == "join", col(MembershipRow.user_id).in_({g.user_id for g in held_now}))
    ).all()
    present = {
        user
        for user, membership, _by, _key, kind in rows
        if membership in PRESENT and (membership == "join" or kind is not RoomKind.DIRECT)
    }
    left = {
        user for user, membership, by, key, _kind in rows if key == ROOT_KEY and membership == "leave" and by == user
    }
    return [grant for grant in held_now if grant.user_id in left - present]


def is_empty(session: Session) -> bool:
    """Has no grant ever been written? Then the database is new or was lost."""
    return session.scalars(select(col(GrantRow.id)).limit(1)).first() is None


def _held(row: GrantRow) -> Held:
    assert row.id is not None
    return Held(row.id, UserId(row.user_id), row.role, Scope(row.scope), row.until)
