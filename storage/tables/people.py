"""People: profile, interests, grants."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from storage.tables.columns import moment, moment_or_none


class PersonRow(SQLModel, table=True):
    """Someone the bot has met. The audit knows the ``number`` alone; ``forget`` deletes the row and so the mapping."""

    __tablename__ = "person"
    __table_args__ = {"sqlite_autoincrement": True}
    number: int | None = Field(default=None, primary_key=True)
    user_id: str = Field(unique=True)
    display_name: str | None = None
    language: str | None = None
    timezone: str | None = None
    findable: bool = True
    first_seen: datetime = moment()
    welcomed_at: datetime | None = moment_or_none()


class InterestRow(SQLModel, table=True):
    """One interest of one person: ``word`` as typed, ``folded`` for comparing."""

    __tablename__ = "interest"
    user_id: str = Field(primary_key=True)
    folded: str = Field(primary_key=True, index=True)
    word: str


class GrantRow(SQLModel, table=True):
    """A role in a scope (``community`` or ``group:<key>``), for as long as it lasts."""

    __tablename__ = "role_grant"
    id: int | None = Field(default=None, primary_key=True)
    user_id: str = Field(index=True)
    role: str
    scope: str
    until: datetime | None = moment_or_none()
    granted_by: str
    granted_at: datetime = moment()
    ended_at: datetime | None = moment_or_none()
    declared: bool = False
