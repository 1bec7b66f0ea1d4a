"""Queries of blogs."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlmodel import Session, col

from copp_bot.core.ids import Audience, EventId, RoomId, Scope, UserId
from copp_bot.core.store import items as items_store
from copp_bot.core.store import outbox as outbox_store
from copp_bot.core.store.outbox import OutboxState
from storage.tables.blogs import CommentRow, FollowRow, PostEditRow, PostRow
from storage.tables.items import ItemRow, ItemState, ItemTagRow

KIND, COMMENT = "blog", "comment"
Item = ItemRow
Post = PostRow
Edit = PostEditRow
Having = items_store.Having


@dataclass(frozen=True)
class Publication:
    """The message of ours that shows a post. ``event_id`` is None as long as it has not gone out."""

    room_id: RoomId
    event_id: EventId | None


def is_live(item: Item) -> bool:
    """Has nobody withdrawn it?"""
    return item.state == ItemState.LIVE


def post(session: Session, item_id: int) -> Post:
    """A post's own columns. The caller has passed the gate for the item."""
    found = session.get(PostRow, item_id)
    assert found is not None
    return found


def posts(session: Session, ids: Collection[int]) -> Mapping[int, Post]:
    """As ``post``, for several."""
    rows = session.scalars(select(PostRow).where(col(PostRow.item_id).in_(sorted(ids))))
    return {row.item_id: row for row in rows}


def add(session: Session, row: Post | Edit) -> None:
    """Write a post's columns, or a line of its history."""
    session.add(row)
    session.flush()


def delete_post(session: Session, item_id: int) -> Sequence[Item]:
    """Forget a post's own columns and its history; returns its comments, which go with it."""
    gone = comments_of(session, item_id)
    for statement in (
        delete(PostEditRow).where(col(PostEditRow.item_id) == item_id),
        delete(CommentRow).where(col(CommentRow.post_id) == item_id),
        delete(PostRow).where(col(PostRow.item_id) == item_id),
    ):
        session.execute(statement)
    return gone


def replace_tags(session: Session, item_id: int, tags: Iterable[str]) -> None:
    """Set a post's tags."""
    session.execute(delete(ItemTagRow).where(col(ItemTagRow.item_id) == item_id))
    session.add_all(ItemTagRow(item_id=item_id, tag=tag) for tag in sorted(set(tags)))
    session.flush()


def newest(
    session: Session, audiences: Collection[Audience], author: UserId | None, having: Having, limit: int
) -> Sequence[Item]:
    """The posts and drafts that may be shown, the last published or begun first."""
    statement = items_store.matching(audiences, (KIND,), having).join(PostRow, col(PostRow.item_id) == col(ItemRow.id))
    if author is not None:
        statement = statement.where(col(ItemRow.author) == author)
    moment = func.coalesce(col(PostRow.published_at), col(ItemRow.created_at))
    return session.scalars(statement.order_by(moment.desc(), col(ItemRow.id).desc()).limit(limit)).all()


def edits(session: Session, item_id: int, limit: int) -> Sequence[Edit]:
    """A post's history, newest first. The caller has passed the gate for the item."""
    statement = select(PostEditRow).where(col(PostEditRow.item_id) == item_id)
    return session.scalars(statement.order_by(col(PostEditRow.id).desc()).limit(limit)).all()


def add_comment(session: Session, item_id: int, post_id: int) -> None:
    """Bind a comment to its post."""
    session.add(CommentRow(item_id=item_id, post_id=post_id))
    session.flush()


def delete_comment(session: Session, item_id: int) -> None:
    """The comment has been taken back."""
    session.execute(delete(CommentRow).where(col(CommentRow.item_id) == item_id))


def comments_of(session: Session, post_id: int) -> Sequence[Item]:
    """Every comment of a post. For cascades only."""
    statement = select(ItemRow).join(CommentRow, col(CommentRow.item_id) == col(ItemRow.id))
    return session.scalars(statement.where(col(CommentRow.post_id) == post_id).order_by(col(ItemRow.id))).all()


def comments(session: Session, audiences: Collection[Audience], post_id: int, limit: int) -> Sequence[Item]:
    """The newest comments that may be shown, in the order of talking."""
    statement = (
        select(ItemRow)
        .join(CommentRow, col(CommentRow.item_id) == col(ItemRow.id))
        .where(col(CommentRow.post_id) == post_id, items_store.visible(audiences))
    )
    return session.scalars(statement.order_by(col(ItemRow.id).desc()).limit(limit)).all()[::-1]


def comment_counts(session: Session, audiences: Collection[Audience], ids: Collection[int]) -> Mapping[int, int]:
    """How many comments posts have that may be shown."""
    statement = (
        select(col(CommentRow.post_id), func.count())
        .join(ItemRow, col(CommentRow.item_id) == col(ItemRow.id))
        .where(col(CommentRow.post_id).in_(sorted(ids)), items_store.visible(audiences))
        .group_by(col(CommentRow.post_id))
    )
    return dict(session.execute(statement).all())


def publication(session: Session, item: Item) -> Publication | None:
    """Where a post stands; None for a draft, and when the message was taken back or could not be sent."""
    row = outbox_store.get(session, item.publication) if item.publication else None
    if row is None or row.state not in (OutboxState.OPEN, OutboxState.SENT):
        return None
    return Publication(RoomId(row.room_id or row.target), EventId(row.event_id) if row.event_id else None)


def follow(session: Session, follower: UserId, author: UserId, now: datetime) -> None:
    """Remember who wishes to hear of whom."""
    session.merge(FollowRow(follower=follower, author=author, since=now))
    session.flush()


def unfollow(session: Session, follower: UserId, author: UserId) -> None:
    """And no more."""
    session.execute(delete(FollowRow).where(col(FollowRow.follower) == follower, col(FollowRow.author) == author))


def followers(session: Session, author: str) -> Sequence[UserId]:
    """Who wishes to hear of this author."""
    rows = session.scalars(select(col(FollowRow.follower)).where(col(FollowRow.author) == author))
    return [UserId(user) for user in sorted(rows)]


def followed(session: Session, follower: UserId) -> Sequence[UserId]:
    """Of whom this person wishes to hear."""
    rows = session.scalars(select(col(FollowRow.author)).where(col(FollowRow.follower) == follower))
    return [UserId(user) for user in sorted(rows)]


def published_between(session: Session, scope: Scope, start: datetime, end: datetime) -> int:
    """How many posts a scope got."""
    statement = (
        select(func.count())
        .select_from(PostRow)
        .join(ItemRow, col(ItemRow.id) == col(PostRow.item_id))
        .where(col(ItemRow.scope) == scope, col(PostRow.published_at) >= start, col(PostRow.published_at) < end)
    )
    return session.scalar(statement) or 0
