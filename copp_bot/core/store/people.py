"""Profiles, interests and grants."""

from collections.abc import Sequence
from datetime import datetime
from functools import cache

from sqlalchemy import ColumnElement, Select, bindparam, delete, inspect, or_, select
from sqlmodel import Session, col

from copp_bot.core.ids import Scope, UserId
from copp_bot.core.permissions import Grant
from storage.tables.people import GrantRow, InterestRow, PersonRow

_HELD = "people"
"""Rows that the session asked for before; one that was deleted, or made in what was rolled back, is none of them."""


@cache
def _by_user_id() -> Select[PersonRow]:
    return select(PersonRow).where(col(PersonRow.user_id) == bindparam("user_id"))


def get(session: Session, user_id: str) -> PersonRow | None:
    """The person's row, None when never met or forgotten."""
    held: dict[str, PersonRow] = session.info.setdefault(_HELD, {})
    row = held.get(user_id)
    if row is not None and inspect(row).persistent:
        return row
    row = session.scalars(_by_user_id(), {"user_id": user_id}).first()
    if row is not None:
        held[user_id] = row
    return row


def ensure(session: Session, user_id: str, now: datetime) -> PersonRow:
    """The person's row, made when missing."""
    row = get(session, user_id)
    if row is None:
        row = PersonRow(user_id=user_id, first_seen=now)
        session.add(row)
        session.flush()
    return row


def names(session: Session, users: Sequence[str]) -> dict[UserId, str]:
    """Display names where known."""
    rows = session.scalars(select(PersonRow).where(col(PersonRow.user_id).in_(users)))
    return {UserId(row.user_id): row.display_name for row in rows if row.display_name}


def grants(session: Session, user_id: str, now: datetime) -> tuple[Grant, ...]:
    """The roles in force."""
    rows = session.scalars(select(GrantRow).where(col(GrantRow.user_id) == user_id, *_in_force(now)))
    return tuple(Grant(row.role, Scope(row.scope), row.until) for row in rows)


def all_grants(session: Session, now: datetime) -> Sequence[GrantRow]:
    """Every grant in force, in the order of granting."""
    return session.scalars(select(GrantRow).where(*_in_force(now)).order_by(col(GrantRow.id))).all()


def add_grant(session: Session, user_id: str, grant: Grant, by: str, now: datetime, *, declared: bool = False) -> None:
    """Write a grant given by ``by``."""
    row = GrantRow(
        user_id=user_id,
        role=grant.role,
        scope=grant.scope,
        until=grant.until,
        granted_by=by,
        granted_at=now,
        declared=declared,
    )
    session.add(row)
    session.flush()


def interests(session: Session, user_id: str) -> Sequence[InterestRow]:
    """The person's interests in alphabetical order."""
    statement = select(InterestRow).where(col(InterestRow.user_id) == user_id)
    return session.scalars(statement.order_by(col(InterestRow.folded))).all()


def replace_interests(session: Session, user_id: str, words: dict[str, str]) -> None:
    """Set the interests: folded word -> word as typed."""
    session.execute(delete(InterestRow).where(col(InterestRow.user_id) == user_id))
    session.add_all(InterestRow(user_id=user_id, folded=folded, word=word) for folded, word in words.items())
    session.flush()


def _in_force(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (col(GrantRow.ended_at).is_(None), or_(col(GrantRow.until).is_(None), col(GrantRow.until) > now))
