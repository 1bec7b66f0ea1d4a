"""The index on PostgreSQL: one ``tsvector`` per item under a GIN index, made from our own stems.

The audience is one more lexeme, so the gate is part of the index condition. Nothing is ranked by the server, whose
scores count hidden documents. https://www.postgresql.org/docs/current/functions-textsearch.html
"""

from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import Connection, Index, cast, delete, func, insert, select
from sqlalchemy.dialects.postgresql import ARRAY, TEXT, TSQUERY
from sqlmodel import Session

from storage.search.entries import term
from storage.search.tables import for_postgresql, vector

_AUDIENCE = "a"
"""No entry begins so."""

Index("ix_search_item_entries", vector.c.entries, postgresql_using="gin")


def install(connection: Connection) -> None:
    """Make the table and its index."""
    for_postgresql.create_all(connection)


def add(session: Session, item_id: int, audience: str, entries: Iterable[str]) -> None:
    """Index an item that is not in the index."""
    lexemes = [*map(term, entries), term(_AUDIENCE, audience)]
    array = func.array_to_tsvector(cast(lexemes, ARRAY(TEXT)))
    session.connection().execute(insert(vector).values(item_id=item_id, entries=array))


def drop(session: Session, item_id: int, audience: str, entries: Iterable[str]) -> None:
    """Take an item out. Here the row is enough; audience and entries are for the other database."""
    session.connection().execute(delete(vector).where(vector.c.item_id == item_id))


def find(session: Session, audiences: Collection[str], wanted: Sequence[Sequence[str]], limit: int) -> list[int]:
    """Ids of the items of these audiences that have an entry of every group, newest first."""
    who = [term(_AUDIENCE, audience) for audience in sorted(audiences)]
    groups = [who, *([term(entry) for entry in group] for group in wanted)]
    query = " & ".join("(" + " | ".join(f"'{lexeme}'" for lexeme in group) + ")" for group in groups)
    found = vector.c.entries.bool_op("@@")(cast(query, TSQUERY))
    # "+ 0" keeps the planner from walking the primary key until it has met enough hits, which took seconds.
    statement = select(vector.c.item_id).where(found).order_by((vector.c.item_id + 0).desc()).limit(limit)
    return list(session.connection().execute(statement).scalars())
