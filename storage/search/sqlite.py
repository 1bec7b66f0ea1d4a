"""The index on SQLite: FTS5 without content, positions and sizes; every term stands for audience and entry in one.

So the engine itself reads nothing of other audiences, and no number computed over all documents exists that hidden
ones could change. SQLite 3.40 cannot delete from such a table by row: the old terms must be given exactly.
https://www.sqlite.org/fts5.html#contentless_tables
"""

from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import Connection, text
from sqlmodel import Session

from storage.search.entries import term


def install(connection: Connection) -> None:
    """Make the virtual table."""
    connection.execute(
        text(
            "CREATE VIRTUAL TABLE IF NOT EXISTS search_item "
            "USING fts5(terms, content='', detail=none, columnsize=0, tokenize='ascii')"
        )
    )


def add(session: Session, item_id: int, audience: str, entries: Iterable[str]) -> None:
    """Index an item that is not in the index."""
    session.connection().execute(
        text("INSERT INTO search_item(rowid, terms) VALUES (:id, :terms)"),
        {"id": item_id, "terms": _terms(audience, entries)},
    )


def drop(session: Session, item_id: int, audience: str, entries: Iterable[str]) -> None:
    """Take an item out; audience and entries are those it was added with."""
    session.connection().execute(
        text("INSERT INTO search_item(search_item, rowid, terms) VALUES ('delete', :id, :terms)"),
        {"id": item_id, "terms": _terms(audience, entries)},
    )


def find(session: Session, audiences: Collection[str], wanted: Sequence[Sequence[str]], limit: int) -> list[int]:
    """Ids of the items of these audiences that have an entry of every group, newest first."""
    query = " OR ".join(f"({_all_of(audience, wanted)})" for audience in sorted(audiences))
    rows = session.connection().execute(
        text("SELECT rowid FROM search_item WHERE search_item MATCH :query ORDER BY rowid DESC LIMIT :limit"),
        {"query": query, "limit": limit},
    )
    return [row[0] for row in rows]


def _all_of(audience: str, wanted: Sequence[Sequence[str]]) -> str:
    groups = (" OR ".join(f'"{term(audience, entry)}"' for entry in group) for group in wanted)
    return " AND ".join(f"({group})" for group in groups)


def _terms(audience: str, entries: Iterable[str]) -> str:
    return " ".join(term(audience, entry) for entry in entries)
