"""The fake's ``/sync``: what changed for one person since a position, split into timeline and state as by Synapse.

Where Synapse surprises, so does this: events that the timeline filter drops still count against ``limit``; and a state
event it drops comes in ``state`` only when other events of the room are in the same answer and the chain has a hole.
"""

import copy
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tests.fakes.room import FakeRoom, Stored
from tests.fakes.rules import Raw, State

DEFAULT_LIMIT = 10
STRIPPED = ("create", "join_rules", "canonical_alias", "avatar", "encryption", "name", "topic")


@dataclass(frozen=True)
class Reader:
    """Who syncs, from where to where, with which filter; ``since`` is None for the first sync."""

    user_id: str
    device: tuple[str, str]
    since: int | None
    now: int
    filter: dict[str, Any]

    def part(self, name: str) -> dict[str, Any]:
        """``room.timeline`` or ``room.state`` of the filter."""
        part: dict[str, Any] = self.filter.get("room", {}).get(name, {})
        return part

    @property
    def limit(self) -> int:
        """Most events of one room's timeline."""
        return int(self.part("timeline").get("limit", DEFAULT_LIMIT))


@dataclass(frozen=True)
class Batch:
    """A room's timeline; ``limited`` says that events before it are left out."""

    events: list[Stored]
    limited: bool
    start: int
    """Position before the first event."""


def answer(rooms: Iterable[FakeRoom], reader: Reader) -> Raw:
    """The ``rooms`` part; empty when nothing changed."""
    sections: dict[str, dict[str, Raw]] = {"join": {}, "invite": {}, "knock": {}, "leave": {}}
    for room in rooms:
        found = _section(room, reader)
        if found is not None:
            sections[found[0]][room.room_id] = found[1]
    return {name: section for name, section in sections.items() if section}


def _section(room: FakeRoom, reader: Reader) -> tuple[str, Raw] | None:
    now = room.membership(reader.user_id)
    if now == "join":
        entry = _joined(room, reader)
        return ("join", entry) if entry else None
    if reader.since is not None and not room.changes(reader.user_id, reader.since):
        return None
    if now in ("invite", "knock"):
        return now, {f"{now}_state": {"events": _stripped(room, reader.user_id)}}
    if now in ("leave", "ban") and (reader.since is not None or _was_sent_away(room, reader)):
        return "leave", _left(room, reader)
    return None


def _was_sent_away(room: FakeRoom, reader: Reader) -> bool:
    """A first sync tells of rooms one was kicked or banned from, of those one left only when asked."""
    by_another = room.state[("m.room.member", reader.user_id)]["sender"] != reader.user_id
    return by_another or bool(reader.filter.get("room", {}).get("include_leave"))


def _joined(room: FakeRoom, reader: Reader) -> Raw | None:
    since = reader.since
    if since is None or _is_new(room, reader, since):
        batch = _recent(room, reader, -1, reader.now, forced=since is not None)
        state = _difference(room, batch, {}, reader.now)
        return _entry(room, reader, batch, state)
    batch = _since(room, reader, since)
    if not batch.events:
        return None
    state = _difference(room, batch, room.state_at(since), reader.now) if _has_hole(room, batch, since) else []
    return _entry(room, reader, batch, state)


def _left(room: FakeRoom, reader: Reader) -> Raw:
    since = -1 if reader.since is None else reader.since
    left_at = room.left_at(reader.user_id) or reader.now
    batch = _recent(room, reader, since, left_at)
    state = _difference(room, batch, room.state_at(since), left_at) if _has_hole(room, batch, since) else []
    return _entry(room, reader, batch, state)


def _is_new(room: FakeRoom, reader: Reader, since: int) -> bool:
    """Joined since: before, the person was not there, or left in between."""
    changes = room.changes(reader.user_id, since)
    return room.membership(reader.user_id, since) != "join" or any(kind != "join" for _at, kind in changes)


def _since(room: FakeRoom, reader: Reader, since: int) -> Batch:
    """Synapse filters the newest ``limit + 1`` events first, and digs deeper only when too few are left."""
    raw = list(room.between(since, reader.now))
    if len(raw) <= reader.limit:
        events = _wanted(room, reader, raw)
        return Batch(events, False, events[0].position - 1 if events else since)
    newest = _wanted(room, reader, raw[-(reader.limit + 1) :])
    return _recent(room, reader, since, reader.now, forced=len(newest) >= reader.limit)


def _recent(room: FakeRoom, reader: Reader, since: int, until: int, *, forced: bool = False) -> Batch:
    """The newest ``limit`` wanted events of a stretch."""
    wanted = _wanted(room, reader, room.between(since, until))
    events = wanted[-reader.limit :] if reader.limit else []
    start = events[0].position - 1 if events else until
    return Batch(events, forced or len(wanted) > len(events), start)


def _wanted(room: FakeRoom, reader: Reader, events: Iterable[Stored]) -> list[Stored]:
    rules = reader.part("timeline")
    return [one for one in events if passes(one.raw, rules) and room.is_visible(reader.user_id, one)]


def passes(raw: Raw, rules: dict[str, Any]) -> bool:
    """Does the event pass a ``RoomEventFilter`` (types and senders)?"""
    for field, name in (("type", "types"), ("sender", "senders")):
        if raw[field] in rules.get(f"not_{name}", ()) or raw[field] not in rules.get(name, (raw[field],)):
            return False
    return True


def _has_hole(room: FakeRoom, batch: Batch, since: int) -> bool:
    """Is an event missing between the last sync and the last event of the timeline?"""
    if batch.limited or not batch.events:
        return batch.limited
    chain = list(room.between(since, batch.events[-1].position))
    return len(chain) != len(batch.events)


def _difference(room: FakeRoom, batch: Batch, before: State, until: int) -> list[Raw]:
    """State at the timeline's start or end that was not known before and does not stand in the timeline."""
    start = room.state_at(batch.events[0].position) if batch.events else {}
    known = {event["event_id"] for event in before.values()} | {one.raw["event_id"] for one in batch.events}
    merged = {event["event_id"]: event for state in (start, room.state_at(until)) for event in state.values()}
    return [event for event_id, event in merged.items() if event_id not in known]


def _entry(room: FakeRoom, reader: Reader, batch: Batch, state: list[Raw]) -> Raw:
    rules = reader.part("state")
    return {
        "timeline": {
            "events": [room.shown(one, reader.device, with_room=False) for one in batch.events],
            "limited": batch.limited,
            "prev_batch": f"t{batch.start}",
        },
        "state": {"events": [copy.deepcopy(event) for event in state if passes(event, rules)]},
    }


def _stripped(room: FakeRoom, user_id: str) -> list[Raw]:
    """Stripped state: what an outsider may know of the room, and their own membership event."""
    keys = [(f"m.room.{name}", "") for name in STRIPPED] + [("m.room.member", user_id)]
    own = room.state[("m.room.member", user_id)]
    inviter = [("m.room.member", own["sender"])] if own["sender"] != user_id else []
    fields = ("type", "state_key", "content", "sender")
    return [
        {field: copy.deepcopy(room.state[key][field]) for field in fields}
        for key in inviter + keys
        if key in room.state
    ]
