"""What is found and shown of the library.

The rule it keeps: everything that is named passed the read gate for this person at this place.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlmodel import Session

from copp_bot.core import finding, items
from copp_bot.core.commands import mistakes
from copp_bot.core.ids import Audience, ItemId, UserId
from copp_bot.core.store import finding as finding_store
from copp_bot.core.store import items as items_store
from copp_bot.core.store import people as people_store
from copp_bot.features.library import store

LETTER = "L"
EXTRACT = 110
"""Characters of an extract in a list."""
LONG_EXTRACT = 300
LINK = "text/uri-list"
"""Media type of a resource that is an address (RFC 2483)."""

Pieces = Sequence[tuple[str, bool]]


@dataclass(frozen=True)
class Resource:
    """A resource as it is shown.

    Args:
        extract: a place of its text in pieces; True marks words that were asked for.
    """

    id: ItemId
    number: str
    title: str
    author: UserId
    author_name: str | None
    created_at: datetime
    audience: Audience
    media_type: str
    language: str | None = None
    licence: str | None = None
    pages: int | None = None
    size: int | None = None
    url: str | None = None
    is_readable: bool = False
    note: str | None = None
    tags: tuple[str, ...] = ()
    extract: Pieces = ()


Results = finding.Found[Resource]


def search(
    session: Session,
    seen: Collection[Audience],
    query: str,
    having: store.Having,
    page: int = 1,
    shown: int = finding.SHOWN_HITS,
) -> Results | None:
    """One page of the best hits; None for one behind the last.

    Args:
        page: ``shown`` hits each, from 1.
    """
    found = finding.search(session, seen, (store.KIND,), query, having, page, shown=shown)
    if found is None:
        return None
    return found.shown_as(
        replace(hit, extract=finding_store.extract(session, hit.id, query, EXTRACT, hit.title))
        for hit in _described(session, found.hits)
    )


def newest(
    session: Session, seen: Collection[Audience], limit: int, having: store.Having, page: int = 1
) -> tuple[tuple[Resource, ...], bool]:
    """The newest resources of those that are asked for, ``limit`` on each page, and whether there are more."""
    rows = items_store.newest(session, seen, store.KIND, page * limit + 1, having)
    return tuple(_described(session, rows[(page - 1) * limit : page * limit])), len(rows) > page * limit


def tags(session: Session, seen: Collection[Audience], limit: int) -> Sequence[tuple[str, int]]:
    """The most used tags with their counts."""
    return items_store.tag_counts(session, seen, store.KIND)[:limit]


def near_tags(session: Session, seen: Collection[Audience], said: Sequence[str]) -> list[str]:
    """Tags that are much like those that were said and stand on nothing here."""
    known = dict(items_store.tag_counts(session, seen, store.KIND))
    found = [mistakes.near([tag], known) for tag in said if tag not in known]
    return [tag for tag in found if tag is not None]


def find(session: Session, seen: Collection[Audience], number: int) -> store.Item:
    """The item people mean; NotFound when it may not be shown here."""
    return items.find(session, seen, store.KIND, LETTER, number)


def describe(session: Session, item: store.Item) -> Resource:
    """All about one resource, with the beginning of its text. The caller has passed the gate."""
    (shown,) = _described(session, [item])
    return replace(
        shown,
        tags=items_store.tags_of(session, shown.id),
        extract=finding_store.extract(session, shown.id, "", LONG_EXTRACT),
    )


def _described(session: Session, rows: Sequence[store.Item]) -> list[Resource]:
    own = store.resources(session, [items.row_id(row) for row in rows])
    names = people_store.names(session, sorted({row.author for row in rows}))
    return [_resource(row, own[items.row_id(row)], names.get(UserId(row.author))) for row in rows]


def _resource(item: store.Item, own: store.Resource, author_name: str | None) -> Resource:
    return Resource(
        id=items.row_id(item),
        number=items.short_id(LETTER, item),
        title=item.title,
        author=UserId(item.author),
        author_name=author_name,
        created_at=item.created_at,
        audience=Audience(item.audience),
        media_type=own.media_type,
        language=item.language,
        licence=item.licence,
        pages=own.pages,
        size=own.size,
        url=own.url,
        is_readable=own.readable,
        note=own.note,
    )
