"""Queries of cases."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, or_, select, update
from sqlmodel import Session, col

from copp_bot.core import numbers
from copp_bot.core.store import meta
from storage.tables.cases import CaseKind, CaseRow

__all__ = ["CaseKind", "CaseRow"]


def add(session: Session, case: CaseRow) -> CaseRow:
    """Write a new one, with its number."""
    case.number = numbers.number_of(meta.next_number(session, "case_serial"), meta.secret(session, "number_key"))
    session.add(case)
    session.flush()
    return case


def by_id(session: Session, case_id: int) -> CaseRow | None:
    """The case of a row id."""
    return session.get(CaseRow, case_id)


def by_number(session: Session, number: int) -> CaseRow | None:
    """The case that people call by this number."""
    return session.scalars(select(CaseRow).where(col(CaseRow.number) == number)).first()


def by_event(session: Session, reporter: str, event_id: str) -> CaseRow | None:
    """The open case that someone has made of a message already."""
    statement = select(CaseRow).where(col(CaseRow.by) == reporter, col(CaseRow.event_id) == event_id)
    return session.scalars(statement.where(col(CaseRow.closed_at).is_(None))).first()


def of_message(session: Session, event_id: str) -> Sequence[CaseRow]:
    """The open cases that a message has given rise to."""
    statement = select(CaseRow).where(col(CaseRow.event_id) == event_id, col(CaseRow.closed_at).is_(None))
    return session.scalars(statement.order_by(col(CaseRow.id))).all()


def take_words_back(session: Session, event_id: str) -> None:
    """The message that opened a case is gone, and with it our cards: the case stands without its words."""
    statement = update(CaseRow).where(col(CaseRow.command_event) == event_id)
    session.execute(statement.values(reason="", cards={}))


def open_by(session: Session, reporter: str) -> Sequence[CaseRow]:
    """The open cases of one person."""
    return session.scalars(select(CaseRow).where(col(CaseRow.by) == reporter, col(CaseRow.closed_at).is_(None))).all()


def open_cases(session: Session) -> Sequence[CaseRow]:
    """Every case that is not closed, the oldest first."""
    return session.scalars(select(CaseRow).where(col(CaseRow.closed_at).is_(None)).order_by(col(CaseRow.id))).all()


def last_closed(session: Session, person: str, since: datetime) -> CaseRow | None:
    """The case of one person that was closed last, not before ``since``; appeals are final."""
    statement = select(CaseRow).where(
        col(CaseRow.by) == person, col(CaseRow.closed_at) >= since, col(CaseRow.kind) != CaseKind.APPEAL
    )
    return session.scalars(statement.order_by(col(CaseRow.closed_at).desc(), col(CaseRow.id).desc())).first()


def forget(session: Session, user_id: str) -> None:
    """What someone reported goes; what was reported about them, and decided by them, stays without the name."""
    session.execute(delete(CaseRow).where(col(CaseRow.by) == user_id))
    touched = or_(col(CaseRow.about) == user_id, col(CaseRow.owner) == user_id, col(CaseRow.against) == user_id)
    for case in session.scalars(select(CaseRow).where(touched)).all():
        for name in ("about", "owner", "against"):
            if getattr(case, name) == user_id:
                session.execute(update(CaseRow).where(col(CaseRow.id) == case.id).values({name: None}))
