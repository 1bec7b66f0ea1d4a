"""Posts of blogs beside ``item``, what was changed in them, their comments, and who follows whom."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from storage.tables.columns import moment, moment_or_none


class PostRow(SQLModel, table=True):
    """A post: its Markdown ``source``. A draft has no ``published_at``.

    ``whole`` is the transaction id of the message in the thread that has the whole text, where it has one.
    """

    __tablename__ = "post"
    item_id: int = Field(primary_key=True, foreign_key="item.id")
    source: str
    published_at: datetime | None = moment_or_none()
    whole: str | None = None


class PostEditRow(SQLModel, table=True):
    """A change of a published post: what of it (``title``, ``text``, ``tags``) and how many lines, never the words."""

    __tablename__ = "post_edit"
    id: int | None = Field(default=None, primary_key=True)
    item_id: int = Field(foreign_key="item.id", index=True)
    at: datetime = moment()
    changed: str
    added: int = 0
    removed: int = 0


class CommentRow(SQLModel, table=True):
    """Whose comment an item is: a reply in the thread of a post."""

    __tablename__ = "comment"
    item_id: int = Field(primary_key=True, foreign_key="item.id")
    post_id: int = Field(foreign_key="item.id", index=True)


class FollowRow(SQLModel, table=True):
    """Someone wishes to hear of new posts of someone."""

    __tablename__ = "follow"
    follower: str = Field(primary_key=True)
    author: str = Field(primary_key=True, index=True)
    since: datetime = moment()
