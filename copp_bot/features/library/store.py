"""Queries of the library."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlmodel import Session, col

from copp_bot.core.ids import Audience, EventId, MxcUri, Scope, TxnId
from copp_bot.core.store import items as items_store
from storage.tables.files import FileRow, ItemFileRow
from storage.tables.items import ItemRow, ItemState, ItemTagRow
from storage.tables.library import ResourceRow
from storage.tables.outbox import OutboxRow
from storage.tables.prompts import PromptRow

KIND = "library"
Item = ItemRow
Resource = ResourceRow
File = FileRow
Having = items_store.Having


@dataclass(frozen=True)
class NewFile:
    """Bytes that have been fetched.

    Args:
        mxc: where it is on the homeserver; None for one that is not there yet.
        path: where our copy lies, below the data folder.
    """

    sha256: str
    size: int
    media_type: str
    name: str
    mxc: str | None
    path: str


@dataclass(frozen=True)
class Question:
    """A question of ours about a file.

    Args:
        txn: the message that asks.
        source: the message that is asked about.
        commands: what the choices stand for.
    """

    txn: TxnId
    source: EventId
    commands: frozenset[str]


def mxc_of(file: File) -> MxcUri:
    """Where the file is on the homeserver."""
    assert file.mxc is not None
    return MxcUri(file.mxc)


def is_live(item: Item) -> bool:
    """Has nobody withdrawn it?"""
    return item.state == ItemState.LIVE


def add_resource(session: Session, resource: Resource) -> None:
    """Write the library's own columns of a new item."""
    session.add(resource)
    session.flush()


def resource(session: Session, item_id: int) -> Resource:
    """The library's own columns. The caller has passed the gate for the item."""
    found = session.get(ResourceRow, item_id)
    return found or ResourceRow(item_id=item_id, media_type="application/octet-stream")


def resources(session: Session, ids: Collection[int]) -> Mapping[int, Resource]:
    """As ``resource``, for several."""
    rows = session.scalars(select(ResourceRow).where(col(ResourceRow.item_id).in_(sorted(ids))))
    return {row.item_id: row for row in rows}


def delete_resource(session: Session, item_id: int) -> None:
    """Forget the library's own columns of an item."""
    session.execute(delete(ResourceRow).where(col(ResourceRow.item_id) == item_id))


def attach(session: Session, item_id: int, new: NewFile, now: datetime) -> str | None:
    """Bind a file to an item. The same upload is kept once: then the path of the spare copy is returned."""
    row = session.scalars(select(FileRow).where(col(FileRow.mxc) == new.mxc)).first() if new.mxc else None
    spare = new.path if row is not None and row.path != new.path else None
    if row is None:
        row = FileRow(**vars(new), created_at=now)
        session.add(row)
        session.flush()
    assert row.id is not None
    session.add(ItemFileRow(item_id=item_id, file_id=row.id))
    session.flush()
    return spare


def file(session: Session, file_id: int) -> File | None:
    """A file by its row; None when nothing uses it any more."""
    return session.get(FileRow, file_id)


def file_id(session: Session, path: str) -> int | None:
    """The row of the file with this copy of ours."""
    return session.scalars(select(col(FileRow.id)).where(col(FileRow.path) == path)).first()


def note_mxc(session: Session, file_id: int, mxc: str) -> bool:
    """Note where a file is on the homeserver; False when nothing uses it any more."""
    row = session.get(FileRow, file_id)
    if row is not None:
        row.mxc = mxc
        session.add(row)
    return row is not None


def same_file(session: Session, audiences: Iterable[Audience], sha256: str) -> Sequence[Item]:
    """Resources with the same bytes that may be shown, the oldest first."""
    statement = (
        select(ItemRow)
        .join(ItemFileRow, col(ItemFileRow.item_id) == col(ItemRow.id))
        .join(FileRow, col(FileRow.id) == col(ItemFileRow.file_id))
        .where(col(FileRow.sha256) == sha256, col(ItemRow.kind) == KIND, items_store.visible(audiences))
    )
    return session.scalars(statement.order_by(col(ItemRow.id))).all()


def same_link(session: Session, audiences: Iterable[Audience], address: str) -> Sequence[Item]:
    """Links to the same page that may be shown, the oldest first."""
    statement = (
        select(ItemRow)
        .join(ResourceRow, col(ResourceRow.item_id) == col(ItemRow.id))
        .where(col(ResourceRow.address) == address, col(ItemRow.kind) == KIND, items_store.visible(audiences))
    )
    return session.scalars(statement.order_by(col(ItemRow.id))).all()


def replace_tags(session: Session, item_id: int, tags: Iterable[str]) -> None:
    """Set an item's tags."""
    session.execute(delete(ItemTagRow).where(col(ItemTagRow.item_id) == item_id))
    session.add_all(ItemTagRow(item_id=item_id, tag=tag) for tag in sorted(set(tags)))
    session.flush()


def question(session: Session, event: str | None, user_id: str) -> Question | None:
    """The open question to this person that is this message of ours, or is about this message of theirs."""
    if event is None:
        return None
    statement = (
        select(PromptRow)
        .outerjoin(OutboxRow, col(OutboxRow.txn_id) == col(PromptRow.txn_id))
        .where((col(PromptRow.source_event) == event) | (col(OutboxRow.event_id) == event))
        .where(col(PromptRow.answered_at).is_(None))
        .order_by(col(PromptRow.id).desc())
    )
    for row in session.scalars(statement):
        commands = frozenset(row.options.values())
        if row.source_event and user_id in row.asked and any(one.startswith("library add") for one in commands):
            return Question(TxnId(row.txn_id), EventId(row.source_event), commands)
    return None


def shelved_between(session: Session, scope: Scope, start: datetime, end: datetime) -> int:
    """How many resources a scope got."""
    statement = select(func.count()).where(
        col(ItemRow.kind) == KIND,
        col(ItemRow.scope) == scope,
        col(ItemRow.created_at) >= start,
        col(ItemRow.created_at) < end,
    )
    return session.scalar(statement) or 0
