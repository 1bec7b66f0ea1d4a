"""What the operator's administrator token is used for, through Synapse's admin API; three acts and nothing more.

The rule it keeps: the token is used for what ``port.Administration`` names, and reads nothing but the bot's own limit.
An administrator's token that is not valid is a refusal (``Forbidden``), not the end of the bot.
"""

import contextlib
import time
from typing import Protocol

from copp_bot.core.ids import MxcUri, RoomId, UserId
from copp_bot.core.matrix.http import Http
from copp_bot.core.matrix.media import parts
from copp_bot.core.matrix.paths import Request, by_hand, of_synapse
from copp_bot.core.matrix.port import Forbidden, JsonDict, MatrixError, Missing, Unavailable, UnknownToken

BORROWED_SECONDS = 600


class Inviter(Protocol):
    """The bot, who is in the room and may invite."""

    async def invite(self, room_id: RoomId, user_id: UserId, reason: str | None = None) -> None:
        """Invite; nothing happens when the person is already invited or joined."""

    async def membership(self, room_id: RoomId, user_id: UserId) -> str | None:
        """One person's membership."""

    def is_free(self) -> None:
        """Its limits have been lifted."""


class SynapseAdministration:
    """Implements ``port.Administration``."""

    def __init__(self, http: Http, token: str, inviter: Inviter) -> None:
        self._http = http
        self._token = token
        self._inviter = inviter
        self._closed_rooms: set[RoomId] = set()

    async def force_join(self, room_id: RoomId, user_id: UserId) -> None:
        """Join a local user to a room, also to one that the administrator is not in.

        Synapse's ``join`` lets the administrator invite first, which only a member of the room may do. Where that
        is refused, the bot invites and the invitation is accepted in the person's name, from then on at once.
        """
        if await self._inviter.membership(room_id, user_id) == "join":
            return
        if room_id not in self._closed_rooms:
            try:
                await self._ask(of_synapse("POST", "v1", "join", room_id, body={"user_id": user_id}))
            except Forbidden:
                self._closed_rooms.add(room_id)
            else:
                return
        await self._inviter.invite(room_id, user_id)
        await self._accept(room_id, user_id)

    async def lift_rate_limit(self, user_id: UserId) -> None:
        """Switch off message rate limits for one user (zeros mean none)."""
        body = {"messages_per_second": 0, "burst_count": 0}
        await self._ask(of_synapse("POST", "v1", "users", user_id, "override_ratelimit", body=body))
        self._inviter.is_free()

    async def is_rate_limit_lifted(self, user_id: UserId) -> bool:
        """Are there zeros in force for the user? (An empty answer means the server's own limits.)"""
        answer = await self._ask(of_synapse("GET", "v1", "users", user_id, "override_ratelimit"))
        return answer.get("messages_per_second") == 0 and answer.get("burst_count") == 0

    async def media_owner(self, mxc: MxcUri) -> UserId | None:
        """Who uploaded a local media file."""
        info = (await self._ask(of_synapse("GET", "v1", "media", *parts(mxc)))).get("media_info")
        owner = info.get("user_id") if isinstance(info, dict) else None
        return UserId(owner) if isinstance(owner, str) else None

    async def delete_media(self, mxc: MxcUri) -> None:
        """Delete one local media file; nothing happens when it is gone already."""
        with contextlib.suppress(Missing):
            await self._ask(of_synapse("DELETE", "v1", "media", *parts(mxc)))

    async def _accept(self, room_id: RoomId, user_id: UserId) -> None:
        """Join with a token borrowed from the person, which is handed back at once and ends by itself anyway."""
        until = int((time.time() + BORROWED_SECONDS) * 1000)
        answer = await self._ask(of_synapse("POST", "v1", "users", user_id, "login", body={"valid_until_ms": until}))
        borrowed = answer.get("access_token")
        if not isinstance(borrowed, str):
            raise Unavailable("", "the answer has no access_token", 200)
        try:
            await self._ask(by_hand("POST", "v3", "join", room_id), borrowed)
        finally:
            with contextlib.suppress(MatrixError):
                await self._ask(by_hand("POST", "v3", "logout"), borrowed)

    async def _ask(self, request: Request, token: str | None = None) -> JsonDict:
        method, path, data = request
        try:
            return await self._http.call(method, path, data, token=token or self._token)
        except UnknownToken as error:
            raise Forbidden(error.errcode, "the administrator's token is not valid", 401) from error
