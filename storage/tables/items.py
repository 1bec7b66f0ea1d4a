"""What members share. A feature's own table extends ``item`` one to one."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, Index, Integer
from sqlmodel import Field, SQLModel

from storage.tables.columns import choice, moment, moment_or_none

ItemKey = BigInteger().with_variant(Integer, "sqlite")
"""SQLite numbers rows by itself only under the type name INTEGER."""


class ItemState(StrEnum):
    """Where an item stands: only ``live`` ones are shown to anyone but their author."""

    DRAFT = "draft"
    LIVE = "live"
    WITHDRAWN = "withdrawn"


class ItemRow(SQLModel, table=True):
    """One shared thing.

    ``scope`` owns it (``community``, ``group:<key>``, ``person:<user id>``); ``audience`` may read it (``public``,
    ``community``, ``group:<key>``, ``people:<list>``, ``private:<user id>``). People say the ``number`` (``L4821``).
    ``licence`` is an SPDX identifier. ``publication`` is the transaction id of the message of ours that shows it to its
    readers; the replies in the thread of that message are about it, and redacting the message withdraws it.
    """

    __tablename__ = "item"
    __table_args__ = (Index("ix_item_audience_id", "audience", "id"),)
    id: int | None = Field(default=None, primary_key=True, sa_type=ItemKey)
    number: int = Field(unique=True, sa_type=BigInteger)
    kind: str = Field(index=True)
    scope: str = Field(index=True)
    audience: str
    author: str = Field(index=True)
    title: str
    language: str | None = None
    licence: str | None = None
    state: ItemState = choice(ItemState.LIVE)
    room_id: str | None = None
    event_id: str | None = Field(default=None, index=True)
    command_event: str | None = Field(default=None, index=True)
    publication: str | None = Field(default=None, index=True)
    created_at: datetime = moment()
    updated_at: datetime = moment()
    withdrawn_at: datetime | None = moment_or_none()
    withdrawn_by: str | None = None


class ItemTagRow(SQLModel, table=True):
    """One tag of one item, folded."""

    __tablename__ = "item_tag"
    item_id: int = Field(primary_key=True, foreign_key="item.id")
    tag: str = Field(primary_key=True, index=True)


class ItemTextRow(SQLModel, table=True):
    """The text an extract is cut from, and the stems that were indexed (needed to take them out again)."""

    __tablename__ = "item_text"
    item_id: int = Field(primary_key=True, foreign_key="item.id")
    text: str
    stems: str
    audience: str
