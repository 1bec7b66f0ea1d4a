"""Questions the bot has put and whose answer is a reaction or a number."""

from datetime import datetime
from typing import Any

from sqlmodel import Field, SQLModel

from storage.tables.columns import json_list, json_object, moment, moment_or_none


class PromptRow(SQLModel, table=True):
    """A persisted choice: each option is a key (a reaction or a number) and the command it stands for.

    ``asked`` lists the only people who may answer; empty means whoever is permitted to run the command.
    ``reactions`` are the transaction ids of our own reactions that offer the choices.
    """

    __tablename__ = "prompt"
    id: int | None = Field(default=None, primary_key=True)
    txn_id: str = Field(unique=True)
    room_id: str = Field(index=True)
    options: dict[str, Any] = json_object()
    asked: list[str] = json_list()
    reactions: list[str] = json_list()
    once: bool = True
    source_event: str | None = Field(default=None, index=True)
    created_at: datetime = moment()
    expires_at: datetime = moment(index=True)
    answered_at: datetime | None = moment_or_none()
    answered_by: str | None = None
