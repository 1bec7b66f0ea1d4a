"""Words in quotes: they must stand together, in that order, with nothing but signs between them.

The index knows no order, so the kept texts of what has all the words are read: the same on every database.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy import func, select
from sqlmodel import Session, col

from storage.search import words
from storage.search.extracts import SCANNED
from storage.tables.items import ItemRow, ItemTextRow

MOST_READ = 1_000_000
"""Characters that are read for one query, which holds the writer meanwhile; of more, the first items' are."""
AT_ONCE = 20
_QUOTED = re.compile(r'["“”„«»]([^"“”„«»\n]*)["“”«»]')
Phrase = Sequence[frozenset[str]]
"""One set of stems per word, any of which will do."""


def parts(query: str) -> Iterable[tuple[str, bool]]:
    """A query in pieces; True marks those of at least two words that were in quotes."""
    for number, piece in enumerate(_QUOTED.split(query)):
        yield piece, number % 2 == 1 and len(_in_order(piece)) > 1


def with_phrases(session: Session, ids: Sequence[int], query: str) -> list[int]:
    """Those of the items whose title or text has every phrase of the query, in their order."""
    wanted = [[words.stems(word) for word in _in_order(piece)] for piece, is_phrase in parts(query) if is_phrase]
    if not wanted:
        return list(ids)
    found, left = set[int](), MOST_READ
    for number, text, title in _texts(session, ids):
        read, left = text[:left], left - len(text)
        if all(_is_in((title or "", read), one) for one in wanted):
            found.add(number)
        if left <= 0:
            break
    return [number for number in ids if number in found]


def _texts(session: Session, ids: Sequence[int]) -> Iterator[tuple[int, str, str | None]]:
    """Item id, the beginning of its text, and its title, in the order of the ids."""
    for start in range(0, len(ids), AT_ONCE):
        some = ids[start : start + AT_ONCE]
        statement = (
            select(col(ItemTextRow.item_id), func.substr(col(ItemTextRow.text), 1, SCANNED), col(ItemRow.title))
            .outerjoin(ItemRow, col(ItemRow.id) == col(ItemTextRow.item_id))
            .where(col(ItemTextRow.item_id).in_(some))
        )
        rows = {row[0]: (row[0], row[1], row[2]) for row in session.execute(statement)}
        yield from (rows[number] for number in some if number in rows)


def _is_in(texts: Iterable[str], phrase: Phrase) -> bool:
    """Bit ``n`` of ``reached`` is set where the last words were the first ``n + 1`` of the phrase."""
    places: dict[str, int] = {}
    for text in texts:
        reached = 0
        for word in _in_order(text):
            if word not in places:
                stems = words.stems(word)
                places[word] = sum(1 << place for place, wanted in enumerate(phrase) if stems & wanted)
            reached = (reached << 1 | 1) & places[word]
            if reached >> len(phrase) - 1:
                return True
    return False


def _in_order(text: str) -> list[str]:
    return [found.word for found in words.words(words.composed(text))]
