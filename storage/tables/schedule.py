"""Which occurrence of which job has run: the truth of the scheduler."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from storage.tables.columns import moment, moment_or_none


class OccurrenceRow(SQLModel, table=True):
    """One occurrence of a declared job, named by its wall time so that a clock change cannot double it."""

    __tablename__ = "occurrence"
    job_id: str = Field(primary_key=True)
    occurrence: str = Field(primary_key=True)
    due_at: datetime = moment()
    ended_at: datetime | None = moment_or_none()
    outcome: str
    error: str | None = None
