"""Words in quotes: they must stand together, in that order, with nothing but signs between them.

The index knows no order, so the kept texts of what has all the words are read: the same on every database.
"""

import re
from collections.abc import Iterable, Sequence

from sqlalchemy import select
from sqlmodel import Session, col

from storage.search import words
from storage.search.extracts import SCANNED
from storage.tables.items import ItemRow, ItemTextRow

MOST_READ = 200
"""Items whose texts are read for one query; of more that have all the words, the first ones."""
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
    statement = (
        select(col(ItemTextRow.item_id), col(ItemTextRow.text), col(ItemRow.title))
        .outerjoin(ItemRow, col(ItemRow.id) == col(ItemTextRow.item_id))
        .where(col(ItemTextRow.item_id).in_(ids[:MOST_READ]))
    )
    rows = session.execute(statement.execution_options(yield_per=20))
    found = {number for number, text, title in rows if all(_is_in((title or "", text), one) for one in wanted)}
    return [number for number in ids if number in found]


def _is_in(texts: Iterable[str], phrase: Phrase) -> bool:
    """Bit ``n`` of ``reached`` is set where the last words were the first ``n + 1`` of the phrase."""
    places: dict[str, int] = {}
    for text in texts:
        reached = 0
        for word in _in_order(text[:SCANNED]):
            if word not in places:
                stems = words.stems(word)
                places[word] = sum(1 << place for place, wanted in enumerate(phrase) if stems & wanted)
            reached = (reached << 1 | 1) & places[word]
            if reached >> len(phrase) - 1:
                return True
    return False


def _in_order(text: str) -> list[str]:
    return [found.word for found in words.words(words.composed(text))]
