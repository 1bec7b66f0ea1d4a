"""Queries of sums and voices."""

from collections.abc import Mapping
from datetime import date

from sqlalchemy import delete, func, select
from sqlmodel import Session, col

from copp_bot.core.store.activity import voice_key_name
from storage.tables.activity import ActivityRow, VoiceRow
from storage.tables.meta import MetaRow


def sums(session: Session, measure: str, first: date, last: date) -> Mapping[str, int]:
    """Scope -> how often ``measure`` happened from the first to the last day, both included."""
    statement = (
        select(col(ActivityRow.scope), func.sum(col(ActivityRow.value)))
        .where(
            col(ActivityRow.measure) == measure,
            col(ActivityRow.day).between(first.isoformat(), last.isoformat()),
        )
        .group_by(col(ActivityRow.scope))
    )
    return {scope: int(total) for scope, total in session.execute(statement)}


def voices(session: Session, week: str) -> Mapping[str, int]:
    """Scope -> how many different people spoke there in the week."""
    statement = select(col(VoiceRow.scope), func.count()).where(col(VoiceRow.week) == week)
    return {scope: int(count) for scope, count in session.execute(statement.group_by(col(VoiceRow.scope)))}


def all_voices(session: Session, week: str) -> int:
    """How many different people spoke anywhere in the week."""
    statement = select(func.count(func.distinct(col(VoiceRow.voice)))).where(col(VoiceRow.week) == week)
    return session.scalar(statement) or 0


def destroy_keys_before(session: Session, week: str) -> int:
    """Delete the voice keys of weeks earlier than ``week``; returns how many there were.

    ISO weeks are written so that their alphabetical order is their order in time.
    """
    statement = delete(MetaRow).where(
        col(MetaRow.name).startswith(voice_key_name(""), autoescape=True), col(MetaRow.name) < voice_key_name(week)
    )
    result = session.connection().execute(statement)
    session.expire_all()
    return result.rowcount
