"""Items: the rows behind the read gate. Every query that leaves here has passed ``visible``."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, delete, exists, func, select
from sqlmodel import Session, col

from copp_bot.core.ids import Audience, EventId, ItemId
from storage import search
from storage.tables.files import FileRow, ItemFileRow
from storage.tables.items import ItemRow, ItemState, ItemTagRow, ItemTextRow
from storage.tables.outbox import OutboxRow, ShownRow

__all__ = ["ItemRow"]


@dataclass(frozen=True)
class Having:
    """What items are filtered by: all of the tags, and whatever else is said.

    Args:
        kind: one, where several kinds are looked through.
        since: the first moment that counts.
    """

    tags: tuple[str, ...] = ()
    language: str | None = None
    licence: str | None = None
    kind: str | None = None
    author: str | None = None
    scope: str | None = None
    since: datetime | None = None


def visible(audiences: Iterable[Audience]) -> ColumnElement[bool]:
    """The one read gate as SQL: live, and for an audience that may be shown here."""
    return and_(col(ItemRow.state) == ItemState.LIVE, col(ItemRow.audience).in_(sorted(audiences)))


def by_number(session: Session, audiences: Iterable[Audience], kind: str, number: int) -> ItemRow | None:
    """The item people mean by its number, if it may be shown."""
    statement = select(ItemRow).where(col(ItemRow.number) == number, col(ItemRow.kind) == kind, visible(audiences))
    return session.scalars(statement).first()


def own(session: Session, author: str, kind: str, number: int) -> ItemRow | None:
    """What someone has made, of this number, if it is not withdrawn."""
    is_it = and_(col(ItemRow.number) == number, col(ItemRow.kind) == kind, col(ItemRow.author) == author)
    return session.scalars(select(ItemRow).where(is_it, col(ItemRow.state) == ItemState.LIVE)).first()


def newest(
    session: Session, audiences: Iterable[Audience], kind: str, limit: int, having: Having | None = None
) -> Sequence[ItemRow]:
    """The newest items of a kind that may be shown, newest first."""
    statement = matching(audiences, (kind,), having or Having())
    return session.scalars(statement.order_by(col(ItemRow.id).desc()).limit(limit)).all()


def newest_ids(
    session: Session, audiences: Iterable[Audience], kinds: Collection[str], limit: int, having: Having
) -> list[int]:
    """As ``newest``, of several kinds, their row ids alone."""
    statement = matching(audiences, kinds, having).with_only_columns(col(ItemRow.id))
    return list(session.execute(statement.order_by(col(ItemRow.id).desc()).limit(limit)).scalars())


def among(
    session: Session, audiences: Iterable[Audience], kinds: Collection[str], ids: Sequence[int], having: Having
) -> list[int]:
    """Those of the ids that have what is asked for, in their order."""
    statement = matching(audiences, kinds, having).with_only_columns(col(ItemRow.id))
    found = set(session.execute(statement.where(col(ItemRow.id).in_(ids))).scalars())
    return [number for number in ids if number in found]


def matching(audiences: Iterable[Audience], kinds: Collection[str], having: Having) -> Select[ItemRow]:
    """The items of these kinds that may be shown and have what is asked for, in no order."""
    statement = select(ItemRow).where(col(ItemRow.kind).in_(sorted(kinds)), visible(audiences))
    for tag in having.tags:
        statement = statement.where(
            exists().where(col(ItemTagRow.item_id) == col(ItemRow.id), col(ItemTagRow.tag) == tag)
        )
    for name in ("kind", "language", "licence", "author", "scope"):
        wanted = getattr(having, name)
        if wanted is not None:
            statement = statement.where(getattr(ItemRow, name) == wanted)
    return statement if having.since is None else statement.where(col(ItemRow.created_at) >= having.since)


def get_visible(session: Session, audiences: Iterable[Audience], ids: Sequence[int]) -> dict[int, ItemRow]:
    """Those of the items that may be shown."""
    rows = session.scalars(select(ItemRow).where(col(ItemRow.id).in_(ids), visible(audiences)))
    return {row.id: row for row in rows if row.id is not None}


def by_author(
    session: Session, audiences: Iterable[Audience], author: str, limit: int, kinds: Collection[str] | None = None
) -> Sequence[ItemRow]:
    """What someone has shared and may be shown, newest first; of these kinds alone where some are said."""
    statement = select(ItemRow).where(col(ItemRow.author) == author, visible(audiences))
    if kinds is not None:
        statement = statement.where(col(ItemRow.kind).in_(sorted(kinds)))
    return session.scalars(statement.order_by(col(ItemRow.id).desc()).limit(limit)).all()


def tag_counts(session: Session, audiences: Iterable[Audience], kind: str) -> Sequence[tuple[str, int]]:
    """Tags of what may be shown, with their counts, most used first."""
    statement = (
        select(col(ItemTagRow.tag), func.count())
        .join(ItemRow, col(ItemRow.id) == col(ItemTagRow.item_id))
        .where(col(ItemRow.kind) == kind, visible(audiences))
        .group_by(col(ItemTagRow.tag))
        .order_by(func.count().desc(), col(ItemTagRow.tag))
    )
    return [(tag, count) for tag, count in session.execute(statement)]


def tags_of(session: Session, item_id: int) -> tuple[str, ...]:
    """An item's tags in alphabetical order. The caller has passed the gate for the item."""
    rows = session.scalars(select(col(ItemTagRow.tag)).where(col(ItemTagRow.item_id) == item_id))
    return tuple(sorted(rows))


