"""What is asked for, and what is found of every kind.

The rule it keeps: everything that is named passed the read gate for this person at this place; filters take away from
that and add nothing.
"""

from collections.abc import Collection
from dataclasses import dataclass

from sqlmodel import Session

from copp_bot.core import finding, items
from copp_bot.core.commands.declare import Args
from copp_bot.core.errors import UserError
from copp_bot.core.i18n import gettext as _
from copp_bot.core.ids import Audience, ItemId, UserId
from copp_bot.core.kinds import SHARED_KINDS
from copp_bot.core.reply import clean
from copp_bot.core.store import finding as finding_store
from copp_bot.core.store import people as people_store
from copp_bot.core.store.items import Having, ItemRow

EXTRACT = 110
"""Characters of an extract."""


@dataclass(frozen=True)
class Hit:
    """Something that was found. ``extract`` is in pieces, True marks words that were asked for."""

    id: ItemId
    kind: str
    number: int
    title: str
    author_name: str
    language: str | None
    extract: tuple[tuple[str, bool], ...]


Results = finding.Found[Hit]


def kind_of(args: Args) -> str | None:
    """The one kind that is asked for; a UserError for what is none."""
    kind = args.options.get("in", "").lower() or None
    if kind is not None and kind not in SHARED_KINDS:
        known = ", ".join(f"in:{one}" for one in SHARED_KINDS)
        raise UserError(_("I do not know in:{kind}. There are: {known}").format(kind=clean(kind)[:30], known=known))
    return kind


def search(session: Session, seen: Collection[Audience], query: str, having: Having, page: int) -> Results | None:
    """One page of the best hits; None for one behind the last."""
    found = finding.search(session, seen, tuple(SHARED_KINDS), query, having, page)
    if found is None:
        return None
    names = people_store.names(session, sorted({row.author for row in found.hits}))
    hits = (_hit(session, row, query, names.get(UserId(row.author)) or row.author) for row in found.hits)
    return found.shown_as(hits)


def _hit(session: Session, row: ItemRow, query: str, author_name: str) -> Hit:
    extract = finding_store.extract(session, items.row_id(row), query, EXTRACT, row.title)
    return Hit(items.row_id(row), row.kind, row.number, row.title, author_name, row.language, tuple(extract))
