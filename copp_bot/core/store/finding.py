"""Queries of searches. What may not be shown has no part in order, number or suggestions."""

from collections.abc import Collection, Iterable
from itertools import islice

from sqlmodel import Session

from copp_bot.core.ids import Audience
from copp_bot.core.store import items as items_store
from copp_bot.core.store.items import Having
from storage import search


def candidates(
    session: Session, audiences: Collection[Audience], kinds: Collection[str], query: str, having: Having
) -> list[int]:
    """The best items of these kinds for a query, at most ``search.MOST``.

    Words in quotes must stand together. Those with all words in the title come first, then the others; both newest
    first. Without a query just the newest.
    """
    if not query:
        return items_store.newest_ids(session, audiences, kinds, search.MOST, having)
    kind = having.kind or (next(iter(kinds)) if len(kinds) == 1 else None)
    marks = items_store.search_marks(kind or "", having)[0 if kind else 1 :]
    everywhere = search.candidates(session, audiences, query, marks=marks)
    in_title = search.candidates(session, audiences, query, marks=marks, in_title=True)
    found = search.with_phrases(session, list(dict.fromkeys([*in_title, *everywhere]))[: search.MOST], query)
    is_in_index = kind is not None and (having.author, having.scope, having.since) == (None, None, None)
    return found if is_in_index else items_store.among(session, audiences, kinds, found, having)


def near_words(
    session: Session, audiences: Collection[Audience], kinds: Collection[str], words: Iterable[str], limit: int
) -> list[str]:
    """Words of titles that may be shown and begin like one of these, and find something of these kinds."""
    near = (word for said in words for word in search.suggest(session, audiences, _beginning(said), limit))
    found = (word for word in dict.fromkeys(near) if candidates(session, audiences, kinds, word, Having()))
    return list(islice(found, limit))


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
