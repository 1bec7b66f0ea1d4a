"""The homeserver over HTTP, as ``port.py`` promises it.

The rule it keeps: it never waits out a rate limit, never calls before the time that one has named, and never repeats a
call by itself; and where a call is promised to
be idempotent, a refusal is turned into success by looking at the room, never by reading the server's words.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nio import Api

from copp_bot.core.ids import EventId, MxcUri, RoomId, TxnId, UserId
from copp_bot.core.matrix import media, paths
from copp_bot.core.matrix.administration import SynapseAdministration
from copp_bot.core.matrix.http import Http
from copp_bot.core.matrix.paths import NO_TOKEN, Request, by_hand, by_nio
from copp_bot.core.matrix.port import (
    Administration,
    Forbidden,
    JsonDict,
    MatrixError,
    Missing,
    NewRoom,
    Page,
    RateLimited,
    Unavailable,
)
from copp_bot.core.matrix.restraint import CHANGES, MESSAGES, ROOMS, Limit, Restraint, invitation

PRESENT = ("join", "invite", "knock")


class Client:
    """The bot's account. Implements ``port.Homeserver``.

    Args:
        http: the session; closed by ``close``.
        user_id: the account that the token belongs to.
        token: its access token; to be kept, since a new one counts against the server's login limits.
        admin_token: a server administrator's token, or None.
    """

    def __init__(self, http: Http, user_id: UserId, token: str, admin_token: str | None = None) -> None:
        self.user_id = user_id
        self.access_token = token
        self._http = http
        self._restraint = Restraint()
        self.administration: Administration | None = (
            SynapseAdministration(http, admin_token, self) if admin_token else None
        )

    def is_free(self) -> None:
        """Our limits have been lifted: nothing is to be waited for any more."""
        self._restraint.forget()

    @property
    def clock_skew(self) -> float | None:
        """The homeserver's clock minus ours in seconds."""
        return self._http.clock_skew

    async def close(self) -> None:
        """End connections."""
        await self._http.close()

    async def sync(self, since: str | None, timeout_ms: int, filter_: JsonDict) -> JsonDict:
        """One raw ``/sync`` response; it always has ``next_batch``."""
        answer = await self._ask(paths.sync(since, timeout_ms, filter_), waiting=timeout_ms / 1000)
        _field(answer, "next_batch")
        return answer

    async def messages(self, room_id: RoomId, start: str, end: str | None, limit: int) -> Page:
        """Backwards from ``start`` to ``end``, newest first."""
        answer = await self._ask(by_nio(Api.room_messages(NO_TOKEN, room_id, start, end, limit=limit)))
        chunk, token = answer.get("chunk"), answer.get("end")
        if not isinstance(chunk, list):
            raise Unavailable("", "the answer has no chunk", 200)
        events = [event for event in chunk if isinstance(event, dict)]
        return Page(events, token if isinstance(token, str) and token != start else None)

    async def event(self, room_id: RoomId, event_id: EventId) -> JsonDict:
        """One raw event; Missing when it is not there or not visible."""
        return await self._ask(by_nio(Api.room_get_event(NO_TOKEN, room_id, event_id)))

    async def send(self, room_id: RoomId, event_type: str, content: JsonDict, txn_id: TxnId) -> EventId:
        """Send one event."""
        answer = await self._ask(by_nio(Api.room_send(NO_TOKEN, room_id, event_type, content, txn_id)), MESSAGES)
        return EventId(_field(answer, "event_id"))

    async def redact(self, room_id: RoomId, event_id: EventId, reason: str | None, txn_id: TxnId) -> EventId:
        """Redact one event."""
        answer = await self._ask(by_nio(Api.room_redact(NO_TOKEN, room_id, event_id, txn_id, reason)), MESSAGES)
        return EventId(_field(answer, "event_id"))

    async def create_room(self, room: NewRoom) -> RoomId:
        """Create; the caller is its creator and joined."""
        answer = await self._ask(by_hand("POST", "v3", "createRoom", body=_creation(room)), ROOMS)
        return RoomId(_field(answer, "room_id"))

    async def state(self, room_id: RoomId) -> Sequence[JsonDict]:
        """All current state events of a room, raw."""
        method, path, _data = by_nio(Api.room_get_state(NO_TOKEN, room_id))
        return await self._http.call_for_list(method, path, token=self.access_token)

    async def state_event(self, room_id: RoomId, event_type: str, state_key: str = "") -> JsonDict | None:
        """The content of one state event, None when there is none."""
        try:
            return await self._ask(by_nio(Api.room_get_state_event(NO_TOKEN, room_id, event_type, state_key)))
        except Missing:
            return None

    async def set_state(self, room_id: RoomId, event_type: str, state_key: str, content: JsonDict) -> EventId:
        """Set one state event."""
        answer = await self._ask(by_nio(Api.room_put_state(NO_TOKEN, room_id, event_type, content, state_key)), CHANGES)
        return EventId(_field(answer, "event_id"))

    async def joined_rooms(self) -> Sequence[RoomId]:
        """The rooms the bot is joined to."""
        rooms = (await self._ask(by_nio(Api.joined_rooms(NO_TOKEN)))).get("joined_rooms")
        if not isinstance(rooms, list):
            raise Unavailable("", "the answer has no joined_rooms", 200)
        return [RoomId(room) for room in rooms if isinstance(room, str)]

    async def resolve_alias(self, alias: str) -> RoomId | None:
        """The room an alias points to, None when it is free."""
        try:
            return RoomId(_field(await self._ask(by_nio(Api.room_resolve_alias(alias))), "room_id"))
        except Missing:
            return None

    async def set_alias(self, alias: str, room_id: RoomId) -> None:
        """Let a free alias point to a room; nothing happens when it does already."""
        try:
            await self._ask(by_hand("PUT", "v3", "directory", "room", alias, body={"room_id": room_id}))
        except MatrixError as error:
            if error.status != 409 or await self.resolve_alias(alias) != room_id:
                raise

    async def published_rooms(self) -> frozenset[RoomId]:
        """The rooms that the server's published room directory shows."""
        found, query = set[RoomId](), {"limit": "500"}
        while True:
            answer = await self._ask(by_hand("GET", "v3", "publicRooms", body=None, **query))
            chunk, following = answer.get("chunk"), answer.get("next_batch")
            if not isinstance(chunk, list):
                raise Unavailable("", "the answer has no chunk", 200)
            found |= {RoomId(one["room_id"]) for one in chunk if isinstance(one, dict) and "room_id" in one}
            if not chunk or not isinstance(following, str) or following == query.get("since"):
                return frozenset(found)
            query["since"] = following

    async def publish(self, room_id: RoomId, published: bool) -> None:
        """Show a room in the directory, or take it off."""
        visibility = "public" if published else "private"
        await self._ask(by_hand("PUT", "v3", "directory", "list", "room", room_id, body={"visibility": visibility}))

    async def invite(self, room_id: RoomId, user_id: UserId, reason: str | None = None) -> None:
        """Invite; nothing happens when the person is already invited or joined."""
        if await self.membership(room_id, user_id) in ("invite", "join"):
            return
        body = {"user_id": user_id} | ({"reason": reason} if reason else {})
        try:
            await self._ask(by_hand("POST", "v3", "rooms", room_id, "invite", body=body), invitation(user_id))
        except Forbidden:  # perhaps they came in meanwhile
            if await self.membership(room_id, user_id) not in ("invite", "join"):
                raise

    async def kick(self, room_id: RoomId, user_id: UserId, reason: str | None = None) -> None:
        """Make someone leave; nothing happens when they are not there."""
        try:
            await self._ask(by_nio(Api.room_kick(NO_TOKEN, room_id, user_id, reason)))
        except Forbidden:
            if await self.membership(room_id, user_id) in PRESENT:
                raise

    async def ban(self, room_id: RoomId, user_id: UserId, reason: str | None = None) -> None:
        """Ban."""
        await self._ask(by_nio(Api.room_ban(NO_TOKEN, room_id, user_id, reason)))

    async def unban(self, room_id: RoomId, user_id: UserId) -> None:
        """End a ban; nothing happens when there is none."""
        try:
            await self._ask(by_nio(Api.room_unban(NO_TOKEN, room_id, user_id)))
        except Forbidden:
            if await self.membership(room_id, user_id) == "ban":
                raise

    async def join(self, room_id: RoomId) -> None:
        """The bot itself joins."""
        await self._ask(by_nio(Api.join(NO_TOKEN, room_id)))

    async def leave(self, room_id: RoomId) -> None:
        """The bot itself leaves, or declines an invitation; nothing happens when it is not there."""
        try:
            await self._ask(by_nio(Api.room_leave(NO_TOKEN, room_id)))
        except (Forbidden, Missing):
            if room_id in await self.joined_rooms():
                raise

    async def members(self, room_id: RoomId) -> Mapping[UserId, str]:
        """Everyone with a membership other than ``leave``."""
        answer = await self._ask(by_hand("GET", "v3", "rooms", room_id, "members", not_membership="leave"))
        chunk = answer.get("chunk")
        if not isinstance(chunk, list):
            raise Unavailable("", "the answer has no chunk", 200)
        return dict(filter(None, map(_member, chunk)))

    async def membership(self, room_id: RoomId, user_id: UserId) -> str | None:
        """One person's membership, None when they never had one."""
        content = await self.state_event(room_id, "m.room.member", user_id)
        return str(content.get("membership")) if content else None

    async def profile_name(self, user_id: UserId) -> str | None:
        """The display name; Missing when the account does not exist."""
        name = (await self._ask(by_nio(Api.profile_get_displayname(user_id)))).get("displayname")
        return name if isinstance(name, str) else None

    async def upload(self, path: Path, media_type: str, name: str) -> MxcUri:
        """Put a file there."""
        return await media.upload(self._http, self.access_token, path, media_type, name)

    async def download(self, mxc: MxcUri, target: Path, limit: int) -> int:
        """Write at most ``limit`` bytes to ``target``; nothing is left there when there were more."""
        return await media.download(self._http, self.access_token, mxc, target, limit)

    async def _ask(self, request: Request, limit: Limit | None = None, *, waiting: float = 0.0) -> JsonDict:
        method, path, data = request
        if limit is None:
            return await self._http.call(method, path, data, token=self.access_token, waiting=waiting)
        self._restraint.check(limit)
        try:
            answer = await self._http.call(method, path, data, token=self.access_token)
        except RateLimited as error:
            self._restraint.learn(limit, error)
            raise
        self._restraint.done(limit)
        return answer


