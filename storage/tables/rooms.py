"""The mirror of the homeserver: rooms, memberships and power levels as seen at the position of the sync."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Column, Index
from sqlmodel import Field, SQLModel

from storage.tables.columns import choice, empty_list, moment, moment_or_none


class RoomKind(StrEnum):
    """What a room is to us."""

    SPACE = "space"
    ROOM = "room"
    DIRECT = "direct"
    FOREIGN = "foreign"


class RoomRow(SQLModel, table=True):
    """A room the bot is or was in.

    ``key`` is the declared key that our own state event in the room carries; a room without it is not ours.
    ``scope`` is ``community``, ``group:<key>`` or ``direct:<user id>``; ``readers`` says who may come to read it
    (``public``, ``community``, ``group:<key>``, ``roles``, ``direct:<user id>``).
    """

    __tablename__ = "room"
    room_id: str = Field(primary_key=True)
    key: str | None = Field(default=None, unique=True)
    kind: RoomKind = choice(RoomKind.FOREIGN)
    scope: str | None = Field(default=None, index=True)
    readers: str | None = None
    name: str | None = None
    membership: str = "join"
    version: str | None = None
    creators: list[str] = Field(default_factory=empty_list, sa_column=Column(JSON))
    power_levels: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))
    encrypted: bool = False
    joined_at: datetime | None = moment_or_none()


class MembershipRow(SQLModel, table=True):
    """One person in one room, as the last ``m.room.member`` event said."""

    __tablename__ = "membership"
    __table_args__ = (Index("ix_membership_user", "user_id", "membership"),)
    room_id: str = Field(primary_key=True)
    user_id: str = Field(primary_key=True)
    membership: str
    by: str
    since: datetime = moment()
