"""Bytes that items use, counted so that they go when the last use ends."""

from datetime import datetime

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel

from storage.tables.columns import moment


class FileRow(SQLModel, table=True):
    """One file: where it is on the homeserver (``mxc``), and where our copy lies below the data folder (``path``)."""

    __tablename__ = "file"
    id: int | None = Field(default=None, primary_key=True)
    sha256: str = Field(index=True)
    size: int = Field(sa_type=BigInteger)
    media_type: str
    name: str
    mxc: str | None = None
    path: str | None = None
    created_at: datetime = moment()


class ItemFileRow(SQLModel, table=True):
    """One use of a file by an item."""

    __tablename__ = "item_file"
    item_id: int = Field(primary_key=True, foreign_key="item.id")
    file_id: int = Field(primary_key=True, foreign_key="file.id", index=True)
