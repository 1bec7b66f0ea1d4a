"""Who is to be greeted, and who of them waits to be let in.

The rule it keeps: everyone is greeted once, at the first arrival; who looks after the community, or was in it before
they came to Reception, is not greeted.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session

from copp_bot.core.context import Effects
from copp_bot.core.ids import RoomId, UserId
from copp_bot.core.people import RECEPTION_KEY, ROOT_KEY
from copp_bot.core.store import people as people_store
from copp_bot.core.store import rooms as rooms_store
from copp_bot.core.store import said as said_store
from copp_bot.core.store.rooms import MembershipRow
from copp_bot.features.welcome import store
from copp_bot.features.welcome.store import Arrival

HERE_OR_ASKED = ("join", "invite", "ban")
"""Memberships of the root space that leave a steward nothing to do."""


@dataclass(frozen=True)
class Arrivals:
    """People to greet in ``room``; those of them who are not in the community and wait for a steward."""

    room: RoomId
    all: tuple[Arrival, ...]
    waiting: tuple[Arrival, ...]


def greet(effects: Effects, bot: UserId) -> Arrivals | None:
    """Collect who arrived since the last time and note them as greeted; None when there is nobody."""
    session = effects.session
    room = rooms_store.room_id(session, RECEPTION_KEY)
    found = store.not_greeted(session, room, bot) if room else ()
    if room is None or not found:
        return None
    store.greeted(session, [arrival.user_id for arrival in found], effects.now)
    caring = {grant.user_id for grant in people_store.all_grants(session, effects.now)}
    inside = _inside(session, found)
    arrived = [
        who
        for who in found
        if who.user_id not in caring
        and not _was_in_before(inside.get(who.user_id), who)
        and not said_store.was_told(session, mark(who.user_id))
    ]
    waiting = tuple(who for who in arrived if _waits(inside.get(who.user_id)))
    return Arrivals(room, tuple(arrived), waiting) if arrived else None


def mark(user_id: UserId) -> str:
    """Under which key a greeting is remembered, beyond the database."""
    return f"welcome:{user_id}"


def _inside(session: Session, found: Sequence[Arrival]) -> dict[UserId, MembershipRow]:
    """What each of them is to the root space."""
    root = rooms_store.room_id(session, ROOT_KEY)
    rows = [rooms_store.membership(session, root, who.user_id) for who in found] if root else []
    return {UserId(row.user_id): row for row in rows if row is not None}


def _waits(inside: MembershipRow | None) -> bool:
    return inside is None or inside.membership not in HERE_OR_ASKED


def _was_in_before(inside: MembershipRow | None, who: Arrival) -> bool:
    return inside is not None and inside.membership == rooms_store.JOINED and inside.since <= who.since
