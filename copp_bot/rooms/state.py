"""The state a declared room shall have, as raw events; rooms that do not exist yet stand in it as references.

The rule it keeps: pure. ``{"$room": "root"}`` stands for a room id wherever one is needed, and is replaced when known.
"""

import json
from collections.abc import Mapping
from typing import Any

from copp_bot.core.ids import RoomId
from copp_bot.core.matrix.port import MARKER, JsonDict
from copp_bot.core.people import ROOT_KEY
from copp_bot.rooms.declared import PUBLIC, DeclaredRoom

REFERENCE = "$room"
DECLARED, CLOSED = "declared", "closed"
"""Parts of the marker from which a lost database takes back what was opened or closed by command."""
CHILD = "m.space.child"
PARENT = "m.space.parent"
NAME = "m.room.name"
TOPIC = "m.room.topic"
JOIN_RULES = "m.room.join_rules"
HISTORY = "m.room.history_visibility"
GUESTS = "m.room.guest_access"
AVATAR = "m.room.avatar"
ALIAS = "m.room.canonical_alias"
TOMBSTONE = "m.room.tombstone"
SHA256 = "org.copp_bot.sha256"
"""Field of the avatar's content: of which bytes it was uploaded."""

StateEvent = tuple[str, Any, JsonDict]
"""Type, state key (a text or a reference), content."""


class UnknownRoom(LookupError):
    """A reference to a room that does not exist (yet)."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


def reference(key: str) -> JsonDict:
    """Stands for the room id of a declared key."""
    return {REFERENCE: key}


def resolve(value: Any, ids: Mapping[str, RoomId]) -> Any:
    """The value with every reference replaced.

    Raises:
        UnknownRoom: when a room is not there.
    """
    if isinstance(value, dict):
        if set(value) == {REFERENCE}:
            return _room_id(value[REFERENCE], ids)
        return {name: resolve(inner, ids) for name, inner in value.items()}
    return [resolve(inner, ids) for inner in value] if isinstance(value, list) else value


def marker(room: DeclaredRoom) -> JsonDict:
    """Our own state event that makes the room this declared one; what a command opened or closed stands in it too."""
    content: JsonDict = {"key": room.key, "kind": room.kind, "scope": room.scope, "readers": room.readers}
    if room.closed:
        content[CLOSED] = True
    if room.opened:
        content[DECLARED] = json.loads(room.opened)
    return content


def own_state(room: DeclaredRoom, server: str) -> list[StateEvent]:
    """The state inside the room itself, apart from name, topic and power levels.

    Args:
        server: the server to reach rooms through (``via``); the ids of version 12 name none.
    """
    events: list[StateEvent] = [
        (MARKER, "", marker(room)),
        (JOIN_RULES, "", join_rules(room)),
        (HISTORY, "", {"history_visibility": room.history}),
        (GUESTS, "", {"guest_access": "forbidden"}),
    ]
    if room.parent is not None and room.linked:
        events.append((PARENT, reference(room.parent), {"via": [server], "canonical": True}))
    return events


def join_rules(room: DeclaredRoom) -> JsonDict:
    """Public rooms for everyone; rooms of the community or of a group for members of the space; all else by invitation.

    A member's own space is open to the members of the community, and so are its rooms. No room can be knocked at: a
    knocked room shows its name to strangers.
    """
    if room.readers == PUBLIC:
        return {"join_rule": "public"}
    space = ROOT_KEY if room.owner is not None else room.parent
    if space is None or room.roles or (room.is_space and room.owner is None):
        return {"join_rule": "invite"}
    return {"join_rule": "restricted", "allow": [{"type": "m.room_membership", "room_id": reference(space)}]}


def child_link(room: DeclaredRoom, server: str) -> JsonDict:
    """The content of ``m.space.child`` in the parent space; empty where the room shall not be listed."""
    if not room.linked:
        return {}
    return {"via": [server], "order": room.order, "suggested": room.suggested and not room.closed}


def _room_id(key: str, ids: Mapping[str, RoomId]) -> RoomId:
    if key not in ids:
        raise UnknownRoom(key)
    return ids[key]
