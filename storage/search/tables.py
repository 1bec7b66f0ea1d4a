"""The index's own tables. They stand apart from the schema: ``install`` makes them, Alembic leaves them alone."""

from sqlalchemy import BigInteger, Column, Integer, MetaData, String, Table
from sqlalchemy.dialects.postgresql import TSVECTOR

PREFIX = "search_"
"""Every table of the index begins so; Alembic's ``include_name`` leaves them out."""

common = MetaData()
for_postgresql = MetaData()

BYTES = String().with_variant(String(collation="C"), "postgresql")
"""Compared sign by sign, so that all words with one beginning stand together."""

title_word = Table(
    f"{PREFIX}title_word",
    common,
    Column("audience", String, primary_key=True),
    Column("folded", BYTES, primary_key=True),
    Column("word", String, primary_key=True),
    Column("uses", Integer, nullable=False),
)
"""How many titles of an audience have a word; only whole rows of audiences one may read are ever summed."""

vector = Table(
    f"{PREFIX}item",
    for_postgresql,
    Column("item_id", BigInteger, primary_key=True, autoincrement=False),
    Column("entries", TSVECTOR, nullable=False),
)
"""PostgreSQL's index: the entries of an item and the name of its audience."""
