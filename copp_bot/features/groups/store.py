"""Queries of requests to join, and plans that wait for a yes."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, select, update
from sqlmodel import Session, col

from copp_bot.core.store import meta
from storage.tables.groups import JoinRequestRow

OPEN_FOR = timedelta(days=7)
"""After this long without an answer someone may ask again; the choices under the first question end then too."""

PLANS = "groups.plan:"
"""Name of the fact that something is planned under a key."""
REMINDED = "groups.reminded:"


def keep_plan(session: Session, key: str, plan_: dict[str, Any]) -> None:
    """Keep a plan until it is carried out or made anew."""
    meta.put(session, PLANS + key, json.dumps(plan_))
    session.flush()


def plan(session: Session, key: str) -> dict[str, Any] | None:
    """What is planned under this key."""
    kept = meta.get(session, PLANS + key)
    found: dict[str, Any] | None = json.loads(kept) if kept else None
    return found


def drop_plan(session: Session, key: str) -> None:
    """It is carried out."""
    meta.drop(session, PLANS + key)


def remind(session: Session, key: str, until: str) -> bool:
    """Note that the Secretariat is asked about the end of a group; False when it was asked about this end before."""
    if meta.get(session, REMINDED + key) == until:
        return False
    meta.put(session, REMINDED + key, until)
    return True


def is_open(session: Session, user_id: str, key: str, now: datetime) -> bool:
    """Does this person's request to join this group wait for an answer?"""
    return _open(session, user_id, key, now) is not None


def ask(session: Session, user_id: str, key: str, now: datetime, cause: str) -> None:
    """Write a request that follows from a message."""
    session.add(JoinRequestRow(user_id=user_id, group_key=key, asked_at=now, cause=cause))
    session.flush()


def keep_cards(session: Session, user_id: str, key: str, cards: Mapping[str, str]) -> None:
    """Note the messages that put this person's newest request before the stewards."""
    row = _newest(session, user_id, key)
    if row is not None:
        row.cards = dict(cards)
        session.add(row)
        session.flush()


def cards(session: Session, user_id: str, key: str) -> dict[str, str]:
    """The messages that put this person's newest request before the stewards: target -> transaction id."""
    row = _newest(session, user_id, key)
    return dict(row.cards) if row else {}


def _newest(session: Session, user_id: str, key: str) -> JoinRequestRow | None:
    statement = select(JoinRequestRow).where(col(JoinRequestRow.user_id) == user_id)
    newest = col(JoinRequestRow.id).desc()
    return session.scalars(statement.where(col(JoinRequestRow.group_key) == key).order_by(newest)).first()


def take_back(session: Session, cause: str, now: datetime) -> None:
    """Close the open requests that a message has made."""
    asked = (col(JoinRequestRow.cause) == cause, col(JoinRequestRow.answered_at).is_(None))
    session.execute(update(JoinRequestRow).where(*asked).values(answered_at=now, outcome="taken back"))


def open_keys(session: Session, user_id: str, now: datetime) -> list[str]:
    """The groups that this person waits to hear from."""
    statement = select(col(JoinRequestRow.group_key)).where(*_waits(user_id, now))
    return list(dict.fromkeys(session.scalars(statement.order_by(col(JoinRequestRow.id)))))


def answer(session: Session, user_id: str, key: str, outcome: str, by: str, now: datetime) -> bool:
    """Close the open request; False when there is none."""
    row = _open(session, user_id, key, now)
    if row is None:
        return False
    row.answered_at, row.answered_by, row.outcome = now, by, outcome
    session.add(row)
    session.flush()
    return True


def _open(session: Session, user_id: str, key: str, now: datetime) -> JoinRequestRow | None:
    statement = select(JoinRequestRow).where(*_waits(user_id, now), col(JoinRequestRow.group_key) == key)
    return session.scalars(statement).first()


def _waits(user_id: str, now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        col(JoinRequestRow.user_id) == user_id,
        col(JoinRequestRow.answered_at).is_(None),
        col(JoinRequestRow.asked_at) > now - OPEN_FOR,
    )
