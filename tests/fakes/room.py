"""One room of the fake homeserver: its events in stream order, its state at any position, and who sees what."""

import copy
import json
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.fakes.rules import Raw, State, content

KEPT_BY_REDACTION: dict[str, tuple[str, ...] | None] = {
    "m.room.create": None,
    "m.room.member": ("membership", "join_authorised_via_users_server"),
    "m.room.join_rules": ("join_rule", "allow"),
    "m.room.history_visibility": ("history_visibility",),
    "m.room.power_levels": (
        "ban",
        "events",
        "events_default",
        "invite",
        "kick",
        "redact",
        "state_default",
        "users",
        "users_default",
    ),
}
"""Content keys that a redaction leaves (room version 11); None leaves all, an absent type nothing."""


@dataclass(frozen=True)
class Stored:
    """An event and its place in the server's one stream. ``by_device`` sent it; it alone is told the transaction."""

    position: int
    raw: Raw
    by_device: tuple[str, str] | None = None
    txn_id: str | None = None


class FakeRoom:
    """A room. What may be done is asked in ``rules``; this only remembers."""

    def __init__(self, room_id: str, version: str) -> None:
        self.room_id = room_id
        self.version = version
        self.events: list[Stored] = []
        self.state: dict[tuple[str, str], Raw] = {}
        self._by_id: dict[str, Stored] = {}
        self._memberships: dict[str, list[tuple[int, str]]] = {}

    def append(self, stored: Stored) -> None:
        """Take an event in; state events become current state."""
        raw = stored.raw
        self.events.append(stored)
        self._by_id[raw["event_id"]] = stored
        if "state_key" not in raw:
            return
        self.state[(raw["type"], raw["state_key"])] = raw
        if raw["type"] == "m.room.member":
            history = self._memberships.setdefault(raw["state_key"], [])
            history.append((stored.position, raw["content"]["membership"]))

    def find(self, event_id: str) -> Stored | None:
        """The event with this id."""
        return self._by_id.get(event_id)

    def has_said(self, sender: str, event_type: str, content: Raw) -> bool:
        """Is there an event of this sender, type and content already?"""
        mine = (stored.raw for stored in self.events if stored.raw["sender"] == sender)
        return any(raw["type"] == event_type and raw["content"] == content for raw in mine)

    def members(self) -> set[str]:
        """Everyone who ever had a membership."""
        return set(self._memberships)

    def membership(self, user_id: str, position: int | None = None) -> str | None:
        """Membership now, or after the event at ``position``."""
        past = [kind for at, kind in self._memberships.get(user_id, ()) if position is None or at <= position]
        return past[-1] if past else None

    def changes(self, user_id: str, since: int) -> list[tuple[int, str]]:
        """(position, membership) of someone's changes after ``since``."""
        return [(at, kind) for at, kind in self._memberships.get(user_id, ()) if at > since]

    def left_at(self, user_id: str) -> int | None:
        """Position of the event by which a departed person left; None for others."""
        history = self._memberships.get(user_id, [])
        return history[-1][0] if history and history[-1][1] in ("leave", "ban") else None

    def state_at(self, position: int) -> State:
        """The state after the event at ``position``."""
        if not self.events or self.events[-1].position <= position:
            return self.state
        state: dict[tuple[str, str], Raw] = {}
        for stored in self.between(-1, position):
            if "state_key" in stored.raw:
                state[(stored.raw["type"], stored.raw["state_key"])] = stored.raw
        return state

    def between(self, after: int, until: int) -> Iterator[Stored]:
        """Events with ``after < position <= until``, oldest first."""
        first = bisect_right(self.events, after, key=lambda stored: stored.position)
        last = bisect_right(self.events, until, key=lambda stored: stored.position)
        return iter(self.events[first:last])

    def is_visible(self, user_id: str, stored: Stored) -> bool:
        """May this person see this event now (Client-Server API, Room History Visibility)?"""
        if self.membership(user_id, stored.position) == "join" or stored.raw.get("state_key") == user_id:
            return True
        visibility = content(self.state_at(stored.position), "m.room.history_visibility").get("history_visibility")
        if visibility == "invited":
            return self.membership(user_id, stored.position) == "invite"
        joined_later = any(kind == "join" for _at, kind in self.changes(user_id, stored.position))
        return visibility == "world_readable" or (visibility != "joined" and joined_later)

    def redact(self, event_id: str, because: Raw) -> None:
        """Strip an event's content for good."""
        stored = self._by_id.get(event_id)
        if stored is None:
            return
        raw = stored.raw
        kept = KEPT_BY_REDACTION.get(raw["type"], ())
        if kept is not None:
            raw["content"] = {key: value for key, value in raw["content"].items() if key in kept}
        raw["unsigned"] = {"redacted_because": copy.deepcopy(because)}

    def shown(self, stored: Stored, device: tuple[str, str] | None = None, *, with_room: bool = True) -> Raw:
        """The event as the API gives it."""
        raw: dict[str, Any] = json.loads(json.dumps(stored.raw))  # a copy, ten times as fast as deepcopy
        if with_room:
            raw["room_id"] = self.room_id
        if stored.txn_id is not None and device == stored.by_device:
            raw.setdefault("unsigned", {})["transaction_id"] = stored.txn_id
        return raw
