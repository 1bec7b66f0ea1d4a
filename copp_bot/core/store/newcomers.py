"""Whose first post is waited for, and whose waits for an answer: what the intake must know to let it through."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlmodel import Session, col

from storage.tables.inbox import InboxRow, InboxState
from storage.tables.stewards import NewcomerRow

TALK = "talk:"
"""Before the event id of a message that came in as talk."""


def silent(session: Session, people: Iterable[str]) -> set[str]:
    """Those of the people who are new and have not posted yet, or have come just now, which nobody has handled."""
    wanted = list(people)
    new = select(col(NewcomerRow.user_id)).where(
        col(NewcomerRow.user_id).in_(wanted), col(NewcomerRow.event_id).is_(None)
    )
    coming = select(col(InboxRow.sender)).where(
        col(InboxRow.sender).in_(wanted), col(InboxRow.kind) == "member", col(InboxRow.state) == InboxState.NEW
    )
    return set(session.scalars(new)) | set(session.scalars(coming))


def waiting_posts(session: Session, events: Iterable[str]) -> set[str]:
    """Those of the events that are first posts without an answer, or may turn out to be."""
    wanted = list(events)
    first = select(col(NewcomerRow.event_id)).where(
        col(NewcomerRow.event_id).in_(wanted), col(NewcomerRow.answered_at).is_(None)
    )
    coming = select(col(InboxRow.event_id)).where(col(InboxRow.event_id).in_([f"{TALK}{event}" for event in wanted]))
    return {event for event in session.scalars(first) if event} | {
        event.removeprefix(TALK) for event in session.scalars(coming)
    }


def waiting_people(session: Session, people: Iterable[str]) -> set[str]:
    """Those of the people who are new and whom nobody has answered yet."""
    statement = select(col(NewcomerRow.user_id)).where(
        col(NewcomerRow.user_id).in_(list(people)), col(NewcomerRow.answered_at).is_(None)
    )
    return set(session.scalars(statement))
