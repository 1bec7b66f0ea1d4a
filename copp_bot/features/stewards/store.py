"""Queries of duty, hand-over notes and deeds."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, delete, func, select, update
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from copp_bot.core.ids import EventId, Scope, UserId
from copp_bot.core.store.duty import is_running, on_duty
from copp_bot.core.store.rooms import JOINED
from storage.tables.people import PersonRow
from storage.tables.rooms import MembershipRow
from storage.tables.stewards import DeedRow, DutyRow, HandoverRow, NewcomerRow, SevenRoles

__all__ = ["DeedRow", "DutyRow", "HandoverRow", "NewcomerRow", "SevenRoles", "on_duty"]


@dataclass(frozen=True)
class Deeds:
    """How often someone was something to others."""

    user_id: UserId
    role: SevenRoles
    count: int


def duty_of(session: Session, user_id: str, scope: str, now: datetime) -> DutyRow | None:
    """The running duty of one person in a scope."""
    mine = (col(DutyRow.user_id) == user_id, col(DutyRow.scope) == scope, *is_running(now))
    return session.scalars(select(DutyRow).where(*mine)).first()


def running(session: Session, scope: Scope | None, now: datetime) -> Sequence[DutyRow]:
    """Every duty that runs, in one scope or, with None, in any."""
    here = (col(DutyRow.scope) == scope,) if scope is not None else ()
    return session.scalars(select(DutyRow).where(*here, *is_running(now)).order_by(col(DutyRow.id))).all()


def begin(session: Session, user_id: str, scope: str, now: datetime, until: datetime | None) -> None:
    """Someone is there from now on."""
    session.add(DutyRow(user_id=user_id, scope=scope, since=now, until=until))
    session.flush()


def hand_over(session: Session, note: HandoverRow) -> None:
    """Keep a note for the next."""
    session.add(note)
    session.flush()


def last_note(session: Session, scope: str, since: datetime) -> HandoverRow | None:
    """The newest note of a scope, unless it is older than ``since``."""
    statement = select(HandoverRow).where(col(HandoverRow.scope) == scope, col(HandoverRow.written_at) >= since)
    return session.scalars(statement.order_by(col(HandoverRow.id).desc()).limit(1)).first()


def add_deed(session: Session, deed: DeedRow) -> None:
    """Write one."""
    session.add(deed)
    session.flush()


def deeds(session: Session, since: datetime) -> Sequence[Deeds]:
    """Who was what how often since then, the busiest first."""
    count = func.count()
    statement = (
        select(col(DeedRow.user_id), col(DeedRow.role), count)
        .where(col(DeedRow.done_at) >= since)
        .group_by(col(DeedRow.user_id), col(DeedRow.role))
        .order_by(count.desc(), col(DeedRow.user_id))
    )
    return [Deeds(UserId(user), role, number) for user, role, number in session.execute(statement)]


def take_back(session: Session, event_id: EventId) -> None:
    """Delete what a message said that was done, and the note that it left."""
    for table in (DeedRow, HandoverRow):
        session.execute(delete(table).where(col(table.event_id) == event_id))


def people(session: Session, users: Sequence[str]) -> dict[UserId, PersonRow]:
    """Profiles by user id."""
    rows = session.scalars(select(PersonRow).where(col(PersonRow.user_id).in_(users)))
    return {UserId(row.user_id): row for row in rows}


def languages_in(session: Session, room: str) -> dict[str, int]:
    """Language -> how many people in the room read it."""
    language = col(PersonRow.language)
    statement = (
        select(language, func.count())
        .join(MembershipRow, col(MembershipRow.user_id) == col(PersonRow.user_id))
        .where(col(MembershipRow.room_id) == room, col(MembershipRow.membership) == JOINED, language.is_not(None))
        .group_by(language)
    )
    return {code: int(count) for code, count in session.execute(statement) if code}


def newcomer(session: Session, user_id: str) -> NewcomerRow | None:
    """Someone who has come since we look."""
    return session.get(NewcomerRow, user_id)


def arrived(session: Session, user_id: str, now: datetime) -> None:
    """Someone has come for the first time."""
    session.add(NewcomerRow(user_id=user_id, arrived_at=now))
    session.flush()


def by_post(session: Session, events: Sequence[str]) -> Sequence[NewcomerRow]:
    """Whose first posts these are, as far as nobody has answered them."""
    statement = select(NewcomerRow).where(col(NewcomerRow.event_id).in_(events), col(NewcomerRow.answered_at).is_(None))
    return session.scalars(statement).all()


def unanswered(session: Session) -> Sequence[NewcomerRow]:
    """Everybody whose first post waits for an answer, and who is still in the room, the longest first."""
    here = aliased(MembershipRow)
    statement = (
        select(NewcomerRow)
        .join(here, and_(col(here.room_id) == col(NewcomerRow.room_id), col(here.user_id) == col(NewcomerRow.user_id)))
        .where(
            col(NewcomerRow.event_id).is_not(None),
            col(NewcomerRow.answered_at).is_(None),
            col(here.membership) == JOINED,
        )
        .order_by(col(NewcomerRow.posted_at), col(NewcomerRow.user_id))
    )
    return session.scalars(statement).all()


def arrived_since(session: Session, since: datetime) -> Sequence[NewcomerRow]:
    """Who came since then, the newest first."""
    statement = select(NewcomerRow).where(col(NewcomerRow.arrived_at) >= since)
    return session.scalars(statement.order_by(col(NewcomerRow.arrived_at).desc(), col(NewcomerRow.user_id))).all()


def in_care(session: Session, since: datetime) -> dict[UserId, int]:
    """Steward -> how many newcomers since then are theirs."""
    steward = col(NewcomerRow.steward)
    statement = select(steward, func.count()).where(steward.is_not(None), col(NewcomerRow.arrived_at) >= since)
    return {UserId(user): int(count) for user, count in session.execute(statement.group_by(steward)) if user}


def unpost(session: Session, event_id: str) -> None:
    """A first post is gone: the next one is the first."""
    values = {"room_id": None, "event_id": None, "posted_at": None, "asked": None, "asked_at": None}
    statement = update(NewcomerRow).where(col(NewcomerRow.event_id) == event_id, col(NewcomerRow.answered_at).is_(None))
    session.execute(statement.values(**values, asked_again_at=None))


def forget(session: Session, user_id: str) -> None:
    """Delete what tells of someone; what others did for them stays, without the name."""
    for table in (DutyRow, HandoverRow, DeedRow, NewcomerRow):
        session.execute(delete(table).where(col(table.user_id) == user_id))
    for column in ("steward", "asked"):
        named = getattr(NewcomerRow, column) == user_id
        session.execute(update(NewcomerRow).where(named).values({column: None}))
    session.execute(update(DeedRow).where(col(DeedRow.target) == user_id).values(target=None, note=None))
