"""Who is in a group's space by a role alone, which makes its holders visible members of every group.

The rule it keeps: what a role gave goes with it. Whoever was in the group before, or was let in since, stays.
"""

from sqlmodel import Session

from copp_bot.core.ids import RoomId, UserId
from copp_bot.core.store import meta

FACT = "rooms.by_role:"
"""Name of the fact that somebody was brought into a space by a role."""


def note(session: Session, user: UserId, space: RoomId) -> None:
    """A role has brought them there."""
    meta.put(session, _name(user, space), "")


def forget(session: Session, user: UserId, space: RoomId) -> bool:
    """They have left, or are there in their own right now; False when they were not there by a role."""
    if meta.get(session, _name(user, space)) is None:
        return False
    meta.drop(session, _name(user, space))
    return True


def all_of_them(session: Session) -> frozenset[tuple[UserId, RoomId]]:
    """Who is where by a role alone."""
    pairs = (name.split(" ", 1) for name in meta.beginning(session, FACT))
    return frozenset((UserId(user), RoomId(space)) for user, space in pairs)


def _name(user: UserId, space: RoomId) -> str:
    return f"{FACT}{user} {space}"
