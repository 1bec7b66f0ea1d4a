"""Queries of sign-in links and web sessions."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update
from sqlmodel import Session, col

from storage.tables.web import WebLinkRow, WebSessionRow

__all__ = ["WebLinkRow", "WebSessionRow"]
KEPT = timedelta(days=1)
"""How long a link's row stays after its end, so that asking is held back."""


def add(session: Session, row: WebLinkRow | WebSessionRow) -> None:
    """Write a new link or session."""
    session.add(row)
    session.flush()


def links_since(session: Session, user_id: str, since: datetime) -> int:
    """How many links this person was sent."""
    statement = select(func.count()).where(col(WebLinkRow.user_id) == user_id, col(WebLinkRow.created_at) > since)
    return session.scalar(statement) or 0


def open_link(session: Session, token: str, now: datetime) -> WebLinkRow | None:
    """The link of this hash, while it may be used."""
    statement = select(WebLinkRow).where(
        col(WebLinkRow.token) == token, col(WebLinkRow.used_at).is_(None), col(WebLinkRow.expires_at) > now
    )
    return session.scalars(statement).first()


def use_up(session: Session, user_id: str, now: datetime) -> None:
    """No link that this person was sent can be used any more."""
    statement = update(WebLinkRow).where(col(WebLinkRow.user_id) == user_id, col(WebLinkRow.used_at).is_(None))
    session.execute(statement.values(used_at=now))


def session_of(session: Session, token: str, now: datetime) -> WebSessionRow | None:
    """The session of this hash, while it lasts."""
    statement = select(WebSessionRow).where(col(WebSessionRow.token) == token, col(WebSessionRow.expires_at) > now)
    return session.scalars(statement).first()


def sessions(session: Session, user_id: str, now: datetime) -> Sequence[WebSessionRow]:
    """A person's sessions, the last used first."""
    statement = select(WebSessionRow).where(col(WebSessionRow.user_id) == user_id, col(WebSessionRow.expires_at) > now)
    return session.scalars(statement.order_by(col(WebSessionRow.seen_at).desc(), col(WebSessionRow.id).desc())).all()


def see(session: Session, session_id: int, now: datetime) -> None:
    """Note that a session was used."""
    session.execute(update(WebSessionRow).where(col(WebSessionRow.id) == session_id).values(seen_at=now))


def end(session: Session, user_id: str, session_id: int | None = None) -> int:
    """End one session of a person, or all; returns how many there were."""
    statement = delete(WebSessionRow).where(col(WebSessionRow.user_id) == user_id)
    if session_id is not None:
        statement = statement.where(col(WebSessionRow.id) == session_id)
    return len(session.execute(statement.returning(col(WebSessionRow.id))).all())


def forget(session: Session, user_id: str) -> None:
    """Delete every row of a person."""
    session.execute(delete(WebSessionRow).where(col(WebSessionRow.user_id) == user_id))
    session.execute(delete(WebLinkRow).where(col(WebLinkRow.user_id) == user_id))


def drop_ended(session: Session, now: datetime) -> None:
    """Forget what has run out."""
    session.execute(delete(WebSessionRow).where(col(WebSessionRow.expires_at) <= now))
    session.execute(delete(WebLinkRow).where(col(WebLinkRow.expires_at) <= now - KEPT))
