"""What goes out: written in the transaction of its cause, sent after the commit under a stable transaction id."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Column
from sqlmodel import Field, SQLModel

from storage.tables.columns import choice, moment, moment_or_none


class OutboxState(StrEnum):
    """Where a message stands."""

    OPEN = "open"
    SENT = "sent"
    FAILED = "failed"
    CANCELLED = "cancelled"
    REDACTED = "redacted"


class OutboxRow(SQLModel, table=True):
    """One event to send.

    ``target`` is a room id, or a user id when it goes to that person's direct chat, which may have to be made.
    Rows of one ``lane`` go out one after the other; a lane is one person's answers in one room.
    ``redacts`` holds the event to redact, and ``content`` its reason. ``{"$txn": id}`` inside ``content`` or
    ``txn:<id>`` in ``redacts`` stands for the event id of an earlier row. The content is emptied once sent.
    """

    __tablename__ = "outbox"
    id: int | None = Field(default=None, primary_key=True)
    txn_id: str = Field(unique=True)
    target: str = Field(index=True)
    lane: str
    event_type: str
    redacts: str | None = None
    content: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))
    priority: int = 0
    cause: str = Field(index=True)
    created_at: datetime = moment()
    state: OutboxState = choice(OutboxState.OPEN, index=True)
    attempts: int = 0
    error: str | None = None
    room_id: str | None = None
    event_id: str | None = Field(default=None, index=True)
    sent_at: datetime | None = moment_or_none()


class ShownRow(SQLModel, table=True):
    """Which sent message shows which item, so that withdrawing the item reaches the message."""

    __tablename__ = "shown"
    txn_id: str = Field(primary_key=True)
    item_id: int = Field(primary_key=True, index=True)
