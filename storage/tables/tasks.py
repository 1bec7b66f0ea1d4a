"""Durable work that needs the network or heavy computing."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlmodel import Field, SQLModel

from storage.tables.columns import choice, json_object, moment, moment_or_none


class TaskState(StrEnum):
    """Where a task stands."""

    OPEN = "open"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class TaskRow(SQLModel, table=True):
    """One intent. ``marker`` is unique, so the same intent is written once; ``lane`` keeps an order among tasks."""

    __tablename__ = "task"
    id: int | None = Field(default=None, primary_key=True)
    marker: str = Field(unique=True)
    kind: str
    lane: str
    payload: dict[str, Any] = json_object()
    cause: str
    state: TaskState = choice(TaskState.OPEN, index=True)
    attempts: int = 0
    not_before: datetime = moment(index=True)
    created_at: datetime = moment()
    ended_at: datetime | None = moment_or_none()
    error: str | None = None
