"""Who has asked to join a group, and what became of it."""

from datetime import datetime
from typing import Any

from sqlmodel import Field, SQLModel

from storage.tables.columns import json_object, moment, moment_or_none


class JoinRequestRow(SQLModel, table=True):
    """One request. ``outcome`` is ``accepted``, ``declined``, or ``taken back`` by whoever asked.

    ``cause`` is the message that asked; one that was made on a page has none. ``cards`` are our messages that put it
    before the stewards: target -> transaction id.
    """

    __tablename__ = "join_request"
    id: int | None = Field(default=None, primary_key=True)
    user_id: str = Field(index=True)
    group_key: str
    asked_at: datetime = moment()
    answered_at: datetime | None = moment_or_none()
    answered_by: str | None = None
    outcome: str | None = None
    cause: str | None = Field(default=None, index=True)
    cards: dict[str, Any] = json_object()
