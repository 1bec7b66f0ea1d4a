"""Applying on a real Synapse: made once, resumed after kills without doubles, and silent to outsiders."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from copp_bot.core.ids import UserId
from copp_bot.core.matrix.port import MARKER
from copp_bot.demo.homeserver import LocalHomeserver
from copp_bot.rooms.apply import apply
from tests.rigs.person import SynapseWorld
from tests.rooms.support import around, opened, shipped
from tests.world import Refused

pytestmark = pytest.mark.synapse


class Killed(BaseException):
    """The process ends here."""


@pytest.fixture
async def world(synapse: LocalHomeserver) -> AsyncIterator[SynapseWorld]:
    """The real homeserver."""
    made = SynapseWorld(synapse)
    try:
        yield made
    finally:
        await made.close()


async def test_applied_once_whatever_happens(world: SynapseWorld, tmp_path: Path, monkeypatch: Any) -> None:
    bot = await world.bot_homeserver()
    create, set_state = bot.create_room, bot.set_state
    written = 0

    def lethal(write: Any) -> Any:
        async def dying(*args: Any) -> Any:
            nonlocal written
            written += 1
            result = await write(*args)
            if written % 4 == 0:
                raise Killed
            return result

        return dying

    async with opened(tmp_path) as database:
        with monkeypatch.context() as patch:
            patch.setattr(bot, "create_room", lethal(create))
            patch.setattr(bot, "set_state", lethal(set_state))
            for _ in range(60):
                try:
                    outcome = await apply(shipped(), around(bot, database))
                except Killed:
                    continue
                break
        assert outcome.refused == ()
        again = await apply(shipped(), around(bot, database))
    assert again.total == 0
    assert set(again.rooms) == {room.key for room in shipped().all}
    marked = [await bot.state_event(room_id, MARKER) for room_id in await bot.joined_rooms()]
    assert sorted(marker["key"] for marker in marked if marker) == sorted(again.rooms)
    await _outsiders_see_reception_alone(world, again.rooms)
    await _members_see_their_rooms(world, again.rooms)


async def _outsiders_see_reception_alone(world: SynapseWorld, rooms: dict[str, Any]) -> None:
    outsider = await world.person("outsider")
    for key, room_id in rooms.items():
        if key == "reception":
            await outsider.join(room_id)
        else:
            with pytest.raises(Refused):
                await outsider.join(room_id)
    hierarchy = ("GET", f"/_matrix/client/v1/rooms/{rooms['root']}/hierarchy")
    with pytest.raises(Refused):
        await outsider._call(*hierarchy)


async def _members_see_their_rooms(world: SynapseWorld, rooms: dict[str, Any]) -> None:
    """A member of the community sees the public area below the root, and the names of no group they are not in."""
    member = await world.person("member")
    bot = await world.bot_homeserver()
    await bot.invite(rooms["root"], UserId(member.user_id))
    await member.join(rooms["root"])
    await member.join(rooms["coffee-shop"])
    tree = await member._call("GET", f"/_matrix/client/v1/rooms/{rooms['root']}/hierarchy")
    seen = {room["room_id"] for room in tree["rooms"]}
    assert rooms["topic-democracy"] in seen
    hidden = ("rhythm", "archive", "stewards", "secretariat", "rhythm/home")
    assert not seen & {rooms[key] for key in hidden}
    with pytest.raises(Refused):
        await member.join(rooms["rhythm/home"])
