"""One account of the demonstration, acting as a Matrix client does: plain client-server HTTP with its own token.

The rule it keeps: everything may be repeated. Messages carry transaction ids and the device keeps its name, so
the homeserver answers a repetition with the event of the first time.
"""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import quote

import aiohttp

from copp_bot.core.i18n import gettext as _

JsonDict = dict[str, Any]
DEVICE = "DEMO"
PATIENCE = 90.0
"""Seconds that a call or an answer may take on a busy machine before it counts as missing."""
_LONG_POLL = 20.0
_TIMELINE = 100
_numbers = itertools.count()


class Refused(Exception):
    """The homeserver refused a call.

    Args:
        errcode: Matrix error code such as ``M_FORBIDDEN``.
        status: HTTP status.
    """

    def __init__(self, errcode: str, message: str, status: int) -> None:
        super().__init__(f"{status} {errcode}: {message}")
        self.errcode = errcode
        self.status = status


class Person:
    """A signed-in account.

    Args:
        http: the shared connections.
        base_url: address of the homeserver.
        token: access token; without one only ``call`` of public endpoints works.
    """

    def __init__(self, http: aiohttp.ClientSession, base_url: str, user_id: str, token: str | None) -> None:
        self.user_id = user_id
        self.token = token
        self._entered: set[str] = set()
        self._http = http
        self._base_url = base_url

    @classmethod
    async def login(cls, http: aiohttp.ClientSession, base_url: str, localpart: str, password: str) -> "Person":
        """Sign in (``POST /login``) on the device that the demonstration always uses; Refused when it may not."""
        nobody = cls(http, base_url, "", None)
        answer = await nobody.call(
            "POST",
            "/_matrix/client/v3/login",
            {
                "type": "m.login.password",
                "identifier": {"type": "m.id.user", "user": localpart},
                "password": password,
                "device_id": DEVICE,
                "initial_device_display_name": "Demonstration",
            },
        )
        return cls(http, base_url, answer["user_id"], answer["access_token"])

    async def call(
        self, method: str, path: str, body: Any = None, *, query: dict[str, str] | None = None, media_type: str = ""
    ) -> JsonDict:
        """One request; waits out rate limits and short absences.

        Args:
            body: a JSON object, or bytes together with ``media_type``.

        Raises:
            Refused: any other refusal, or the patience ended.
        """
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        headers |= {"Content-Type": media_type or "application/json"}
        data = body if isinstance(body, bytes) else json.dumps(body if body is not None else {}).encode()
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while True:
            status, answer = await self._try(method, path, data if method != "GET" else None, headers, query)
            if status == 200:
                return answer
            pause = _pause(status, answer)
            if pause is None or asyncio.get_running_loop().time() + pause > deadline:
                raise Refused(answer.get("errcode", ""), answer.get("error", ""), status)
            await asyncio.sleep(pause)

    async def _try(
        self, method: str, path: str, data: bytes | None, headers: dict[str, str], query: dict[str, str] | None
    ) -> tuple[int, JsonDict]:
        """Status and JSON of one attempt; status 0 when there was no answer."""
        try:
            async with self._http.request(
                method, self._base_url + path, data=data, headers=headers, params=query
            ) as answer:
                text = await answer.text()
                return answer.status, json.loads(text)
        except (aiohttp.ClientError, TimeoutError) as error:
            return 0, {"error": str(error)}
        except ValueError:
            return 502, {"error": _("the answer is not JSON")}

    async def join(self, room_id: str) -> None:
        """Join, or accept an invitation; nothing happens when joined already."""
        await self.call("POST", f"/_matrix/client/v3/join/{quote(room_id)}")

    async def invite(self, room_id: str, user_id: str) -> None:
        """Invite someone; nothing happens when they are invited or joined already."""
        member = await self.state(room_id, "m.room.member", user_id)
        if member is None or member.get("membership") not in ("invite", "join"):
            await self.call("POST", f"/_matrix/client/v3/rooms/{quote(room_id)}/invite", {"user_id": user_id})

    async def enter(self, room_id: str) -> None:
        """Be joined to a room into which the bot may still have to bring this person.

        Raises:
            Refused: nobody opened the door in time.
        """
        if room_id in self._entered:
            return
        if not await self._may_join(room_id):
            position = await self.position()
            if not await self._may_join(room_id):  # the invitation may have come just before the position
                await self._brought(room_id, position)
                await self.join(room_id)
        self._entered.add(room_id)

    async def _may_join(self, room_id: str) -> bool:
        """Join; False when the door is closed."""
        try:
            await self.join(room_id)
        except Refused as refusal:
            if refusal.errcode != "M_FORBIDDEN":
                raise
            return False
        return True

    async def _brought(self, room_id: str, position: str) -> None:
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while asyncio.get_running_loop().time() < deadline:
            answer = await self.sync(position)
            rooms = answer.get("rooms", {})
            if room_id in rooms.get("invite", {}) or room_id in rooms.get("join", {}):
                return
            position = answer["next_batch"]
        raise Refused("M_FORBIDDEN", _("not let in within {seconds:.0f} seconds").format(seconds=PATIENCE), 403)

    async def send(self, room_id: str, content: JsonDict, txn_id: str, event_type: str = "m.room.message") -> str:
        """Send an event; returns its id, the same one for the same transaction id."""
        path = f"/_matrix/client/v3/rooms/{quote(room_id)}/send/{event_type}/{quote(txn_id, safe='')}"
        return str((await self.call("PUT", path, content))["event_id"])

    async def upload(self, data: bytes, media_type: str, name: str) -> str:
        """Put a file on the homeserver; returns its ``mxc`` address."""
        answer = await self.call(
            "POST", "/_matrix/media/v3/upload", data, query={"filename": name}, media_type=media_type
        )
        return str(answer["content_uri"])

    async def create_room(self, body: JsonDict) -> str:
        """Create a room; returns its id."""
        return str((await self.call("POST", "/_matrix/client/v3/createRoom", body))["room_id"])

    async def joined_rooms(self) -> list[str]:
        """The rooms this account is in."""
        return list((await self.call("GET", "/_matrix/client/v3/joined_rooms"))["joined_rooms"])

    async def state(self, room_id: str, event_type: str, state_key: str = "") -> JsonDict | None:
        """The content of one state event, None when there is none or it may not be seen."""
        path = f"/_matrix/client/v3/rooms/{quote(room_id)}/state/{event_type}/{quote(state_key)}"
        try:
            return await self.call("GET", path)
        except Refused as refusal:
            if refusal.status in (403, 404):
                return None
            raise

    async def set_account_data(self, kind: str, content: JsonDict) -> None:
        """Replace this account's data of a type."""
        await self.call("PUT", f"/_matrix/client/v3/user/{quote(self.user_id)}/account_data/{kind}", content)

    async def recent(self, room_id: str) -> list[JsonDict]:
        """The last events of a room, newest first."""
        query = {"dir": "b", "limit": str(_TIMELINE)}
        answer = await self.call("GET", f"/_matrix/client/v3/rooms/{quote(room_id)}/messages", query=query)
        return list(answer["chunk"])

    async def position(self) -> str:
        """Where the sync stands now, to read on from."""
        nothing: JsonDict = {"room": {"rooms": []}, "presence": {"types": []}, "account_data": {"types": []}}
        return str((await self.sync(None, nothing))["next_batch"])

    async def sync(self, since: str | None, filter_: JsonDict | None = None) -> JsonDict:
        """One ``/sync``; with ``since`` it waits for news."""
        wanted = filter_ or {"room": {"timeline": {"limit": _TIMELINE}}, "presence": {"types": []}}
        # Synapse answers identical questions from a cache, so that each one differs by its timeout.
        timeout = int(_LONG_POLL * 1000) + next(_numbers) % 1000 if since else 0
        query = {"filter": json.dumps(wanted), "timeout": str(timeout)} | ({"since": since} if since else {})
        return await self.call("GET", "/_matrix/client/v3/sync", query=query)

    async def find(self, room_id: str, position: str, matches: Callable[[JsonDict], bool], patience: float) -> JsonDict:
        """The first event of a room from ``position`` on that matches; TimeoutError after ``patience`` seconds."""
        async with asyncio.timeout(patience):
            async for event in self._events(room_id, position):
                if matches(event):
                    return event
        raise TimeoutError

    async def _events(self, room_id: str, position: str) -> AsyncIterator[JsonDict]:
        filter_ = {"room": {"rooms": [room_id], "timeline": {"limit": _TIMELINE}}, "presence": {"types": []}}
        while True:
            answer = await self.sync(position, filter_)
            position = answer["next_batch"]
            room = answer.get("rooms", {}).get("join", {}).get(room_id, {})
            for event in (*room.get("state", {}).get("events", ()), *room.get("timeline", {}).get("events", ())):
                yield event


def _pause(status: int, answer: JsonDict) -> float | None:
    """Seconds to wait before the same request makes sense; None when it never will."""
    if status == 429:
        return float(answer.get("retry_after_ms", 1000)) / 1000
    return 0.5 if status == 0 or status >= 500 else None
