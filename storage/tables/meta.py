"""Single facts of the whole database: the sync token, the number key, the device id."""

from sqlmodel import Field, SQLModel


class MetaRow(SQLModel, table=True):
    """One named fact."""

    __tablename__ = "meta"
    name: str = Field(primary_key=True)
    value: str
