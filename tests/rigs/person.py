"""The world that people on a real homeserver make up.

The rule it keeps: no code of ``copp_bot.core.matrix`` is used for people, so that a mistake there cannot hide itself.
"""

import secrets
from contextlib import suppress

import aiohttp

from copp_bot.core.ids import UserId
from copp_bot.core.matrix.client import Client
from copp_bot.core.matrix.http import Http
from copp_bot.demo.homeserver import LocalHomeserver
from tests.rigs.driver import PASSWORD, HttpPerson
from tests.world import Refused

ADMIN = "administrator"


class SynapseWorld:
    """Implements ``world.World`` on a running homeserver. Accounts get a suffix, so that tests do not meet."""

    def __init__(self, homeserver: LocalHomeserver) -> None:
        self.server_name = homeserver.server_name
        self._homeserver = homeserver
        self._suffix = secrets.token_hex(4)
        self._session = aiohttp.ClientSession()
        self._people: dict[str, HttpPerson] = {}
        self._bot: Client | None = None

    async def person(self, localpart: str) -> HttpPerson:
        """The person of this name."""
        if localpart not in self._people:
            user_id, token = await self._account(localpart)
            self._people[localpart] = HttpPerson(self._homeserver.base_url, user_id, token, self._session)
        return self._people[localpart]

    async def bot_homeserver(self) -> Client:
        """The bot's side, unlimited, with an administrator who is in no room."""
        if self._bot is None:
            self._bot = await self.bot_session("COPPBOT")
            assert self._bot.administration is not None
            await self._bot.administration.lift_rate_limit(self._bot.user_id)
        return self._bot

    async def bot_session(self, device_id: str) -> Client:
        """One more session of the bot, as another device; to be closed by the caller unless it is the first."""
        user_id, token = await self._account("copp", device_id)
        await self._homeserver.create_account(ADMIN, PASSWORD, admin=True)
        admin_token = await self._homeserver.login(ADMIN, PASSWORD)
        return Client(Http(self._homeserver.base_url), UserId(user_id), token, admin_token)

    async def close(self) -> None:
        """End connections; the declared address becomes free for the next world on this server."""
        if self._bot is not None:
            user_id, token = await self._account("copp")
            bot = HttpPerson(self._homeserver.base_url, user_id, token, self._session)
            with suppress(Refused):
                await bot.forget_alias(f"#reception:{self.server_name}")
            await self._bot.close()
        await self._session.close()

    async def _account(self, localpart: str, device_id: str | None = None) -> tuple[str, str]:
        name = f"{localpart}-{self._suffix}"
        user_id = await self._homeserver.create_account(name, PASSWORD, localpart)
        return user_id, await self._homeserver.login(name, PASSWORD, device_id)
