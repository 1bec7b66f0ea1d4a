"""Full text over what members share, page by page.

The rule it keeps: the caller names the audiences that may be shown (``items.audiences``), and nothing else counts.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from sqlmodel import Session

from copp_bot.core.commands.declare import Args
from copp_bot.core.errors import UserError
from copp_bot.core.i18n import gettext as _
from copp_bot.core.ids import Audience
from copp_bot.core.narrowing import spoken
from copp_bot.core.store import finding as store
from copp_bot.core.store import items as items_store
from copp_bot.core.store.items import Having, ItemRow
from storage.search import parts, words

SHOWN_HITS = 5
MOST_WORDS = 20
MOST_SUGGESTED = 5
MOST_PAGES = 1000
Hit = TypeVar("Hit")
Other = TypeVar("Other")


@dataclass(frozen=True)
class Found(Generic[Hit]):
    """One page of hits. ``total`` counts what may be shown, and stops above 1000.

    Args:
        filters: what it was narrowed down to, as it may be typed again.
        without: where nothing was found, how many there are when the filters are left out.
    """

    query: str
    total: int
    hits: tuple[Hit, ...] = ()
    suggestions: tuple[str, ...] = ()
    has_more: bool = False
    filters: str = ""
    without: int = 0

    def shown_as(self, hits: Iterable[Other]) -> "Found[Other]":
        """The same page with its hits as a feature describes them."""
        return Found(self.query, self.total, tuple(hits), self.suggestions, self.has_more, self.filters, self.without)


def search(
    session: Session,
    seen: Collection[Audience],
    kinds: Collection[str],
    query: str,
    having: Having,
    page: int = 1,
    *,
    shown: int = SHOWN_HITS,
) -> Found[ItemRow] | None:
    """The best hits for all words of the query; where there are none, what there is else.

    Args:
        query: may be empty where something else is asked for; then the newest are found.
        page: ``shown`` hits each, from 1; None is returned for one behind the last.
    """
    filters = spoken(having)
    asked = _asked(kinds, query) if query or not filters else []
    ids = store.candidates(session, seen, kinds, query, having)
    if not ids:
        without = len(store.candidates(session, seen, kinds, query, Having())) if asked and filters else 0
        near = () if without else _near(session, seen, kinds, asked)
        return Found(query, 0, suggestions=near, filters=filters, without=without)
    here = ids[(page - 1) * shown : page * shown]
    if not here:
        return None
    rows = items_store.get_visible(session, seen, here)
    hits = tuple(rows[number] for number in here if number in rows)
    return Found(query, len(ids), hits, has_more=len(ids) > page * shown, filters=filters)


def _asked(kinds: Collection[str], query: str) -> list[str]:
    """The words of a query; a UserError where there are none, or too many."""
    asked = [found.word for found in words.words(words.composed(query))]
    if not asked:
        example = f"!{next(iter(kinds))} search rhythm" if len(kinds) == 1 else "!search rhythm"
        raise UserError(_("Say at least one word or #tag to look for, for example: {example}").format(example=example))
    if len(asked) > MOST_WORDS:
        raise UserError(
            _("Those are {count} words; {limit} is the most. Look for the few that tell most.").format(
                count=len(asked), limit=MOST_WORDS
            )
        )
    return asked


def _near(
    session: Session, seen: Collection[Audience], kinds: Collection[str], asked: Sequence[str]
) -> tuple[str, ...]:
    """Words that exist and begin like those that were asked for."""
    near = store.near_words(session, seen, kinds, (word for word in asked if len(word) >= 3), MOST_SUGGESTED)
    known = {words.fold(word) for word in asked}
    return tuple(word for word in near if words.fold(word) not in known)


def retyped(query: str) -> str:
    """The words of a query as they may be typed again; those that must stand together in quotes."""
    pieces = ((_plain(piece), is_phrase) for piece, is_phrase in parts(query))
    return " ".join(f'"{piece}"' if is_phrase else piece for piece, is_phrase in pieces if piece)


def _plain(text: str) -> str:
    return " ".join(found.word for found in words.words(words.composed(text)))


def page_of(args: Args) -> int:
    """Which page of a list is asked for, from 1."""
    said = args.options.get("page", "1")
    if not (said.isascii() and said.isdigit() and 1 <= int(said[:6]) <= MOST_PAGES):
        raise UserError(_("Pages have numbers from 1 on, for example page:2."))
    return int(said[:6])


def again(command: str, having: Having) -> str:
    """A command with these filters, for the first page."""
    return " ".join(filter(None, (command, spoken(having))))


def further(command: str, having: Having, page: int) -> str:
    """The command for the page after this one."""
    return f"{again(command, having)} page:{page + 1}"
