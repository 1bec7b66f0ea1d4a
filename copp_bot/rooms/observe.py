"""How the homeserver's rooms are now, as plain data.

The rule it keeps: only a room whose marker the bot itself has set is ours; nothing is adopted by name or alias.
At most one request per room, and one for the server's room directory.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from copp_bot.core.ids import RoomId, RoomKey, UserId
from copp_bot.core.matrix.port import MARKER, Forbidden, JsonDict, Missing, RoomEditor
from copp_bot.rooms.patience import Pause, patiently
from copp_bot.rooms.power import POWER_LEVELS, Creation, creation_of

AT_ONCE = 4
MEMBER = "m.room.member"


@dataclass(frozen=True)
class ObservedRoom:
    """One room of ours.

    Args:
        state: (type, state key) -> content.
        created_at: ``origin_server_ts`` of ``m.room.create``, milliseconds.
        senders: who has set each state event.
    """

    room_id: RoomId
    key: RoomKey
    creation: Creation
    state: Mapping[tuple[str, str], JsonDict]
    members: Mapping[UserId, str] = field(default_factory=dict)
    created_at: int = 0
    senders: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def content(self, event_type: str, state_key: str = "") -> JsonDict | None:
        """The content of one state event."""
        return self.state.get((event_type, state_key))

    @property
    def power_levels(self) -> JsonDict | None:
        """The content of ``m.room.power_levels``."""
        return self.content(POWER_LEVELS)

    @property
    def is_replaced(self) -> bool:
        """Does a tombstone point away from it?"""
        return bool(self.content("m.room.tombstone"))

    @property
    def replacement(self) -> RoomId | None:
        """Where its tombstone points to."""
        new = (self.content("m.room.tombstone") or {}).get("replacement_room")
        return RoomId(new) if isinstance(new, str) and new.startswith("!") else None


@dataclass(frozen=True)
class ForeignMarker:
    """A room that carries our marker, set by someone else."""

    room_id: RoomId
    sender: str


@dataclass(frozen=True)
class Observed:
    """Everything the plan needs to know.

    Args:
        doubles: further rooms with a key that another room already has.
        aliases: declared alias localpart -> the room it points to, None when it is free.
        published: the rooms that the server's room directory shows.
    """

    bot: UserId
    rooms: Mapping[RoomKey, ObservedRoom] = field(default_factory=dict)
    doubles: tuple[ObservedRoom, ...] = ()
    foreign: tuple[ForeignMarker, ...] = ()
    aliases: Mapping[str, RoomId | None] = field(default_factory=dict)
    published: frozenset[RoomId] = frozenset()

    @property
    def server(self) -> str:
        """The server part of the bot's id."""
        return self.bot.split(":", 1)[1]

    @property
    def ids(self) -> dict[str, RoomId]:
        """Declared key -> room id."""
        return {key: room.room_id for key, room in self.rooms.items()}


async def observe(
    homeserver: RoomEditor,
    bot: UserId,
    *,
    aliases: Collection[str] = (),
    skip: Collection[RoomId] = (),
    pause: Pause = asyncio.sleep,
) -> Observed:
    """Look at every joined room.

    Args:
        aliases: declared alias localparts to look up.
        skip: rooms known not to be declared ones (direct chats), which are not asked about.
        pause: waits so many seconds.
    """
    joined = await patiently(homeserver.joined_rooms, pause)
    gate = asyncio.Semaphore(AT_ONCE)

    async def look(room_id: RoomId) -> Sequence[JsonDict]:
        async with gate:
            return await _state(homeserver, room_id, pause)

    wanted = [room_id for room_id in joined if room_id not in skip]
    states = await asyncio.gather(*(look(room_id) for room_id in wanted))
    found = [seen for room_id, state in zip(wanted, states, strict=True) if (seen := read_state(room_id, state, bot))]
    rooms = sorted((seen for seen in found if isinstance(seen, ObservedRoom)), key=_preference)
    first = {room.key: room for room in reversed(rooms)}
    return Observed(
        bot,
        first,
        tuple(room for room in rooms if first[room.key] is not room),
        tuple(seen for seen in found if isinstance(seen, ForeignMarker)),
        {alias: await _resolve(homeserver, alias, bot, pause) for alias in aliases},
        await patiently(homeserver.published_rooms, pause),
    )


def read_state(room_id: RoomId, state: Sequence[Mapping[str, Any]], bot: UserId) -> ObservedRoom | ForeignMarker | None:
    """A room from its raw state events; None when it carries no marker with a key."""
    events = {(event["type"], event["state_key"]): event for event in state if _is_sound(event)}
    marker = events.get((MARKER, ""))
    key = marker["content"].get("key") if marker else None
    if marker is None or not isinstance(key, str):
        return None
    if marker.get("sender") != bot:
        return ForeignMarker(room_id, str(marker.get("sender")))
    create = events.get(("m.room.create", ""), {})
    return ObservedRoom(
        room_id,
        RoomKey(key),
        creation_of(create),
        {at: event["content"] for at, event in events.items() if at[0] != MEMBER},
        {UserId(at[1]): str(event["content"].get("membership")) for at, event in events.items() if at[0] == MEMBER},
        create.get("origin_server_ts", 0),
        {at: str(event.get("sender")) for at, event in events.items()},
    )


async def _state(homeserver: RoomEditor, room_id: RoomId, pause: Pause) -> Sequence[JsonDict]:
    try:
        return await patiently(lambda: homeserver.state(room_id), pause)
    except (Forbidden, Missing):
        return ()  # left, or removed, since the list of rooms was read


async def _resolve(homeserver: RoomEditor, alias: str, bot: UserId, pause: Pause) -> RoomId | None:
    full = f"#{alias}:{bot.split(':', 1)[1]}"
    return await patiently(lambda: homeserver.resolve_alias(full), pause)


def _preference(room: ObservedRoom) -> tuple[bool, int, str]:
    """Of two rooms with one key the living one counts, then the older."""
    return room.is_replaced, room.created_at, room.room_id


def _is_sound(event: Mapping[str, Any]) -> bool:
    return (
        isinstance(event.get("type"), str)
        and isinstance(event.get("state_key"), str)
        and isinstance(event.get("content"), dict)
    )
