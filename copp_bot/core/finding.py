"""Full text over what members share, page by page.

The rule it keeps: the caller names the audiences that may be shown (``items.audiences``), and nothing else counts.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from sqlmodel import Session

from copp_bot.core.commands.declare import Args
from copp_bot.core.errors import UserError
from copp_bot.core.i18n import gettext as _
from copp_bot.core.ids import Audience
from copp_bot.core.store import finding as store
from copp_bot.core.store import items as items_store
from copp_bot.core.store.items import Having, ItemRow
from storage.search import words

SHOWN_HITS = 5
MOST_WORDS = 20
MOST_SUGGESTED = 5
MOST_PAGES = 1000


@dataclass(frozen=True)
class Found:
    """One page of hits. ``total`` counts what may be shown, and stops above 1000."""

    query: str
    total: int
    rows: tuple[ItemRow, ...]
    suggestions: tuple[str, ...] = ()
    has_more: bool = False


def search(  # noqa: PLR0913 - what is asked, of whom, and how it is narrowed down
    session: Session,
    seen: Collection[Audience],
    kind: str | None,
    query: str,
    having: Having,
    page: int = 1,
    *,
    shown: int = SHOWN_HITS,
    narrowed: Callable[[ItemRow], bool] | None = None,
) -> Found | None:
    """The best hits for all words of the query; where there are none, words that exist.

    Args:
        kind: None for every kind; then ``narrowed`` says which of them count.
        narrowed: what else is asked of a hit.
        page: ``shown`` hits each, from 1; None is returned for one behind the last.
    """
    asked = _asked(kind, query)
    ids, total = store.candidates(session, seen, kind, query, having)
    if not ids:
        return Found(query, 0, (), _near(session, seen, asked))
    if narrowed is not None:
        rows = items_store.get_visible(session, seen, ids)
        ids = [number for number in ids if number in rows and narrowed(rows[number])]
        total = len(ids)
    here = ids[(page - 1) * shown : page * shown]
    if ids and not here:
        return None
    rows = items_store.get_visible(session, seen, here)
    hits = tuple(rows[number] for number in here if number in rows)
    return Found(query, total, hits, has_more=len(ids) > page * shown)


def _asked(kind: str | None, query: str) -> list[str]:
    """The words of a query; a UserError where there are none, or too many."""
    asked = [found.word for found in words.words(words.composed(query))]
    if not asked:
        example = f"!{kind} search rhythm" if kind else "!search rhythm"
        raise UserError(_("Say at least one word to look for, for example: {example}").format(example=example))
    if len(asked) > MOST_WORDS:
        raise UserError(
            _("Those are {count} words; {limit} is the most. Look for the few that tell most.").format(
                count=len(asked), limit=MOST_WORDS
            )
        )
    return asked


def _near(session: Session, seen: Collection[Audience], asked: Sequence[str]) -> tuple[str, ...]:
    """Words that exist and begin like those that were asked for."""
    near = store.near_words(session, seen, (word for word in asked if len(word) >= 3), MOST_SUGGESTED)
    known = {words.fold(word) for word in asked}
    return tuple(word for word in near if words.fold(word) not in known)


def retyped(query: str) -> str:
    """The words of a query as they may be typed again."""
    return " ".join(found.word for found in words.words(words.composed(query)))


def page_of(args: Args) -> int:
    """Which page of a list is asked for, from 1."""
    said = args.options.get("page", "1")
    if not (said.isascii() and said.isdigit() and 1 <= int(said[:6]) <= MOST_PAGES):
        raise UserError(_("Pages have numbers from 1 on, for example page:2."))
    return int(said[:6])


def further(command: str, having: Having, page: int) -> str:
    """The command for the page after this one."""
    tags = "".join(f" #{tag}" for tag in having.tags)
    language = f" lang:{having.language}" if having.language else ""
    licence = f" licence:{having.licence}" if having.licence else ""
    return f"{command}{tags}{language}{licence} page:{page + 1}"
