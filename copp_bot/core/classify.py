"""Decides which events are acted on; the rest is counted at most, and never stored."""

import heapq
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlmodel import Session

from copp_bot.core import talk
from copp_bot.core.counting import MESSAGES, Counts
from copp_bot.core.ids import RoomId, UserId, localpart
from copp_bot.core.matrix import events
from copp_bot.core.matrix.port import JsonDict, Message
from copp_bot.core.store import classify as store
from copp_bot.core.store.classify import KnownRoom

if TYPE_CHECKING:
    from copp_bot.core.intake import Incoming, RoomBatch

MIRRORED = frozenset(
    {
        "m.room.power_levels",
        "m.room.name",
        "m.room.encryption",
        "m.room.create",
        "m.room.tombstone",
        "org.copp_bot.room",
    }
)
WATCHED = MIRRORED | {
    "m.room.avatar",
    "m.room.canonical_alias",
    "m.room.guest_access",
    "m.room.history_visibility",
    "m.room.join_rules",
    "m.room.topic",
    "m.space.child",
    "m.space.parent",
}
"""State of declared rooms that features may watch (``StateHandler``)."""
FILES = frozenset({"m.file", "m.image", "m.video", "m.audio"})
KEPT = ("type", "event_id", "sender", "origin_server_ts", "content", "state_key", "redacts")
KEPT_UNSIGNED = frozenset({"prev_content"})
LONGEST_CHOICE = 60
"""Characters of a reply to us that may stand for a choice; longer ones are talk."""


@dataclass(frozen=True)
class Known:
    """Of the events that a batch refers to, those that we know, and those by which something is published."""

    events: set[str]
    publications: set[str]


class Classifier:
    """Sorts prepared answers.

    ``names`` are those by which it is called; the display name is added when it is known.

    Args:
        offers: the features that take files posted in the room of a key.
        reactions: those that stand for a command on any message.
    """

    def __init__(self, bot: UserId, offers: Callable[[str], tuple[str, ...]], reactions: Collection[str] = ()) -> None:
        self.bot, self.names = bot, {localpart(bot)}
        self._offers = offers
        self._reactions = frozenset(reactions)

    def sort(self, session: Session, incoming: "Incoming", counts: Counts) -> list[dict[str, Any]]:
        """The rows to write, in sync order; chat goes into ``counts`` alone."""
        rooms = store.known_rooms(session, [room.room_id for room in incoming.rooms])
        named = targets(incoming.rooms)
        known = Known(store.known_events(session, named), store.publications(session, named))
        parts: list[list[dict[str, Any]]] = []
        said: list[Message] = []
        for room in incoming.rooms:
            parts.append([])
            row = rooms.get(room.room_id)
            self._room(room, row, known, incoming, parts[-1])
            said += self._talk(room, row, counts)
        said.sort(key=lambda message: message.sent_at)
        parts.append([talk.row(one) for one in talk.heard(session, said, _coming(incoming.rooms))])
        out = list(heapq.merge(*parts, key=lambda row: row["sent_at"]))  # a kick here goes before what follows it there
        for room_id, state in incoming.invited:
            out.append(_whole("invite", room_id, self.bot, state, incoming.since))
        for room_id in incoming.left:
            out.append(_whole("left", room_id, self.bot, [], incoming.token))
        return out

    def _room(
        self,
        room: "RoomBatch",
        row: KnownRoom | None,
        known: "Known",
        incoming: "Incoming",
        out: list[dict[str, Any]],
    ) -> None:
        if room.events.before or room.is_new:
            block = _whole("block", room.room_id, self.bot, room.events.before, incoming.since)
            first = min(map(_moment, room.events.timeline[:1]), default=block["sent_at"])
            out.append({**block, "sent_at": min(block["sent_at"], first)})
        for raw in room.events.timeline:
            kind = self._kind(raw, row, known, room.is_new)
            if kind is not None:
                out.append(_row(kind, room.room_id, raw))
                known.events.add(raw["event_id"])  # an edit of it may come in the same answer
        if room.events.after:
            out.append(_whole("block", room.room_id, self.bot, room.events.after, incoming.token))

    def _kind(self, raw: JsonDict, room: KnownRoom | None, known: "Known", is_new: bool) -> str | None:
        event_type = raw.get("type")
        if not isinstance(raw.get("event_id"), str) or not isinstance(raw.get("sender"), str):
            return None
        if "state_key" in raw:
            return _state_kind(str(event_type), room)
        if raw["sender"] == self.bot:
            return None
        if event_type == "m.room.redaction":
            return "redaction"
        if event_type == "m.reaction":
            means_something = room is not None and not is_new and _key(raw) in self._reactions
            return "reaction" if means_something or _target(raw) in known.events else None
        return self._message_kind(raw, room, known, is_new) if event_type == "m.room.message" else None

    def _message_kind(self, raw: JsonDict, room: KnownRoom | None, known: "Known", is_new: bool) -> str | None:
        content = raw.get("content")
        if not isinstance(content, dict) or content.get("msgtype") == "m.notice":
            return None
        relation = content.get("m.relates_to")
        if isinstance(relation, dict) and relation.get("rel_type") == "m.replace":
            is_command = not is_new and events.begins_like_command(events.said(content.get("m.new_content")) or "")
            return "edit" if _target(raw) in known.events or is_command else None
        if is_new or self._is_for_us(content, room, _reply_to(raw) in known.events):
            return "message"
        if _thread(raw) in known.publications:
            return "message"
        if content.get("msgtype") in FILES and room is not None and room.key and self._offers(room.key):
            return "message"
        return None

    def _is_for_us(self, content: JsonDict, room: KnownRoom | None, answers_us: bool) -> bool:
        body = events.said(content)
        if body is None:
            return False
        is_spoken_to = events.begins_like_command(body) or events.calls(body, self.names)
        if (room is not None and room.is_direct) or is_spoken_to:
            return True
        mentions = content.get("m.mentions")
        named = mentions.get("user_ids") if isinstance(mentions, dict) else None
        mentioned = isinstance(named, list) and self.bot in named
        return mentioned or self.bot in body or (answers_us and len(body) <= LONGEST_CHOICE)

    def _talk(self, room: "RoomBatch", row: KnownRoom | None, counts: Counts) -> Iterator[Message]:
        """Count what was said, and give back what was said to people in a declared room."""
        if row is None or row.is_direct:
            return
        for raw in filter(self._is_said, room.events.timeline):
            at = _moment(raw)
            counts.add(at, row.scope, MESSAGES)
            counts.voice(at, row.scope, UserId(str(raw.get("sender"))))
            message = talk.said_to_people(raw, room.room_id) if row.key else None
            if message is not None:
                yield message

    def _is_said(self, raw: JsonDict) -> bool:
        content = raw.get("content")
        if raw.get("type") != "m.room.message" or raw.get("sender") == self.bot:
            return False
        if not isinstance(content, dict) or content.get("msgtype") == "m.notice":
            return False
        relation = content.get("m.relates_to")
        return not (isinstance(relation, dict) and relation.get("rel_type") == "m.replace")


