"""The web pages' sign-in: links that were sent, and sessions. Secrets are kept as their SHA-256 alone."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from storage.tables.columns import moment, moment_or_none


class WebLinkRow(SQLModel, table=True):
    """A one-time link in somebody's direct chat.

    ``browser`` is the hash of the browser that asked, where one did; ``path`` the page to go on to; ``txn_id`` the
    message that carries it.
    """

    __tablename__ = "web_link"
    id: int | None = Field(default=None, primary_key=True)
    token: str = Field(unique=True)
    user_id: str = Field(index=True)
    browser: str | None = None
    path: str
    txn_id: str | None = None
    created_at: datetime = moment()
    expires_at: datetime = moment(index=True)
    used_at: datetime | None = moment_or_none()


class WebSessionRow(SQLModel, table=True):
    """A browser that is signed in: ``agent`` is what it called itself, ``seen_at`` when it came last, by the hour."""

    __tablename__ = "web_session"
    id: int | None = Field(default=None, primary_key=True)
    token: str = Field(unique=True)
    user_id: str = Field(index=True)
    agent: str
    created_at: datetime = moment()
    seen_at: datetime = moment()
    expires_at: datetime = moment(index=True)
