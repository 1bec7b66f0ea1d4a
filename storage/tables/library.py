"""The library's own columns beside ``item``."""

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel


class ResourceRow(SQLModel, table=True):
    """A shelved file or link.

    ``address`` is what is alike in all ways of writing its ``url``; ``shelver`` put it there, if it was not its author.
    """

    __tablename__ = "resource"
    item_id: int = Field(primary_key=True, foreign_key="item.id")
    url: str | None = None
    address: str | None = Field(default=None, index=True)
    media_type: str
    size: int | None = Field(default=None, sa_type=BigInteger)
    pages: int | None = None
    readable: bool = False
    note: str | None = None
    shelver: str | None = None