def _state_kind(event_type: str, room: KnownRoom | None) -> str | None:
    if event_type == "m.room.member":
        return "member"
    return "state" if event_type in (WATCHED if room is not None and room.key else MIRRORED) else None


def is_mirrored(raw: JsonDict) -> bool:
    """Is it state that the mirror keeps?"""
    return raw.get("type") == "m.room.member" or raw.get("type") in MIRRORED


def targets(rooms: Iterable["RoomBatch"]) -> set[str]:
    """The events that these speak of: what was reacted to, answered, edited."""
    found = set()
    for room in rooms:
        for raw in room.events.timeline:
            found |= {_target(raw), _reply_to(raw)}
    return found - {""}


def _coming(rooms: Iterable["RoomBatch"]) -> set[str]:
    """Whose membership has changed."""
    changed = [raw for room in rooms for part in (room.events.before, room.events.timeline) for raw in part]
    return {str(raw.get("state_key")) for raw in changed if raw.get("type") == "m.room.member"}


def _relation(raw: JsonDict) -> JsonDict:
    content = raw.get("content")
    relation = content.get("m.relates_to") if isinstance(content, dict) else None
    return relation if isinstance(relation, dict) else {}


def _target(raw: JsonDict) -> str:
    return _event_id(_relation(raw).get("event_id"))


def _reply_to(raw: JsonDict) -> str:
    reply = _relation(raw).get("m.in_reply_to")
    return _event_id(reply.get("event_id")) if isinstance(reply, dict) else ""


def _key(raw: JsonDict) -> str:
    """A reaction, without the sign that some keyboards add to it (U+FE0F)."""
    key = _relation(raw).get("key")
    return key.replace("\ufe0f", "") if isinstance(key, str) else ""


def _thread(raw: JsonDict) -> str:
    return _target(raw) if _relation(raw).get("rel_type") == "m.thread" else ""


def _event_id(value: Any) -> str:
    """What can be an event id; anything else that stands in its place could not even be looked for."""
    return value if isinstance(value, str) and value.startswith("$") and value.isascii() else ""


def _row(kind: str, room_id: RoomId, raw: JsonDict) -> dict[str, Any]:
    return {
        "event_id": raw["event_id"],
        "room_id": room_id,
        "sender": raw["sender"],
        "kind": kind,
        "body": _trimmed(raw),
        "sent_at": _moment(raw),
    }


def _whole(kind: str, room_id: RoomId, bot: UserId, events: Iterable[JsonDict], mark: str | None) -> dict[str, Any]:
    """A row for something that has no event id of its own; ``mark`` makes it the same row when it is read again."""
    kept = [_trimmed(raw) for raw in filter(is_mirrored, events)]
    at = max((_moment(raw) for raw in kept), default=datetime.now(UTC))
    body = {"events": kept, "initial": mark is None}
    return {
        "event_id": f"{kind}:{room_id}:{mark or 'initial'}",
        "room_id": room_id,
        "sender": bot,
        "kind": kind,
        "body": body,
        "sent_at": at,
    }


def _trimmed(raw: JsonDict) -> JsonDict:
    """What handlers read of an event; the rest (signatures, ages, relations bundled by the server) is not kept."""
    kept: JsonDict = {name: raw[name] for name in KEPT if name in raw}
    unsigned = raw.get("unsigned")
    if isinstance(unsigned, dict):
        kept["unsigned"] = {name: unsigned[name] for name in KEPT_UNSIGNED if name in unsigned}
    return kept


def _moment(raw: JsonDict) -> datetime:
    value = raw.get("origin_server_ts")
    try:
        return datetime.fromtimestamp(value / 1000, UTC) if isinstance(value, int) else datetime.now(UTC)
    except (OverflowError, OSError, ValueError):
        return datetime.now(UTC)
