"""``port.Homeserver`` on the fake: what ``core/matrix/client.py`` does over HTTP, with the same promises."""

import copy
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from copp_bot.core.ids import EventId, MxcUri, RoomId, TxnId, UserId
from copp_bot.core.matrix.port import (
    Administration,
    Forbidden,
    JsonDict,
    Missing,
    NewRoom,
    Page,
    TooLarge,
)
from tests.fakes import rules
from tests.fakes.matrix import FakeMatrix
from tests.fakes.rules import Raw


class FakeHomeserver:
    """The bot's account on the fake, whose clock is ours."""

    clock_skew: float | None = 0.0

    def __init__(self, matrix: FakeMatrix, user_id: str, device_id: str, administered: bool) -> None:
        self.matrix = matrix
        self.user_id = UserId(user_id)
        self.administration: Administration | None = FakeAdministration(self) if administered else None
        self._device = (user_id, device_id)

    async def close(self) -> None:
        """End connections: there are none."""

    async def sync(self, since: str | None, timeout_ms: int, filter_: JsonDict) -> JsonDict:
        """One raw ``/sync`` response."""
        answer: JsonDict = await self._call("sync", lambda: self.matrix.sync(self._device, since, timeout_ms, filter_))
        return answer

    async def messages(self, room_id: RoomId, start: str, end: str | None, limit: int) -> Page:
        """Backwards from ``start`` to ``end``, newest first."""
        page: Page = await self._call(
            "messages", lambda: self.matrix.messages(self._device, room_id, start, end, limit)
        )
        return page

    async def event(self, room_id: RoomId, event_id: EventId) -> JsonDict:
        """One raw event."""
        raw: JsonDict = await self._call("event", lambda: self.matrix.event(self._device, room_id, event_id))
        return raw

    async def send(self, room_id: RoomId, event_type: str, content: JsonDict, txn_id: TxnId) -> EventId:
        """Send one event."""
        return EventId(
            await self._call("send", lambda: self.matrix.send(self._device, room_id, event_type, content, txn_id))
        )

    async def redact(self, room_id: RoomId, event_id: EventId, reason: str | None, txn_id: TxnId) -> EventId:
        """Redact one event."""
        return EventId(
            await self._call("redact", lambda: self.matrix.redact(self._device, room_id, event_id, reason, txn_id))
        )

    async def create_room(self, room: NewRoom) -> RoomId:
        """Create; the caller is its creator and joined."""
        return RoomId(await self._call("create_room", lambda: self.matrix.create_room(self.user_id, _body(room))))

    async def state(self, room_id: RoomId) -> Sequence[JsonDict]:
        """All current state events."""

        def read() -> list[Raw]:
            return [{**raw, "room_id": room_id} for raw in self.matrix.state(self.user_id, room_id).values()]

        return copy.deepcopy(list(await self._call("state", read)))

    async def state_event(self, room_id: RoomId, event_type: str, state_key: str = "") -> JsonDict | None:
        """The content of one state event, None when there is none."""

        def read() -> Raw | None:
            event = self.matrix.state(self.user_id, room_id).get((event_type, state_key))
            return copy.deepcopy(event["content"]) if event else None

        content: Raw | None = await self._call("state_event", read)
        return content

    async def set_state(self, room_id: RoomId, event_type: str, state_key: str, content: JsonDict) -> EventId:
        """Set one state event."""
        return EventId(
            await self._call(
                "set_state", lambda: self.matrix.set_state(self.user_id, room_id, event_type, state_key, content)
            )
        )

    async def joined_rooms(self) -> Sequence[RoomId]:
        """The rooms the bot is joined to."""
        return sorted(await self._call("joined_rooms", lambda: self.matrix.rooms_of(self.user_id, "join")))

    async def resolve_alias(self, alias: str) -> RoomId | None:
        """The room an alias points to."""
        found: RoomId | None = await self._call("resolve_alias", lambda: self.matrix.resolve_alias(alias))
        return found

    async def set_alias(self, alias: str, room_id: RoomId) -> None:
        """Let a free alias point to a room."""
        await self._call("set_alias", lambda: self.matrix.set_alias(self.user_id, alias, room_id))

    async def published_rooms(self) -> frozenset[RoomId]:
        """The rooms that the directory shows."""
        return frozenset(await self._call("published_rooms", self.matrix.published_rooms))

    async def publish(self, room_id: RoomId, published: bool) -> None:
        """Show a room in the directory, or take it off."""
        await self._call("publish", lambda: self.matrix.publish(self.user_id, room_id, published))

    async def invite(self, room_id: RoomId, user_id: UserId, reason: str | None = None) -> None:
        """Invite; nothing happens when the person is already invited or joined."""
        await self._move("invite", room_id, user_id, "invite", reason, already=("invite", "join"))

    async def kick(self, room_id: RoomId, user_id: UserId, reason: str | None = None) -> None:
        """Make someone leave; nothing happens when they are not there."""
        await self._move("kick", room_id, user_id, "leave", reason, already=(None, "leave", "ban"))

    async def ban(self, room_id: RoomId, user_id: UserId, reason: str | None = None) -> None:
        """Ban."""
        await self._move("ban", room_id, user_id, "ban", reason, already=())

    async def unban(self, room_id: RoomId, user_id: UserId) -> None:
        """End a ban; nothing happens when there is none."""
        await self._move("unban", room_id, user_id, "leave", None, already=(None, "leave", "join", "invite", "knock"))

    async def join(self, room_id: RoomId) -> None:
        """The bot itself joins."""
        await self._move("join", room_id, self.user_id, "join", None, already=("join",))

    async def leave(self, room_id: RoomId) -> None:
        """The bot itself leaves, or declines an invitation."""
        await self._move("leave", room_id, self.user_id, "leave", None, already=(None, "leave"))

    async def members(self, room_id: RoomId) -> Mapping[UserId, str]:
        """Everyone with a membership other than ``leave``."""

        def read() -> dict[UserId, str]:
            state = self.matrix.state(self.user_id, room_id)
            members = {
                UserId(key): raw["content"]["membership"] for (kind, key), raw in state.items() if kind == MEMBER
            }
            return {user_id: membership for user_id, membership in members.items() if membership != "leave"}

        found: dict[UserId, str] = await self._call("members", read)
        return found

    async def profile_name(self, user_id: UserId) -> str | None:
        """The display name; Missing when the account does not exist."""
        name: str = await self._call("profile_name", lambda: self.matrix.name_of(user_id))
        return name

    async def upload(self, path: Path, media_type: str, name: str) -> MxcUri:
        """Put a file there."""
        return MxcUri(await self._call("upload", lambda: self.matrix.put_media(self.user_id, path.read_bytes())))

    async def download(self, mxc: MxcUri, target: Path, limit: int) -> int:
        """Write at most ``limit`` bytes to ``target``."""

        def write() -> int:
            data = self.matrix.get_media(mxc)
            if len(data) > limit:
                raise TooLarge("", f"more than {limit} bytes", 200)
            return target.write_bytes(data)

        size: int = await self._call("download", write)
        return size

    async def _move(
        self,
        method: str,
        room_id: RoomId,
        user_id: UserId,
        membership: str,
        reason: str | None,
        already: tuple[str | None, ...],
    ) -> None:
        """A membership change that is left out when the person already is where it leads."""

        def act() -> None:
            room = self.matrix.rooms.get(room_id)
            if room is None and method in ("join", "leave"):
                self._unknown_room(method)
            elif room is not None and room.membership(user_id) in already:
                if user_id != self.user_id:
                    self.matrix.state(self.user_id, room_id)  # a stranger to the room learns nothing
            else:
                extra = {"reason": reason} if reason else {}
                self.matrix.set_membership(self.user_id, room_id, user_id, membership, extra)

        await self._call(method, act)

    def _unknown_room(self, method: str) -> None:
        """Nobody joins a room that is not there; leaving one is done already."""
        if method == "join":
            raise Missing("M_UNKNOWN", "no server knows the room", 404)

    async def _call(self, method: str, act: Callable[[], Any]) -> Any:
        return await self.matrix.call(self.user_id, method, act)


