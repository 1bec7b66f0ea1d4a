"""Which occurrences have run."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlmodel import Session, col

from copp_bot.core.store import meta
from storage.tables.meta import MetaRow
from storage.tables.schedule import OccurrenceRow
from storage.upsert import insert_new

WISH, PAUSED = "job_wish:", "job_paused:"
KEEP = 200
"""Occurrences of one job that are kept at least, for operators to look at."""
KEEP_FOR = timedelta(days=2)
"""How long before the newest all are kept: so far the clock may be put back, and none runs again."""


def last_due(session: Session, job_id: str) -> datetime | None:
    """When the newest occurrence that ended was due."""
    statement = select(func.max(col(OccurrenceRow.due_at))).where(col(OccurrenceRow.job_id) == job_id)
    return session.scalar(statement)


def known_since(session: Session, job_id: str, now: datetime) -> datetime:
    """When the newest occurrence that ended was due; for a job that never ran, when it was first seen."""
    last = last_due(session, job_id)
    if last is not None:
        return last
    seen = meta.get(session, f"job_seen:{job_id}")
    if seen is None:
        meta.put(session, f"job_seen:{job_id}", now.isoformat())
    return datetime.fromisoformat(seen) if seen else now


def has_run(session: Session, job_id: str, occurrence: str) -> bool:
    """Has this occurrence ended?"""
    return session.get(OccurrenceRow, (job_id, occurrence)) is not None


def record(
    session: Session, job_id: str, ran: tuple[str, datetime], now: datetime, outcome: str, error: str | None = None
) -> None:
    """Write that an occurrence (name, due) ended."""
    name, due_at = ran
    row = {
        "job_id": job_id,
        "occurrence": name,
        "due_at": due_at,
        "ended_at": now,
        "outcome": outcome,
        "error": error,
    }
    insert_new(session, OccurrenceRow, [row], key=("job_id", "occurrence"))
    _prune(session, job_id)


def newest(session: Session, job_id: str, limit: int) -> Sequence[OccurrenceRow]:
    """The newest occurrences of a job."""
    statement = select(OccurrenceRow).where(col(OccurrenceRow.job_id) == job_id)
    return session.scalars(statement.order_by(col(OccurrenceRow.due_at).desc()).limit(limit)).all()


def wish(session: Session, job_id: str, now: datetime) -> None:
    """Have the running bot run a job by hand; a wish that is not fulfilled yet stays as it is."""
    insert_new(session, MetaRow, [{"name": f"{WISH}{job_id}", "value": now.isoformat()}], key=("name",))


def wishes(session: Session) -> dict[str, datetime]:
    """Job id -> when it was asked for."""
    rows = session.scalars(select(MetaRow).where(col(MetaRow.name).startswith(WISH, autoescape=True)))
    return {row.name.removeprefix(WISH): datetime.fromisoformat(row.value) for row in rows}


def fulfilled(session: Session, job_id: str, at: datetime) -> None:
    """The wish of this time has been fulfilled; a newer one stays."""
    session.execute(delete(MetaRow).where(col(MetaRow.name) == f"{WISH}{job_id}", col(MetaRow.value) == at.isoformat()))


def pause(session: Session, job_id: str, now: datetime) -> None:
    """Let a job rest until ``resume``; what is due meanwhile is missed, and caught up as the job's rule says."""
    meta.put(session, f"{PAUSED}{job_id}", now.isoformat())


def resume(session: Session, job_id: str) -> None:
    """Let it run again."""
    session.execute(delete(MetaRow).where(col(MetaRow.name) == f"{PAUSED}{job_id}"))


def is_paused(session: Session, job_id: str) -> bool:
    """Does it rest?"""
    return meta.get(session, f"{PAUSED}{job_id}") is not None


def _prune(session: Session, job_id: str) -> None:
    newest_due = last_due(session, job_id)
    if newest_due is None:
        return
    oldest = (
        select(col(OccurrenceRow.due_at))
        .where(col(OccurrenceRow.job_id) == job_id)
        .order_by(col(OccurrenceRow.due_at).desc())
        .offset(KEEP)
        .limit(1)
        .scalar_subquery()
    )
    session.execute(
        delete(OccurrenceRow).where(
            col(OccurrenceRow.job_id) == job_id,
            col(OccurrenceRow.due_at) <= oldest,
            col(OccurrenceRow.due_at) < newest_due - KEEP_FOR,
        )
    )
