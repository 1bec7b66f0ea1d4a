"""Who is on duty: asked by every feature that turns to a steward."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, or_, select
from sqlmodel import Session, col

from storage.tables.stewards import DutyRow


def on_duty(session: Session, scope: str, now: datetime) -> Sequence[DutyRow]:
    """Who is there for a scope now, whoever came first before the others."""
    statement = select(DutyRow).where(col(DutyRow.scope) == scope, *is_running(now))
    return session.scalars(statement.order_by(col(DutyRow.since), col(DutyRow.id))).all()


def is_running(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Not ended, and its time is not over."""
    return (col(DutyRow.ended_at).is_(None), or_(col(DutyRow.until).is_(None), col(DutyRow.until) > now))
