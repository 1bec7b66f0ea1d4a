"""The ready file: where everything is, as JSON for programs, written when everything answers."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from copp_bot.core.ids import OWN
from copp_bot.core.matrix.port import MARKER
from copp_bot.demo.keep import write_private
from copp_bot.demo.people import DemoCommunity
from copp_bot.demo.person import Person


@dataclass(frozen=True)
class Ready:
    """The content of the ready file.

    Args:
        homeserver: address of the client-server API.
        web: address of the web pages.
        bot: user id.
        database: SQLAlchemy address of the bot's database.
        pids: process ids of ``bot`` and ``homeserver``.
        accounts: localpart -> ``user_id``, ``password``, ``role``, ``groups``.
        rooms: declared key -> room id, spaces and rooms alike.
    """

    homeserver: str
    web: str
    bot: str
    database: str
    pids: Mapping[str, int]
    accounts: Mapping[str, Mapping[str, Any]]
    rooms: Mapping[str, str]

    def with_bot_pid(self, pid: int) -> "Ready":
        """The same after the bot was started again."""
        return replace(self, pids={**self.pids, "bot": pid})

    def write(self, path: Path) -> None:
        """Put it there, whole or not at all; it holds passwords, so only the owner may read it."""
        write_private(path, asdict(self))


def described(community: DemoCommunity, server_name: str, passwords: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """The accounts as the ready file names them."""
    return {
        a.localpart: {
            "user_id": f"@{a.localpart}:{server_name}",
            "password": passwords[a.localpart],
            "role": a.role,
            "groups": list(a.groups),
        }
        for a in community.accounts
    }


async def declared_rooms(bot: Person) -> dict[str, str]:
    """Declared key -> room id, as the rooms that the bot is in say by their marker; without those of members' own."""
    rooms = {}
    for room_id in await bot.joined_rooms():
        marker = await bot.state(room_id, MARKER)
        if marker is not None and not str(marker.get("key", OWN)).startswith(OWN):
            rooms[str(marker["key"])] = room_id
    return rooms
