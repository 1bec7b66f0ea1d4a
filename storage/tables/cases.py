"""Cases: reports, calls for help and appeals, from being opened until they are closed."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlmodel import Field, SQLModel

from storage.tables.columns import choice, json_object, moment, moment_or_none


class CaseKind(StrEnum):
    """What somebody wants."""

    REPORT = "report"
    SUPPORT = "support"
    APPEAL = "appeal"


class CaseRow(SQLModel, table=True):
    """One case. ``desk`` says who looks at it; ``cards`` are our messages about it: target -> transaction id.

    ``event_id`` is the message that was reported, ``command_event`` the one that reported it.
    """

    __tablename__ = "moderation_case"
    id: int | None = Field(default=None, primary_key=True)
    number: int = Field(unique=True)
    kind: CaseKind = choice(CaseKind.REPORT)
    by: str = Field(index=True)
    about: str | None = Field(default=None, index=True)
    room_id: str | None = None
    event_id: str | None = Field(default=None, index=True)
    command_event: str = Field(index=True)
    scope: str
    reason: str
    desk: str
    cards: dict[str, Any] = json_object()
    owner: str | None = None
    against: str | None = None
    opened_at: datetime = moment()
    reminded_at: datetime = moment()
    closed_at: datetime | None = moment_or_none(index=True)
    outcome: str | None = None