def files_of(session: Session, item_id: int) -> Sequence[FileRow]:
    """An item's files. The caller has passed the gate for the item."""
    statement = (
        select(FileRow)
        .join(ItemFileRow, col(ItemFileRow.file_id) == col(FileRow.id))
        .where(col(ItemFileRow.item_id) == item_id)
    )
    return session.scalars(statement.order_by(col(FileRow.id))).all()


def text_of(session: Session, item_id: int) -> str:
    """The text an extract is cut from. The caller has passed the gate for the item."""
    row = session.get(ItemTextRow, item_id)
    return row.text if row else ""


def add(session: Session, item: ItemRow, tags: Iterable[str], text: str) -> None:
    """Write a new item with its tags, and index it."""
    session.add(item)
    session.flush()
    assert item.id is not None
    session.add_all(ItemTagRow(item_id=item.id, tag=tag) for tag in sorted(set(tags)))
    index(session, item, text)


def index(session: Session, item: ItemRow, text: str) -> None:
    """Put the item's title, tags and text into the full-text index in place of what was there."""
    assert item.id is not None
    tags = tags_of(session, item.id)
    marks = search_marks(item.kind, Having(tags, item.language, item.licence))
    search.put(session, item.id, item.audience, item.title, text, keywords=tags, marks=marks)


def search_marks(kind: str, having: Having) -> list[str]:
    """What a search may filter by, as the index knows it."""
    language = [f"lang:{having.language}"] if having.language else []
    licence = [f"licence:{having.licence}"] if having.licence else []
    return [f"kind:{kind}", *(f"tag:{tag}" for tag in having.tags), *language, *licence]


def by_source(session: Session, event_id: EventId) -> Sequence[ItemRow]:
    """Live items that come from an event: the file or message itself, the command that made them, or our publication.

    For cascades only.
    """
    statement = select(ItemRow).where(
        col(ItemRow.state) != ItemState.WITHDRAWN,
        (col(ItemRow.event_id) == event_id)
        | (col(ItemRow.command_event) == event_id)
        | col(ItemRow.publication).in_(_message_of_ours(event_id)),
    )
    return session.scalars(statement.order_by(col(ItemRow.id))).all()


def has_source(session: Session, event_id: str) -> bool:
    """Was anything made from this event?"""
    return bool(by_source(session, EventId(event_id)))


def published_as(session: Session, event_id: EventId) -> ItemRow | None:
    """The live item that this message of ours publishes. For what is said in its thread; nothing of it may be shown."""
    statement = select(ItemRow).where(
        col(ItemRow.state) != ItemState.WITHDRAWN, col(ItemRow.publication).in_(_message_of_ours(event_id))
    )
    return session.scalars(statement).first()


def _message_of_ours(event_id: str) -> Select[str]:
    return select(col(OutboxRow.txn_id)).where(col(OutboxRow.event_id) == event_id)


def get(session: Session, item_id: ItemId) -> ItemRow | None:
    """An item past the gate. For cascades and tasks only; nothing of it may be shown."""
    return session.get(ItemRow, item_id)


def messages_showing(session: Session, item_id: int) -> Sequence[str]:
    """Transaction ids of the messages that show an item."""
    return session.scalars(select(col(ShownRow.txn_id)).where(col(ShownRow.item_id) == item_id)).all()


def empty(session: Session, item: ItemRow, now: datetime, by: str) -> Sequence[FileRow]:
    """Withdraw: leave a bare row, and return the files that nothing uses any more (their rows are deleted)."""
    assert item.id is not None
    search.remove(session, item.id)
    files = files_of(session, item.id)
    session.execute(delete(ItemTagRow).where(col(ItemTagRow.item_id) == item.id))
    session.execute(delete(ItemFileRow).where(col(ItemFileRow.item_id) == item.id))
    item.state, item.title, item.withdrawn_at, item.withdrawn_by = ItemState.WITHDRAWN, "", now, by
    session.add(item)
    session.flush()
    unused = [file for file in files if not _used(session, file)]
    for file in unused:
        session.delete(file)
    session.flush()
    return unused


def _used(session: Session, file: FileRow) -> bool:
    return (
        session.scalars(select(col(ItemFileRow.item_id)).where(col(ItemFileRow.file_id) == file.id)).first() is not None
    )
