"""Queries of the trail, with the people's numbers turned back into people where the mapping still exists."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from copp_bot.core.ids import UserId
from copp_bot.core.store import people as people_store
from storage.tables.audit import AuditRow
from storage.tables.people import PersonRow

LOOKED_AT = 400
"""Rows read; those that tell the same become one of the lines."""


@dataclass(frozen=True)
class Someone:
    """A person of the trail; ``user_id`` is None once they are forgotten."""

    user_id: UserId | None
    name: str | None = None


@dataclass(frozen=True)
class Entry:
    """One act. ``actor`` is None for what the bot did by itself."""

    at: datetime
    action: str
    scope: str
    actor: Someone | None
    target: Someone | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None


def newest(session: Session, limit: int, user_id: UserId | None = None) -> Sequence[Entry]:
    """The newest entries, newest first; with ``user_id`` those that this person did or that were done to them."""
    actor, target = aliased(PersonRow), aliased(PersonRow)
    statement = (
        select(AuditRow, actor, target)
        .join(actor, col(actor.number) == col(AuditRow.actor), isouter=True)
        .join(target, col(target.number) == col(AuditRow.target), isouter=True)
        .order_by(col(AuditRow.id).desc())
        .limit(limit)
    )
    if user_id is not None:
        row = people_store.get(session, user_id)
        number = row.number if row else None
        if number is None:
            return []
        statement = statement.where(or_(col(AuditRow.actor) == number, col(AuditRow.target) == number))
    return [_entry(row, did, met) for row, did, met in session.execute(statement)]


def _entry(row: AuditRow, actor: PersonRow | None, target: PersonRow | None) -> Entry:
    return Entry(
        row.at, row.action, row.scope, _someone(row.actor, actor), _someone(row.target, target), row.before, row.after
    )


def _someone(number: int | None, row: PersonRow | None) -> Someone | None:
    if number is None:
        return None
    return Someone(UserId(row.user_id), row.display_name) if row else Someone(None)
