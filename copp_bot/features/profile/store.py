"""Queries of profiles: who may be found by an interest."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, exists, func, literal, select
from sqlmodel import Session, col

from copp_bot.core.ids import UserId
from copp_bot.core.store.rooms import JOINED
from storage.tables.people import InterestRow, PersonRow
from storage.tables.rooms import MembershipRow


@dataclass(frozen=True)
class Found:
    """A member as the others may see one."""

    user_id: UserId
    name: str | None
    language: str | None
    interests: tuple[str, ...]


def by_interest(session: Session, folded: str, root: str, except_users: Sequence[str], limit: int) -> Sequence[Found]:
    """Findable people in the room ``root`` with this interest, or with these words in one, by name."""
    padded = literal(" ").concat(col(InterestRow.folded)).concat(" ")
    statement = (
        select(col(PersonRow.user_id), col(PersonRow.display_name), col(PersonRow.language))
        .join(MembershipRow, col(MembershipRow.user_id) == col(PersonRow.user_id))
        .where(
            exists().where(
                col(InterestRow.user_id) == col(PersonRow.user_id), padded.contains(f" {folded} ", autoescape=True)
            ),
            *_may_be_found(root, except_users),
        )
        .order_by(func.coalesce(col(PersonRow.display_name), col(PersonRow.user_id)), col(PersonRow.user_id))
        .limit(limit)
    )
    rows = session.execute(statement).all()
    words = _interests(session, [user for user, _name, _language in rows])
    return [Found(UserId(user), name, language, words.get(user, ())) for user, name, language in rows]


def interests(session: Session, root: str, except_users: Sequence[str]) -> Sequence[str]:
    """Every interest of findable people in the room ``root``, folded, each once."""
    statement = (
        select(col(InterestRow.folded))
        .join(PersonRow, col(PersonRow.user_id) == col(InterestRow.user_id))
        .join(MembershipRow, col(MembershipRow.user_id) == col(PersonRow.user_id))
        .where(*_may_be_found(root, except_users))
        .distinct()
        .order_by(col(InterestRow.folded))
    )
    return session.scalars(statement).all()


def _may_be_found(root: str, except_users: Sequence[str]) -> tuple[ColumnElement[bool], ...]:
    return (
        col(PersonRow.findable).is_(True),
        col(PersonRow.user_id).not_in(except_users),
        col(MembershipRow.room_id) == root,
        col(MembershipRow.membership) == JOINED,
    )


def _interests(session: Session, users: Sequence[str]) -> dict[str, tuple[str, ...]]:
    statement = select(InterestRow).where(col(InterestRow.user_id).in_(users)).order_by(col(InterestRow.folded))
    found: dict[str, tuple[str, ...]] = {}
    for row in session.scalars(statement):
        found[row.user_id] = (*found.get(row.user_id, ()), row.word)
    return found
