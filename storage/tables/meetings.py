"""Meetings: the columns beside ``item``, what was changed of a series, and who comes."""

from datetime import datetime
from enum import StrEnum

from sqlmodel import Field, SQLModel

from storage.tables.columns import choice, moment, moment_or_none


class Answer(StrEnum):
    """What somebody has said to an invitation (``PARTSTAT`` of RFC 5545, in people's words)."""

    YES = "yes"
    MAYBE = "maybe"
    NO = "no"


class MeetingRow(SQLModel, table=True):
    """One meeting or series.

    ``wall`` is what the clock in ``zone`` shows at the first one (``2027-01-14T18:00``), ``fold`` is 1 for the
    second of two alike. ``rule`` is an RFC 5545 ``RRULE`` value with ``UNTIL`` as a wall time. ``next_at`` is when the
    next one begins, ``due_at`` when something has to be done about it; both are empty when all is over. ``said`` is
    the time as its author wrote it. ``txn_id`` is our message that announces it.
    """

    __tablename__ = "meeting"
    item_id: int = Field(primary_key=True, foreign_key="item.id")
    zone: str
    wall: str
    fold: int = 0
    minutes: int
    rule: str = ""
    place: str = ""
    capacity: int | None = None
    said: str = ""
    is_cancelled: bool = False
    txn_id: str | None = None
    next_at: datetime | None = moment_or_none(index=True)
    due_at: datetime | None = moment_or_none(index=True)


class MeetingChangeRow(SQLModel, table=True):
    """One meeting of a series that was moved (``to_wall``) or cancelled (empty). ``name`` is its time by the rule."""

    __tablename__ = "meeting_change"
    item_id: int = Field(primary_key=True, foreign_key="item.id")
    name: str = Field(primary_key=True)
    to_wall: str | None = None
    to_zone: str | None = None
    to_fold: int = 0


class RsvpRow(SQLModel, table=True):
    """What a person has answered last. ``since`` is since when they say so: the waiting list's order."""

    __tablename__ = "rsvp"
    item_id: int = Field(primary_key=True, foreign_key="item.id")
    user_id: str = Field(primary_key=True, index=True)
    answer: Answer = choice(Answer.YES)
    since: datetime = moment()