def _creation(room: NewRoom) -> JsonDict:
    """The body of ``createRoom``; the preset is private in any case, wider doors are opened by ``initial_state``."""
    creation = dict(room.creation_content) | ({"type": "m.space"} if room.is_space else {})
    wanted: dict[str, Any] = {
        "name": room.name,
        "topic": room.topic,
        "room_alias_name": room.alias_localpart,
        "creation_content": creation,
        "initial_state": list(room.initial_state),
        "power_level_content_override": dict(room.power_levels),
        "invite": list(room.invite),
        "is_direct": room.is_direct,
    }
    always = {
        "preset": "private_chat",
        "room_version": room.version,
        "visibility": "public" if room.in_directory else "private",
    }
    return always | {name: value for name, value in wanted.items() if value}


def _member(event: Any) -> tuple[UserId, str] | None:
    """User id and membership of an ``m.room.member`` event; None when it is malformed."""
    match event:
        case {"state_key": str(user_id), "content": {"membership": str(membership)}}:
            return UserId(user_id), membership
    return None


def _field(answer: JsonDict, name: str) -> str:
    """A text that the specification promises; an answer without it is not from a homeserver."""
    value = answer.get(name)
    if not isinstance(value, str):
        raise Unavailable("", f"the answer has no {name}", 200)
    return value
