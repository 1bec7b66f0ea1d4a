"""What is found and shown of blogs.

The rule it keeps: everything that is named passed the read gate for this person at this place; a comment passes it for
itself, since it was said to those who could read the room it was said in.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlmodel import Session

from copp_bot.core import finding, items
from copp_bot.core.ids import Audience, ItemId, UserId
from copp_bot.core.store import finding as finding_store
from copp_bot.core.store import items as items_store
from copp_bot.core.store import people as people_store
from copp_bot.features.blogs import store

LETTER = "B"
EXTRACT = 110
"""Characters of an extract in a list."""
MOST_EDITS = 20

Pieces = Sequence[tuple[str, bool]]


@dataclass(frozen=True)
class Comment:
    """A reply in the thread of a post, as it is shown."""

    id: ItemId
    author_name: str
    text: str


@dataclass(frozen=True)
class Shown:
    """A post as it is shown. ``published_at`` is None for a draft; ``extract`` is in pieces, True marks hits."""

    id: ItemId
    number: str
    title: str
    author: UserId
    author_name: str | None
    audience: Audience
    source: str
    created_at: datetime
    published_at: datetime | None
    language: str | None = None
    tags: tuple[str, ...] = ()
    extract: Pieces = ()
    comment_count: int = 0
    comments: tuple[Comment, ...] = ()
    publication: store.Publication | None = None

    @property
    def is_draft(self) -> bool:
        """Can nobody but its author read it?"""
        return self.published_at is None


Results = finding.Found[Shown]


def find(session: Session, seen: Collection[Audience], number: int) -> store.Item:
    """The post people mean; NotFound when it may not be shown here."""
    return items.find(session, seen, store.KIND, LETTER, number)


def search(
    session: Session, seen: Collection[Audience], query: str, having: store.Having, page: int = 1
) -> Results | None:
    """One page of the best hits; None for one behind the last."""
    found = finding.search(session, seen, (store.KIND,), query, having, page)
    if found is None:
        return None
    return found.shown_as(
        replace(hit, extract=finding_store.extract(session, hit.id, query, EXTRACT, hit.title))
        for hit in _described(session, seen, found.hits)
    )


def newest(
    session: Session, seen: Collection[Audience], author: UserId | None, limit: int, having: store.Having, page: int
) -> tuple[tuple[Shown, ...], bool]:
    """The newest posts, ``limit`` on each page, and whether there are more."""
    rows = store.newest(session, seen, author, having, page * limit + 1)
    return tuple(_described(session, seen, rows[(page - 1) * limit : page * limit])), len(rows) > page * limit


def describe(session: Session, item: store.Item, seen: Collection[Audience] = (), comments: int = 0) -> Shown:
    """All about one post. The caller has passed the gate for it.

    Args:
        seen: the audiences whose comments may be shown.
        comments: how many of them are wanted.
    """
    (shown,) = _described(session, seen, [item])
    return replace(
        shown,
        tags=items_store.tags_of(session, shown.id),
        comments=_comments(session, store.comments(session, seen, shown.id, comments)) if comments else (),
        publication=store.publication(session, item),
    )


def history(session: Session, item: store.Item) -> Sequence[store.Edit]:
    """What was changed since it was published, newest first. The caller has passed the gate for the item."""
    return store.edits(session, items.row_id(item), MOST_EDITS)


def names(session: Session, users: Sequence[UserId]) -> Sequence[tuple[UserId, str]]:
    """People with the names they are shown by."""
    known = people_store.names(session, users)
    return [(user, known.get(user) or user) for user in users]


def _comments(session: Session, rows: Sequence[store.Item]) -> tuple[Comment, ...]:
    named = people_store.names(session, sorted({row.author for row in rows}))
    return tuple(
        Comment(
            items.row_id(row),
            named.get(UserId(row.author)) or row.author,
            items_store.text_of(session, items.row_id(row)),
        )
        for row in rows
    )


def _described(session: Session, seen: Collection[Audience], rows: Sequence[store.Item]) -> list[Shown]:
    ids = [items.row_id(row) for row in rows]
    own, counts = store.posts(session, ids), store.comment_counts(session, seen, ids)
    named = people_store.names(session, sorted({row.author for row in rows}))
    return [
        Shown(
            id=items.row_id(row),
            number=items.short_id(LETTER, row),
            title=row.title,
            author=UserId(row.author),
            author_name=named.get(UserId(row.author)),
            audience=Audience(row.audience),
            source=own[items.row_id(row)].source,
            created_at=row.created_at,
            published_at=own[items.row_id(row)].published_at,
            language=row.language,
            comment_count=counts.get(items.row_id(row), 0),
        )
        for row in rows
    ]
