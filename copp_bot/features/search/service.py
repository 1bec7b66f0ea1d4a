"""What is asked for, and what is found of every kind.

The rule it keeps: everything that is named passed the read gate for this person at this place; filters take away from
that and add nothing.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time

from sqlmodel import Session

from copp_bot.core import finding, items
from copp_bot.core.commands.declare import Args
from copp_bot.core.describing import checked_language, checked_tags
from copp_bot.core.errors import UserError
from copp_bot.core.i18n import gettext as _
from copp_bot.core.ids import Audience, ItemId, UserId, group_scope
from copp_bot.core.kinds import SHARED_KINDS
from copp_bot.core.reply import clean
from copp_bot.core.store import finding as finding_store
from copp_bot.core.store import people as people_store
from copp_bot.core.store.items import Having, ItemRow

EXTRACT = 110
"""Characters of an extract."""


@dataclass(frozen=True)
class Filter:
    """What hits are narrowed down to; ``said`` is how it was typed, for the next page."""

    kind: str | None = None
    author: UserId | None = None
    group: str | None = None
    since: datetime | None = None
    having: Having = field(default_factory=Having)
    said: str = ""

    def takes(self, row: ItemRow) -> bool:
        """Is this one of those that are asked for?"""
        return (
            row.kind in SHARED_KINDS
            and self.author in (None, row.author)
            and (self.group is None or row.scope == group_scope(self.group))
            and (self.since is None or row.created_at >= self.since)
        )


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


@dataclass(frozen=True)
class Results:
    """One page of hits. ``total`` counts what may be shown and is asked for."""

    query: str
    total: int
    hits: tuple[Hit, ...]
    suggestions: tuple[str, ...]
    has_more: bool


def filter_of(args: Args, server: str) -> Filter:
    """What was typed; a UserError for what cannot be."""
    kind, author, since = (args.options.get(name) for name in ("in", "by", "since"))
    group = args.options.get("group", "").lower() or None
    if kind is not None and kind.lower() not in SHARED_KINDS:
        known = ", ".join(f"in:{one}" for one in SHARED_KINDS)
        raise UserError(_("I do not know in:{kind}. There are: {known}").format(kind=clean(kind)[:30], known=known))
    names = ("in", "by", "group", "since")
    return Filter(
        kind.lower() if kind else None,
        _person(author, server) if author else None,
        group,
        _day(since) if since else None,
        Having(checked_tags(args.tags), checked_language(args.options.get("lang"))),
        "".join(f" {name}:{clean(args.options[name])}" for name in names if name in args.options),
    )


def search(session: Session, seen: Collection[Audience], query: str, wanted: Filter, page: int) -> Results | None:
    """One page of the best hits; None for one behind the last."""
    found = finding.search(session, seen, wanted.kind, query, wanted.having, page, narrowed=wanted.takes)
    if found is None:
        return None
    names = people_store.names(session, sorted({row.author for row in found.rows}))
    hits = tuple(_hit(session, row, found.query, names.get(UserId(row.author)) or row.author) for row in found.rows)
    return Results(found.query, found.total, hits, found.suggestions, found.has_more)


def _hit(session: Session, row: ItemRow, query: str, author_name: str) -> Hit:
    extract = finding_store.extract(session, items.row_id(row), query, EXTRACT, row.title)
    return Hit(items.row_id(row), row.kind, row.number, row.title, author_name, row.language, tuple(extract))


def _person(said: str, server: str) -> UserId:
    said = said if said.startswith("@") else f"@{said}"
    return UserId(said if ":" in said else f"{said}:{server}")


def _day(said: str) -> datetime:
    try:
        return datetime.combine(date.fromisoformat(said), time(), UTC)
    except ValueError:
        sentence = _("I do not know the day “{said}”. Write it like this: since:2027-01-31")
        raise UserError(sentence.format(said=clean(said)[:30])) from None