class FakeAdministration:
    """``port.Administration`` on the fake; its calls are counted under the same names as in the port."""

    def __init__(self, bot: FakeHomeserver) -> None:
        self._bot = bot
        self._lifted: set[UserId] = set()

    async def force_join(self, room_id: RoomId, user_id: UserId) -> None:
        """Join a local user: the bot invites where that is needed, and the invitation is accepted."""
        matrix, bot = self._bot.matrix, self._bot.user_id

        def act() -> None:
            state = matrix.state(bot, room_id)
            if rules.membership(state, user_id) == "join":
                return
            if user_id not in matrix.names:
                raise Missing("M_NOT_FOUND", "no such account", 404)
            try:
                matrix.set_membership(user_id, room_id, user_id, "join")
            except Forbidden:
                matrix.set_membership(bot, room_id, user_id, "invite")
                matrix.set_membership(user_id, room_id, user_id, "join")

        await matrix.call(bot, "force_join", act)

    async def lift_rate_limit(self, user_id: UserId) -> None:
        """Note it; the fake limits only what ``fail_next`` says."""
        await self._bot.matrix.call(self._bot.user_id, "lift_rate_limit", lambda: self._lifted.add(user_id))

    async def is_rate_limit_lifted(self, user_id: UserId) -> bool:
        """Has it been noted?"""
        return bool(
            await self._bot.matrix.call(self._bot.user_id, "is_rate_limit_lifted", lambda: user_id in self._lifted)
        )

    async def media_owner(self, mxc: MxcUri) -> UserId | None:
        """Who uploaded one file."""
        matrix = self._bot.matrix
        return UserId(await matrix.call(self._bot.user_id, "media_owner", lambda: matrix.media_owner(mxc)))

    async def delete_media(self, mxc: MxcUri) -> None:
        """Delete one file; nothing happens when it is gone already."""
        matrix = self._bot.matrix
        await matrix.call(self._bot.user_id, "delete_media", lambda: matrix.media.pop(mxc, None))


MEMBER = "m.room.member"


def _body(room: NewRoom) -> Raw:
    """A ``createRoom`` body that says what the ``NewRoom`` says."""
    body: Raw = {
        "preset": "private_chat",
        "visibility": "public" if room.in_directory else "private",
        "room_version": room.version,
        "creation_content": {**room.creation_content, **({"type": "m.space"} if room.is_space else {})},
        "initial_state": list(room.initial_state),
        "power_level_content_override": dict(room.power_levels),
        "invite": list(room.invite),
        "is_direct": room.is_direct,
    }
    optional = {"name": room.name, "topic": room.topic, "room_alias_name": room.alias_localpart}
    return body | {key: value for key, value in optional.items() if value}
