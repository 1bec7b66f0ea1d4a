"""The grants' mirror on a homeserver: written, restored, and believed only from the bot's own hand."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from copp_bot.core.ids import RoomId
from copp_bot.core.matrix.port import MARKER, NewRoom
from copp_bot.features.roles import service, store
from copp_bot.features.roles.tasks import GRANTS_EVENT, Mirror, recover
from storage.database import Database
from storage.tables.rooms import RoomRow
from tests.fakes.homeserver import FakeHomeserver
from tests.fakes.matrix import FakeMatrix
from tests.features.small_house import BOT, NOW, SmallHouse, user
from tests.rooms.support import opened

GRANTS = [(user("sara"), "secretariat", "community"), (user("aino"), "steward", "group:rhythm")]


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """An empty database."""
    (tmp_path / "mirror").mkdir()
    async with opened(tmp_path / "mirror") as made:
        yield made


async def stewards_room(bot: FakeHomeserver) -> RoomId:
    """The stewards' room as the bot makes it."""
    marker = {"type": MARKER, "state_key": "", "content": {"key": "stewards", "kind": "room"}}
    return await bot.create_room(NewRoom(initial_state=[marker]))


async def known(database: Database, room: RoomId) -> None:
    """The mirror of rooms knows the stewards' room."""
    await database.write(lambda session: session.add(RoomRow(room_id=room, key="stewards")))


async def seeded(database: Database) -> None:
    """Grants are there."""
    await database.write(lambda session: service.seed_grants(session, GRANTS, NOW))


async def restored(bot: FakeHomeserver, database: Database) -> Sequence[store.Held]:
    """The grants after what comes before a start."""
    await recover(bot, database, NOW)
    return await database.read(lambda session: store.in_force(session, NOW))


async def test_a_lost_database_demotes_nobody(house: SmallHouse, database: Database, tmp_path: Path) -> None:
    """What was mirrored comes back into a database that knows neither grants nor rooms."""
    bot = FakeMatrix().bot(BOT)
    room = await stewards_room(bot)
    await known(database, room)
    await seeded(database)
    await Mirror(replace(house.core, homeserver=bot, database=database)).write({})
    (tmp_path / "new").mkdir()
    async with opened(tmp_path / "new") as fresh:
        grants = await restored(bot, fresh)
        assert {(g.user_id, g.role, g.scope) for g in grants} == set(GRANTS)


async def test_the_same_is_not_written_twice(house: SmallHouse, database: Database) -> None:
    """One state event for one state of the grants."""
    matrix = FakeMatrix()
    bot = matrix.bot(BOT)
    room = await stewards_room(bot)
    await known(database, room)
    await seeded(database)
    mirror = Mirror(replace(house.core, homeserver=bot, database=database))
    for _ in range(2):
        await mirror.write({})
    await recover(bot, database, NOW)
    page = await bot.messages(room, (await bot.sync(None, 0, {}))["next_batch"], None, 100)
    assert sum(raw["type"] == GRANTS_EVENT for raw in page.events) == 1


@pytest.mark.parametrize("forged", ["marker", "grants"])
async def test_nobody_else_can_write_roles_into_a_lost_database(
    house: SmallHouse, database: Database, forged: str
) -> None:
    """Neither in a room of their own nor in the stewards' room."""
    matrix = FakeMatrix()
    bot, mallory = matrix.bot(BOT), matrix.person("mallory")
    content: dict[str, Any] = {
        "grants": [{"user": mallory.user_id, "role": "secretariat", "scope": "community", "until": None}]
    }
    if forged == "marker":
        room = await mallory.create_room({"invite": [BOT]})
        await bot.join(RoomId(room))
        await mallory.set_state(room, MARKER, "", {"key": "stewards", "kind": "room"})
    else:
        marker = {"type": MARKER, "state_key": "", "content": {"key": "stewards", "kind": "room"}}
        powers = {"users": {mallory.user_id: 90}, "state_default": 90}
        room = await bot.create_room(NewRoom(initial_state=[marker], power_levels=powers, invite=[user("mallory")]))
        await mallory.join(room)
    await mallory.set_state(room, GRANTS_EVENT, "", content)
    assert await restored(bot, database) == []


async def test_before_the_rooms_are_there(house: SmallHouse, database: Database) -> None:
    """Nothing to do, and no error."""
    mirror = Mirror(replace(house.core, homeserver=FakeMatrix().bot(BOT), database=database))
    assert await mirror.write({}) is None


async def test_an_empty_table_takes_nothing_from_the_room(house: SmallHouse, database: Database) -> None:
    """It may be that of a lost database."""
    bot = FakeMatrix().bot(BOT)
    room = await stewards_room(bot)
    await known(database, room)
    await bot.set_state(room, GRANTS_EVENT, "", {"grants": [{"user": user("sara")}]})
    await Mirror(replace(house.core, homeserver=bot, database=database)).write({})
    assert await bot.state_event(room, GRANTS_EVENT) == {"grants": [{"user": user("sara")}]}
