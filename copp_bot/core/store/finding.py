"""Queries of searches. What may not be shown has no part in order, number or suggestions."""

from collections.abc import Collection, Iterable

from sqlmodel import Session

from copp_bot.core.ids import Audience
from copp_bot.core.store import items as items_store
from copp_bot.core.store.items import Having
from storage import search


def candidates(
    session: Session, audiences: Collection[Audience], kind: str | None, query: str, having: Having
) -> tuple[list[int], int]:
    """The best items of a kind, or of every kind, for a query, and how many there are (at most ``search.MOST``).

    Those with all words in the title come first, then the others; both newest first.
    """
    marks = items_store.search_marks(kind or "", having)[0 if kind else 1 :]
    everywhere = search.candidates(session, audiences, query, marks=marks)
    in_title = search.candidates(session, audiences, query, marks=marks, in_title=True)
    return list(dict.fromkeys([*in_title, *everywhere])), len(everywhere)


def near_words(session: Session, audiences: Collection[Audience], words: Iterable[str], limit: int) -> list[str]:
    """Words of titles that may be shown and begin like one of these."""
    found = (word for said in words for word in search.suggest(session, audiences, _beginning(said), limit))
    return list(dict.fromkeys(found))[:limit]


def extract(session: Session, item_id: int, query: str, width: int, title: str = "") -> list[tuple[str, bool]]:
    """The telling place of an item's text in pieces; True marks words that were asked for.

    Args:
        title: what has been said already, and is left out where the text begins with it.
    """
    text = items_store.text_of(session, item_id).lstrip("# \n")
    if title and text.casefold().startswith(title.casefold()):
        text = text[len(title) :].lstrip("=- \n")
    return search.highlight(search.extract(text, query, width), query)


def _beginning(word: str) -> str:
    """What a mistyped or otherwise inflected word shares with the one that was meant: its first letters."""
    return word[: max(3, min(len(word) - 2, 5))]
