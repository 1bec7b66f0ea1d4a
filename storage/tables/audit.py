"""The append-only trail."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column
from sqlmodel import Field, SQLModel

from storage.tables.columns import moment


class AuditRow(SQLModel, table=True):
    """Who did what, where. People stand here by number; the mapping is ``person`` and goes with ``forget``."""

    __tablename__ = "audit"
    id: int | None = Field(default=None, primary_key=True)
    at: datetime = moment(index=True)
    actor: int | None = Field(default=None, index=True)
    action: str
    target: int | None = Field(default=None, index=True)
    scope: str
    before: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))
    after: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))
    cause: str
