"""Queries of grants."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from copp_bot.core.ids import Scope, UserId
from copp_bot.core.people import ROOT_KEY
from copp_bot.core.permissions import Grant
from copp_bot.core.store import people as people_store
from storage.tables.people import GrantRow
from storage.tables.rooms import MembershipRow, RoomRow

OUT = ("leave", "ban")
"""Memberships of who is outside."""


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


def outside(session: Session, now: datetime) -> Sequence[Held]:
    """Grants of people who have left the community's space, or were put out of it; an ended account has left."""
    root = select(col(RoomRow.room_id)).where(col(RoomRow.key) == ROOT_KEY, col(RoomRow.membership) == "join")
    statement = select(col(MembershipRow.user_id)).where(
        col(MembershipRow.room_id).in_(root), col(MembershipRow.membership).in_(OUT)
    )
    people = set(session.scalars(statement))
    return [grant for grant in in_force(session, now) if grant.user_id in people]


def is_empty(session: Session) -> bool:
    """Has no grant ever been written? Then the database is new or was lost."""
    return session.scalars(select(col(GrantRow.id)).limit(1)).first() is None


def _held(row: GrantRow) -> Held:
    assert row.id is not None
    return Held(row.id, UserId(row.user_id), row.role, Scope(row.scope), row.until)
