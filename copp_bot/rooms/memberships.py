"""Memberships that the mirror has otherwise than the homeserver. Pure.

The mirror follows the sync. What no sync has brought (from a stretch of timeline that could not be read, or before a
database of yesterday came back) would stay wrong for good, and with it who may read what.
"""

from collections.abc import Iterator, Mapping

from copp_bot.core.ids import RoomId, UserId
from copp_bot.core.own_acts import Found
from copp_bot.rooms.observe import MEMBER, Observed, ObservedRoom
from copp_bot.rooms.rights import Stay


def otherwise(known: Mapping[UserId, Mapping[RoomId, Stay]], observed: Observed) -> tuple[Found, ...]:
    """The memberships that differ.

    Args:
        known: what the mirror said before the rooms were looked at.
    """
    return tuple(found for room in observed.rooms.values() for found in _in_room(known, room, observed.bot))


def _in_room(known: Mapping[UserId, Mapping[RoomId, Stay]], room: ObservedRoom, bot: UserId) -> Iterator[Found]:
    stays = {user: rooms[room.room_id] for user, rooms in known.items() if room.room_id in rooms}
    for user in (room.members.keys() | stays) - {bot}:
        stay, membership = stays.get(user), room.members.get(user, "leave")
        if membership != (stay.membership if stay else "leave"):
            sender = UserId(room.senders.get((MEMBER, user), user))
            yield Found(room.room_id, user, membership, sender, stay.since if stay else None)
