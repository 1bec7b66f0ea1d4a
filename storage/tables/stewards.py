"""The stewards' own work: who is on duty, what they hand over, what they did for others."""

from datetime import datetime
from enum import StrEnum

from sqlmodel import Field, SQLModel

from storage.tables.columns import choice, moment, moment_or_none


class SevenRoles(StrEnum):
    """What stewards are to others, as verbs in the past: the seven roles of the mission."""

    WELCOMED = "welcomed"
    INTERACTED = "interacted"
    CONNECTED = "connected"
    INTEGRATED = "integrated"
    STIMULATED = "stimulated"
    DROVE = "drove"
    COACHED = "coached"


class DutyRow(SQLModel, table=True):
    """A time in which someone is there for a scope: until it is ended, or ``until`` has come."""

    __tablename__ = "duty"
    id: int | None = Field(default=None, primary_key=True)
    user_id: str = Field(index=True)
    scope: str = Field(index=True)
    since: datetime = moment()
    until: datetime | None = moment_or_none()
    ended_at: datetime | None = moment_or_none()


class HandoverRow(SQLModel, table=True):
    """A note for whoever is on duty next in a scope; ``event_id`` is the message that left it."""

    __tablename__ = "handover"
    id: int | None = Field(default=None, primary_key=True)
    user_id: str = Field(index=True)
    scope: str = Field(index=True)
    text: str
    written_at: datetime = moment()
    event_id: str = Field(index=True)


class DeedRow(SQLModel, table=True):
    """What a steward did in one of the seven roles, by their own word; ``event_id`` is the message that said so."""

    __tablename__ = "deed"
    id: int | None = Field(default=None, primary_key=True)
    user_id: str = Field(index=True)
    role: SevenRoles = choice(SevenRoles.WELCOMED)
    scope: str
    target: str | None = Field(default=None, index=True)
    note: str | None = None
    done_at: datetime = moment(index=True)
    event_id: str = Field(index=True)


class NewcomerRow(SQLModel, table=True):
    """Someone who has come since we look, their steward, and what became of their first post (its text is not kept)."""

    __tablename__ = "newcomer"
    user_id: str = Field(primary_key=True)
    arrived_at: datetime = moment(index=True)
    steward: str | None = Field(default=None, index=True)
    room_id: str | None = None
    event_id: str | None = Field(default=None, index=True)
    posted_at: datetime | None = moment_or_none()
    answered_at: datetime | None = moment_or_none()
    asked: str | None = None
    asked_at: datetime | None = moment_or_none()
    asked_again_at: datetime | None = moment_or_none()
