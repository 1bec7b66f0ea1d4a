"""People in plain HTTP: what the rigs drive a homeserver with, and read it by.

The rule it keeps: it shares no code with the bot, so that a mistake there cannot hide itself (``test_driver.py``).
"""

import asyncio
import itertools
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import aiohttp
from yarl import URL

from tests import world
from tests.world import WAIT_SECONDS, Predicate, Raw, Refused

PASSWORD = "a password of tests"
NO_TIMELINE = '{"room":{"timeline":{"limit":1},"state":{"types":["m.room.member"]}},"presence":{"types":[]}}'
LONG_POLL_MS = 10_000
_transactions = itertools.count()


class HttpPerson:
    """Implements ``world.Person`` over the Client-Server API.

    Args:
        base_url: the homeserver.
        token: the person's access token.
    """

    def __init__(self, base_url: str, user_id: str, token: str, session: aiohttp.ClientSession) -> None:
        self.user_id = user_id
        self._base = base_url
        self._token = token
        self._session = session

    async def say(
        self,
        room_id: str,
        body: str,
        *,
        reply_to: str | None = None,
        thread: str | None = None,
        mentions: Sequence[str] = (),
    ) -> str:
        """Write a message."""
        content = world.message(body, reply_to=reply_to, thread=thread, mentions=mentions)
        return await self.send(room_id, "m.room.message", content)

    async def edit(self, room_id: str, event_id: str, body: str) -> str:
        """Replace an earlier message."""
        return await self.send(room_id, "m.room.message", world.replacement(event_id, body))

    async def react(self, room_id: str, event_id: str, key: str) -> str:
        """Put a reaction under a message."""
        return await self.send(room_id, "m.reaction", world.annotation(event_id, key))

    async def redact(self, room_id: str, event_id: str, reason: str | None = None) -> str:
        """Redact an event."""
        body = {"reason": reason} if reason else {}
        answer = await self._call("PUT", _path("rooms", room_id, "redact", event_id, _transaction()), body)
        return str(answer["event_id"])

    async def post_file(
        self,
        room_id: str,
        name: str,
        data: bytes,
        media_type: str,
        *,
        caption: str | None = None,
        reply_to: str | None = None,
    ) -> str:
        """Upload and post a file."""
        mxc = await self.upload(data, media_type, name)
        content = world.posted_file(name, mxc, len(data), media_type, caption, reply_to)
        return await self.send(room_id, "m.room.message", content)

    async def send(self, room_id: str, event_type: str, content: Raw) -> str:
        """Send any event."""
        answer = await self._call("PUT", _path("rooms", room_id, "send", event_type, _transaction()), content)
        return str(answer["event_id"])

    async def set_state(self, room_id: str, event_type: str, state_key: str, content: Raw) -> str:
        """Set one state event."""
        answer = await self._call("PUT", _path("rooms", room_id, "state", event_type, state_key), content)
        return str(answer["event_id"])

    async def join(self, room_id: str) -> None:
        """Join, or accept an invitation."""
        await self._call("POST", _path("join", room_id), {})

    async def leave(self, room_id: str) -> None:
        """Leave, or decline an invitation."""
        await self._call("POST", _path("rooms", room_id, "leave"), {})

    async def knock(self, room_id: str) -> None:
        """Ask to be let in."""
        await self._call("POST", _path("knock", room_id), {})

    async def invite(self, room_id: str, user_id: str) -> None:
        """Invite someone."""
        await self._call("POST", _path("rooms", room_id, "invite"), {"user_id": user_id})

    async def kick(self, room_id: str, user_id: str) -> None:
        """Make someone leave."""
        await self._call("POST", _path("rooms", room_id, "kick"), {"user_id": user_id})

    async def ban(self, room_id: str, user_id: str) -> None:
        """Ban someone."""
        await self._call("POST", _path("rooms", room_id, "ban"), {"user_id": user_id})

    async def create_room(self, body: Raw) -> str:
        """``createRoom`` with this body."""
        return str((await self._call("POST", _path("createRoom"), body))["room_id"])

    async def create_direct(self, user_id: str, *, encrypted: bool = False) -> str:
        """Open a direct chat as clients do."""
        return await self.create_room(world.direct_chat(user_id, encrypted))

    async def joined(self) -> set[str]:
        """The rooms they are joined to."""
        return set((await self._call("GET", _path("joined_rooms")))["joined_rooms"])

    async def invited(self) -> set[str]:
        """The rooms they are invited to."""
        return set((await self._sync(None, 0)).get("rooms", {}).get("invite", {}))

    async def timeline(self, room_id: str) -> list[Raw]:
        """Every event of the room that they may see now, oldest first."""
        events: list[Raw] = []
        start: str | None = ""
        while start is not None:
            query = f"?dir=b&limit=200{f'&from={quote(start)}' if start else ''}"
            page = await self._call("GET", _path("rooms", room_id, "messages") + query)
            events += page["chunk"]
            start = page.get("end")
        return events[::-1]

    async def wait_for(
        self,
        room_id: str,
        predicate: Predicate,
        timeout: float = WAIT_SECONDS,  # noqa: ASYNC109  # dialogs read better
    ) -> Raw:
        """The first event for which ``predicate`` holds, now or later."""
        async with asyncio.timeout(timeout):
            since = (await self._sync(None, 0))["next_batch"]
            while True:
                found = next(filter(predicate, await self.timeline(room_id)), None)
                if found is not None:
                    return found
                since = (await self._sync(since, LONG_POLL_MS))["next_batch"]

    async def upload(self, data: bytes, media_type: str, name: str) -> str:
        """Put bytes on the server."""
        url = URL(f"{self._base}/_matrix/media/v3/upload?filename={quote(name)}", encoded=True)
        headers = self._headers() | {"Content-Type": media_type}
        async with self._session.post(url, data=data, headers=headers) as response:
            return str((await _answer(response))["content_uri"])

    async def download(self, mxc: str) -> bytes:
        """The bytes at an ``mxc`` address."""
        server, media_id = mxc.removeprefix("mxc://").split("/")
        url = URL(f"{self._base}/_matrix/client/v1/media/download/{server}/{media_id}", encoded=True)
        async with self._session.get(url, headers=self._headers()) as response:
            if response.status != 200:
                await _answer(response)
            return await response.read()

    async def forget_alias(self, alias: str) -> None:
        """Free an address."""
        await self._call("DELETE", _path("directory", "room", alias))

    async def rooms_of(self, user_id: str) -> set[str]:
        """The rooms another account is joined to; for a server administrator (Synapse admin API)."""
        return set((await self._call("GET", f"/_synapse/admin/v1/users/{quote(user_id)}/joined_rooms"))["joined_rooms"])

    async def state_event(self, room_id: str, event_type: str) -> Raw | None:
        """The content of one state event; None when there is none."""
        try:
            return await self._call("GET", _path("rooms", room_id, "state", event_type, ""))
        except Refused as refused:
            if refused.status == 404:
                return None
            raise

    async def state(self, room_id: str) -> list[Raw]:
        """All state events of a room."""
        url = URL(self._base + _path("rooms", room_id, "state"), encoded=True)
        async with self._session.get(url, headers=self._headers()) as response:
            found: list[Raw] = await response.json()
        return found

    async def upgrade(self, room_id: str, version: str) -> str:
        """Replace a room, as the button of a client does; the new room's id."""
        answer = await self._call("POST", _path("rooms", room_id, "upgrade"), {"new_version": version})
        return str(answer["replacement_room"])

    async def deactivate(self) -> None:
        """The account ends."""
        auth = {
            "type": "m.login.password",
            "identifier": {"type": "m.id.user", "user": self.user_id},
            "password": PASSWORD,
        }
        await self._call("POST", _path("account", "deactivate"), {"auth": auth})

    async def _sync(self, since: str | None, timeout_ms: int) -> Raw:
        query = f"?timeout={timeout_ms}&filter={quote(NO_TIMELINE)}{f'&since={since}' if since else ''}"
        return await self._call("GET", _path("sync") + query)

    async def _call(self, method: str, path: str, body: Raw | None = None) -> Raw:
        url = URL(self._base + path, encoded=True)
        async with self._session.request(method, url, json=body, headers=self._headers()) as response:
            return await _answer(response)

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}"}


async def _answer(response: aiohttp.ClientResponse) -> Raw:
    body: Any = await response.json()
    if response.status != 200:
        raise Refused(response.status, body.get("errcode", ""), body.get("error", ""))
    answer: Raw = body
    return answer


def _path(*parts: str) -> str:
    return "/_matrix/client/v3/" + "/".join(quote(part, safe="") for part in parts)


def _transaction() -> str:
    return f"t{next(_transactions)}"
