"""Full text, one function for every database.

The rule it keeps: what an item of an audience does to an answer, it does for the readers of that audience alone. Every
term is bound to an audience, nothing is ranked by numbers computed over all items, and words are suggested from
the titles of readable audiences only. A query is built from words, never from what someone typed.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable
from types import ModuleType

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlmodel import Session, col

from storage.search import entries as entry
from storage.search import postgresql, sqlite, words
from storage.search.extracts import extract, highlight
from storage.search.phrases import parts, with_phrases
from storage.search.tables import PREFIX, common, title_word
from storage.tables.items import ItemTextRow

MOST = 1001
"""Candidates looked at; one more than is ever said as a number ("more than 1000")."""
SHORTEST_PREFIX = 3

__all__ = [
    "MOST",
    "PREFIX",
    "candidates",
    "extract",
    "highlight",
    "install",
    "parts",
    "put",
    "refill",
    "remove",
    "suggest",
    "with_phrases",
]


def install(connection: Connection) -> None:
    """Make the index's tables where they are missing; for the migration and for tests."""
    common.create_all(connection)
    _engine(connection.dialect.name).install(connection)


def put(
    session: Session,
    item_id: int,
    audience: str,
    title: str,
    text: str,
    *,
    keywords: Iterable[str] = (),
    marks: Iterable[str] = (),
) -> None:
    """Index an item in place of what was there, and keep its text for extracts.

    Args:
        audience: who may find it; no more than one.
        keywords: further words to be found by, such as tags.
        marks: things to filter by, matched whole, such as ``kind:library``.
    """
    remove(session, item_id)
    found = entry.entries_of(title, text, keywords, marks)
    session.add(ItemTextRow(item_id=item_id, text=words.sound(text), stems=" ".join(found), audience=audience))
    session.flush()
    _engine_of(session).add(session, item_id, audience, entry.indexed(found))
    for word in entry.readable(found):
        _count_word(session, audience, word, 1)


def remove(session: Session, item_id: int) -> None:
    """Take an item out of the index, with its text; nothing happens when it is not there."""
    row = session.get(ItemTextRow, item_id)
    if row is None:
        return
    kept = row.stems.split()
    _engine_of(session).drop(session, item_id, row.audience, entry.indexed(kept))
    for word in entry.readable(kept):
        _count_word(session, row.audience, word, -1)
    session.delete(row)
    session.flush()


def refill(session: Session, indexed: Callable[[], None]) -> None:
    """Index everything whose text is kept; nothing may be in the index yet. ``indexed`` is called after each item."""
    kept = select(col(ItemTextRow.item_id), col(ItemTextRow.audience), col(ItemTextRow.stems))
    uses = Counter[tuple[str, str]]()
    for item_id, audience, stems in session.execute(kept.execution_options(yield_per=500)):
        found = stems.split()
        _engine_of(session).add(session, item_id, audience, entry.indexed(found))
        uses.update((audience, word) for word in entry.readable(found))
        indexed()
    rows = [
        {"audience": audience, "folded": words.fold(word), "word": word, "uses": count}
        for (audience, word), count in uses.items()
    ]
    if rows:
        session.connection().execute(insert(title_word), rows)


def candidates(
    session: Session,
    audiences: Collection[str],
    query: str,
    limit: int = MOST,
    *,
    marks: Iterable[str] = (),
    in_title: bool = False,
) -> list[int]:
    """Ids of the items of these audiences that have every word of the query and every mark, newest first.

    Args:
        in_title: all words must stand in the title. Titles first, then the rest, is a ranking without statistics.
    """
    wanted = entry.wanted(query, marks, in_title)
    if not wanted or not audiences:
        return []
    session.flush()
    found: list[int] = _engine_of(session).find(session, audiences, wanted, limit)
    return found


def suggest(session: Session, audiences: Collection[str], prefix: str, limit: int) -> list[str]:
    """Words of titles of these audiences that begin so (at least three letters), most used first."""
    beginning = words.fold(words.composed(prefix))
    if len(beginning) < SHORTEST_PREFIX:
        return []
    statement = (
        select(title_word.c.word)
        .where(
            title_word.c.audience.in_(sorted(audiences)),
            title_word.c.folded >= beginning,
            title_word.c.folded < beginning + "\U0010ffff",
        )
        .group_by(title_word.c.word)
        .order_by(func.sum(title_word.c.uses).desc(), title_word.c.word)
    )
    return list(session.connection().execute(statement.limit(limit)).scalars())


def _count_word(session: Session, audience: str, word: str, by: int) -> None:
    """Add to the uses of a title word. One writer alone changes the database, so looking first is safe."""
    here = (title_word.c.audience == audience, title_word.c.word == word)
    connection = session.connection()
    changed = connection.execute(update(title_word).where(*here).values(uses=title_word.c.uses + by))
    if changed.rowcount == 0 and by > 0:
        row = {"audience": audience, "folded": words.fold(word), "word": word, "uses": by}
        connection.execute(insert(title_word).values(row))
    elif by < 0:
        connection.execute(delete(title_word).where(*here, title_word.c.uses <= 0))


def _engine_of(session: Session) -> ModuleType:
    return _engine(session.connection().dialect.name)


def _engine(dialect: str) -> ModuleType:
    return sqlite if dialect == "sqlite" else postgresql
