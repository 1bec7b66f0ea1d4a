"""A homeserver in memory: rooms with real rules, one event stream, ``/sync`` that wakes by events, private media.

The rule it keeps: whatever a test relies on here, ``tests/contract`` has seen a real Synapse do.
"""

import asyncio
import base64
import copy
import hashlib
import inspect
import re
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from copp_bot.core.matrix.port import Forbidden, MatrixError, Missing, Page, Unavailable, UnknownToken
from tests.fakes import creation, rules, sync
from tests.fakes.room import FakeRoom, Stored
from tests.fakes.rules import Raw, State

if TYPE_CHECKING:
    from tests.fakes.homeserver import FakeHomeserver
    from tests.fakes.person import FakePerson

Device = tuple[str, str]
"""User id and device id."""


class FakeMatrix:
    """The homeserver.

    Args:
        server_name: the part of ids after the colon.
        clock: milliseconds since 1970, for ``origin_server_ts``.

    Attributes:
        calls: how often each port method was called, for assertions about quietness.
        sent: every event of every room in stream order, as ``(room id, raw event)``.
    """

    def __init__(self, server_name: str = "example.org", clock: Callable[[], int] | None = None) -> None:
        self.server_name = server_name
        self.rooms: dict[str, FakeRoom] = {}
        self.aliases: dict[str, str] = {}
        self.published: set[str] = set()
        self._uploaders: dict[str, str] = {}
        self.names: dict[str, str] = {}
        self.deactivated: set[str] = set()
        self.media: dict[str, bytes] = {}
        self.calls: Counter[str] = Counter()
        self._clock = clock or (lambda: int(time.time() * 1000))
        self.lists_rooms = True
        """False: as on a Synapse without ``room_list_publication_rules``, new rooms are silently not published."""
        self._life = 0
        self._position = 0
        self._number = 0
        self._changed = asyncio.Event()
        self._transactions: dict[tuple[Device, str], str] = {}
        self._failures: dict[str, list[MatrixError]] = defaultdict(list)
        self._dropped: Counter[str] = Counter()
        self._bots: dict[str, FakeHomeserver] = {}
        self._people: dict[str, FakePerson] = {}

    def bot(self, user_id: str, *, device_id: str = "COPPBOT", administered: bool = True) -> "FakeHomeserver":
        """The port of an account; another ``device_id`` is another session. ``administered`` adds the admin token."""
        from tests.fakes.homeserver import FakeHomeserver  # noqa: PLC0415  # it imports this module

        self.register(user_id)
        key = f"{user_id} {device_id} {administered}"
        if key not in self._bots:
            self._bots[key] = FakeHomeserver(self, user_id, device_id, administered)
        return self._bots[key]

    def person(self, localpart: str) -> "FakePerson":
        """Someone with an ordinary client."""
        from tests.fakes.person import FakePerson  # noqa: PLC0415  # it imports this module

        user_id = f"@{localpart}:{self.server_name}"
        self.register(user_id, localpart)
        if user_id not in self._people:
            self._people[user_id] = FakePerson(self, user_id)
        return self._people[user_id]

    def register(self, user_id: str, name: str | None = None) -> None:
        """Make an account; one that exists stays."""
        self.names.setdefault(user_id, name or user_id[1:].partition(":")[0])

    def fail_next(self, method: str, error: MatrixError, times: int = 1) -> None:
        """The next calls of a port method raise this and do nothing."""
        self._failures[method] += [error] * times

    def drop_response_next(self, method: str, times: int = 1) -> None:
        """The next calls of a port method take effect, but the answer is lost."""
        self._dropped[method] += times

    def forget_transactions(self) -> None:
        """As a server does after 24 hours."""
        self._transactions.clear()

    def remember(self) -> "Callable[[], None]":
        """What brings this moment back, as a backup of the server does; whoever waits for news is cut off then."""
        names = ("rooms", "aliases", "published", "names", "deactivated", "media", "_position", "_transactions")
        kept = copy.deepcopy({name: getattr(self, name) for name in names})

        def back() -> None:
            for name, value in kept.items():
                setattr(self, name, value)
            self._life += 1
            self._wake()

        return back

    @property
    def sent(self) -> list[tuple[str, Raw]]:
        """Every event so far, in stream order."""
        stored = sorted(
            ((one.position, room.room_id, one.raw) for room in self.rooms.values() for one in room.events),
            key=lambda entry: entry[0],
        )
        return [(room_id, raw) for _position, room_id, raw in stored]

    async def call(self, user_id: str, method: str, act: Callable[[], Any]) -> Any:
        """One port call over the "network": counted, and failing where a test said so."""
        self.calls[method] += 1
        await asyncio.sleep(0)
        if user_id in self.deactivated:
            raise UnknownToken("M_UNKNOWN_TOKEN", "the account is deactivated", 401)
        if self._failures[method]:
            raise self._failures[method].pop(0)
        result = act()
        if inspect.isawaitable(result):
            result = await result
        if self._dropped[method] > 0:
            self._dropped[method] -= 1
            raise Unavailable("", "the answer was lost")
        return result

    async def changed(self) -> None:
        """Return at the next change of anything."""
        await self._changed.wait()

    def send(self, device: Device, room_id: str, event_type: str, content: Raw, txn_id: str | None) -> str:
        """Send a message event; the same transaction of the same device is the same event."""
        room, key = self._room(room_id), (device, f"{room_id} {event_type} {txn_id}")
        if txn_id is not None and key in self._transactions:
            return self._transactions[key]
        rules.check_send(room.state, device[0], event_type, None)
        rules.check_content(content)
        if event_type == "m.reaction" and room.has_said(device[0], event_type, content):
            rules.invalid("reacted already", "M_DUPLICATE_ANNOTATION")
        event_id = self._append(room, device[0], event_type, content, device=device, txn_id=txn_id)
        self._transactions[key] = event_id
        return event_id

    def redact(self, device: Device, room_id: str, event_id: str, reason: str | None, txn_id: str | None) -> str:
        """Redact an event."""
        room, key = self._room(room_id), (device, f"{room_id} {event_id} {txn_id}")
        if txn_id is not None and key in self._transactions:
            return self._transactions[key]
        target = room.find(event_id)
        rules.check_redact(room.state, device[0], target.raw if target else None)
        content = {"redacts": event_id} | ({"reason": reason} if reason else {})
        redaction_id = self._append(
            room, device[0], "m.room.redaction", content, device=device, txn_id=txn_id, redacts=event_id
        )
        because = room.find(redaction_id)
        if because is not None:
            room.redact(event_id, because.raw)
        self._transactions[key] = redaction_id
        return redaction_id

    def set_state(self, sender: str, room_id: str, event_type: str, state_key: str, content: Raw) -> str:
        """Set a state event; saying again what stands there makes no event."""
        room = self._room(room_id)
        if event_type == "m.room.member":
            return self.set_membership(sender, room_id, state_key, content["membership"], content)
        rules.check_send(room.state, sender, event_type, state_key)
        rules.check_content(content)
        if event_type == "m.room.power_levels":
            rules.check_power_levels(room.state, sender, content)
        return self._append_state(room, sender, event_type, state_key, content)

    def set_membership(self, sender: str, room_id: str, target: str, membership: str, extra: Raw | None = None) -> str:
        """Join, leave, invite, kick (``leave`` of another), ban, unban (``leave`` of a banned one), knock."""
        room = self._room(room_id)
        rules.check_user_id(target, self.server_name)
        if sender != target and membership == "leave" and room.membership(target) in (None, "leave"):
            rules.deny("the person is not in the room")
        rules.check_membership(room.state, sender, target, membership, self._is_joined)
        content = {"membership": membership, "displayname": self.names.get(target), **(extra or {})}
        return self._append_state(
            room, sender, "m.room.member", target, {k: v for k, v in content.items() if v is not None}
        )

    def create_room(self, creator: str, body: Raw) -> str:
        """``POST /createRoom``; when the power levels are refused, half a room stays behind, as on Synapse."""
        alias = body.get("room_alias_name")
        full_alias = f"#{alias}:{self.server_name}" if alias else None
        if full_alias in self.aliases:
            rules.invalid("the alias is taken", "M_ROOM_IN_USE")
        for user_id in body.get("invite", ()):
            rules.check_user_id(user_id, self.server_name)
        room = self._new_room(body.get("room_version", "12"))
        first = creation.first_state(creator, self.names.get(creator), room.version, body, full_alias)
        for event_type, state_key, content in first:
            self._first(room, creator, event_type, state_key, content)
        if full_alias:
            self.aliases[full_alias] = room.room_id
        if body.get("visibility") == "public" and self.lists_rooms:
            self.published.add(room.room_id)
        for user_id in body.get("invite", ()):
            direct = {"is_direct": True} if body.get("is_direct") else {}
            self.set_membership(creator, room.room_id, user_id, "invite", direct)
        return room.room_id

    def state(self, user_id: str, room_id: str) -> State:
        """The state a person may see: the current one, or that at their departure."""
        room = self._room(room_id)
        membership = room.membership(user_id)
        if membership == "join":
            return room.state
        left_at = room.left_at(user_id)
        was_in = any(kind == "join" for _at, kind in room.changes(user_id, -1))
        if left_at is None or membership == "ban" or not was_in:
            rules.deny("not in the room")
        return room.state_at(left_at)

    def event(self, device: Device, room_id: str, event_id: str) -> Raw:
        """One event, if the person may see it."""
        room = self._room(room_id)
        stored = room.find(event_id)
        if stored is None or not room.is_visible(device[0], stored):
            raise Missing("M_NOT_FOUND", "no such event", 404)
        return room.shown(stored, device)

    def now(self) -> str:
        """The token of this moment, as ``messages`` takes it."""
        return f"t{self._position}"

    def first(self, device: Device, room_id: str, start: str | None, predicate: Callable[[Raw], bool]) -> Raw | None:
        """The first event that the person may see, after a token, for which ``predicate`` holds; copies no other."""
        self.state(device[0], room_id)  # refuses strangers
        room = self._room(room_id)
        for one in room.between(_position(start) if start else -1, self._end_for(room, device[0])):
            if predicate(one.raw) and room.is_visible(device[0], one):
                return room.shown(one, device)
        return None

    def messages(self, device: Device, room_id: str, start: str | None, end: str | None, limit: int) -> Page:
        """``GET /messages`` backwards."""
        self.state(device[0], room_id)  # refuses strangers
        room = self._room(room_id)
        until = min(_position(start) if start else self._position, self._end_for(room, device[0]))
        events = list(room.between(_position(end) if end else -1, until))[::-1][:limit]
        shown = [room.shown(one, device) for one in events if room.is_visible(device[0], one)]
        return Page(shown, f"t{events[-1].position - 1}" if events else None)

    def _end_for(self, room: FakeRoom, user_id: str) -> int:
        """The last position that a person may look at: now, or where they left."""
        left_at = room.left_at(user_id)
        return self._position if left_at is None else left_at

    async def sync(self, device: Device, since: str | None, timeout_ms: int, filter_: Raw) -> Raw:
        """``GET /sync``: at once when there is something or it is the first, else as soon as there is."""
        deadline, life = asyncio.get_running_loop().time() + timeout_ms / 1000, self._life
        position = min(_position(since), self._position) if since else None
        while True:
            if life != self._life:
                raise Unavailable("", "the server has gone")
            rooms = sync.answer(self.rooms.values(), sync.Reader(device[0], device, position, self._position, filter_))
            left = deadline - asyncio.get_running_loop().time()
            if rooms or since is None or left <= 0:
                answer: Raw = {"next_batch": f"s{self._position}"}
                return answer | ({"rooms": rooms} if rooms else {})
            with suppress(TimeoutError):
                # No task in between (as ``wait_for`` would start): a change must not fall between look and wait.
                async with asyncio.timeout(left):
                    await self.changed()

    def resolve_alias(self, alias: str) -> str | None:
        """The room an alias points to."""
        if not re.fullmatch(r"#[^:]+:.+", alias):
            rules.invalid("not an alias")
        return self.aliases.get(alias)

    def set_alias(self, user_id: str, alias: str, room_id: str) -> None:
        """``PUT /directory/room``: anyone in the room may give it a free address."""
        if self.aliases.get(alias, room_id) != room_id:
            rules.invalid("the alias is taken", "M_UNKNOWN")
        if self._room(room_id).membership(user_id) != "join":
            rules.deny("not in the room")
        self.aliases[alias] = room_id

    def published_rooms(self) -> set[str]:
        """``GET /publicRooms``: as Synapse, only rooms that anyone may join, knock at or read."""
        return {room_id for room_id in self.published if rules.is_open(self._room(room_id).state)}

    def publish(self, user_id: str, room_id: str, published: bool) -> None:
        """``PUT /directory/list/room``: whoever may set the room's canonical alias."""
        if published and not self.lists_rooms:
            rules.deny("Not allowed to publish room")
        rules.check_send(self._room(room_id).state, user_id, "m.room.canonical_alias", "")
        (self.published.add if published else self.published.discard)(room_id)

    def name_of(self, user_id: str) -> str:
        """An account's display name, also of one that ended."""
        rules.check_user_id(user_id, self.server_name)
        if user_id not in self.names:
            raise Missing("M_NOT_FOUND", "no such account", 404)
        return self.names[user_id]

    def put_media(self, user_id: str, data: bytes) -> str:
        """Store bytes; returns their ``mxc`` address."""
        mxc = f"mxc://{self.server_name}/{self._unique()[:24]}"
        self.media[mxc] = data
        self._uploaders[mxc] = user_id
        return mxc

    def media_owner(self, mxc: str) -> str:
        """Who has stored these bytes."""
        self.get_media(mxc)
        return self._uploaders[mxc]

    def get_media(self, mxc: str) -> bytes:
        """The bytes; any account may have them."""
        if mxc not in self.media:
            raise Missing("M_NOT_FOUND", "no such media", 404)
        return self.media[mxc]

    def deactivate(self, user_id: str) -> None:
        """End an account: it leaves every room."""
        for room in self.rooms.values():
            if room.membership(user_id) in ("join", "invite", "knock"):
                self.set_membership(user_id, room.room_id, user_id, "leave")
        self.deactivated.add(user_id)

    def rooms_of(self, user_id: str, membership: str) -> set[str]:
        """The rooms where someone has this membership."""
        return {room.room_id for room in self.rooms.values() if room.membership(user_id) == membership}

    def _room(self, room_id: str) -> FakeRoom:
        room = self.rooms.get(room_id)
        if room is None:
            raise Forbidden("M_FORBIDDEN", "not in the room", 403)
        return room

    def _is_joined(self, room_id: str, user_id: str) -> bool:
        return room_id in self.rooms and self.rooms[room_id].membership(user_id) == "join"

    def _new_room(self, version: str) -> FakeRoom:
        tail = "" if int(version) >= 12 else f":{self.server_name}"
        room = FakeRoom(f"!{self._unique()}{tail}", version)
        self.rooms[room.room_id] = room
        return room

    def _first(self, room: FakeRoom, creator: str, event_type: str, state_key: str, content: Raw) -> None:
        """One of the first events; the rules hold as soon as there are power levels to go by."""
        if event_type == "m.room.power_levels":
            rules.check_power_levels(room.state, creator, content)
        self._append_state(room, creator, event_type, state_key, content)

    def _append_state(self, room: FakeRoom, sender: str, event_type: str, state_key: str, content: Raw) -> str:
        old = room.state.get((event_type, state_key))
        if old is not None and old["sender"] == sender and old["content"] == content:
            return str(old["event_id"])
        unsigned = {"prev_content": copy.deepcopy(old["content"]), "replaces_state": old["event_id"]} if old else {}
        return self._append(room, sender, event_type, content, state_key=state_key, unsigned=unsigned)

    def _append(
        self,
        room: FakeRoom,
        sender: str,
        event_type: str,
        content: Raw,
        *,
        device: Device | None = None,
        txn_id: str | None = None,
        **more: Any,
    ) -> str:
        self._position += 1
        raw = {
            "type": event_type,
            "event_id": f"${self._unique()}",
            "sender": sender,
            "origin_server_ts": self._clock(),
            "content": copy.deepcopy(content),
            "unsigned": {},
            **more,
        }
        room.append(Stored(self._position, raw, device, txn_id))
        self._wake()
        return str(raw["event_id"])

    def _wake(self) -> None:
        """Let whoever waits for news look."""
        self._changed.set()
        self._changed = asyncio.Event()

    def _unique(self) -> str:
        """43 characters, like the hash that ids are made of."""
        self._number += 1
        digest = hashlib.sha256(f"{self.server_name} {self._number}".encode()).digest()
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _position(token: str) -> int:
    """The stream position in a token ``s12`` or ``t12``."""
    if token[:1] not in "st" or not token[1:].lstrip("-").isdigit():
        rules.invalid("not a token", "M_UNKNOWN")
    return int(token[1:])
