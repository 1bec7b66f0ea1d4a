"""The append-only trail: written here, read by number."""

from datetime import datetime
from typing import Any

from sqlmodel import Session

from copp_bot.core.ids import Scope, UserId
from copp_bot.core.store import people
from storage.tables.audit import AuditRow

Change = tuple[dict[str, Any] | None, dict[str, Any] | None]


def add(  # noqa: PLR0913, PLR0917 - the columns of one row
    session: Session,
    now: datetime,
    action: str,
    scope: Scope,
    actor: UserId | None,
    target: UserId | None,
    change: Change,
    cause: str,
) -> None:
    """Append one entry; people are written as numbers."""
    before, after = change
    row = AuditRow(
        at=now,
        actor=_number(session, actor, now),
        action=action,
        target=_number(session, target, now),
        scope=scope,
        before=before,
        after=after,
        cause=cause,
    )
    session.add(row)


def _number(session: Session, user_id: UserId | None, now: datetime) -> int | None:
    return people.ensure(session, user_id, now).number if user_id else None
