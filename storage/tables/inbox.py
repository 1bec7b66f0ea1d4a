"""What came in and is acted on, in sync order; and the stretches of timeline that could not be read."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Column
from sqlmodel import Field, SQLModel

from storage.tables.columns import choice, moment, moment_or_none


class InboxState(StrEnum):
    """Where an event stands."""

    NEW = "new"
    DONE = "done"
    CANCELLED = "cancelled"
    QUARANTINED = "quarantined"


class InboxRow(SQLModel, table=True):
    """One event from the homeserver; the body is emptied when done, the id stays and stops doubles."""

    __tablename__ = "inbox"
    id: int | None = Field(default=None, primary_key=True)
    event_id: str = Field(unique=True)
    room_id: str
    sender: str
    kind: str
    body: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))
    sent_at: datetime = moment()
    received_at: datetime = moment()
    state: InboxState = choice(InboxState.NEW, index=True)
    attempts: int = 0
    error: str | None = None
    done_at: datetime | None = moment_or_none()


class GapRow(SQLModel, table=True):
    """A stretch of a room's timeline that sync left out and ``/messages`` has not yet given."""

    __tablename__ = "gap"
    id: int | None = Field(default=None, primary_key=True)
    room_id: str = Field(index=True)
    from_token: str
    to_token: str | None = None
    noticed_at: datetime = moment()
    closed_at: datetime | None = moment_or_none()
    attempts: int = 0
    error: str | None = None
