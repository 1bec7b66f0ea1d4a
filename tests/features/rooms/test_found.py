"""What no sync has brought: the hourly look finds who is where otherwise than the bot knew."""

import asyncio

import pytest
from sqlmodel import Session

from copp_bot.core.ids import RoomId, UserId
from copp_bot.core.own_acts import Found, is_news, write_found
from copp_bot.core.store import rooms as rooms_store
from tests.features.rooms.jobs import look
from tests.house import House


@pytest.mark.one_homeserver
async def test_who_is_where_is_put_right_by_the_look(house: House) -> None:
    anna, ben = await house.member("anna", "rhythm"), await house.member("ben")
    await _believe(house, anna.user_id, "rhythm", "leave")
    await _believe(house, ben.user_id, "rhythm", "join")
    await look(house)
    assert await _known(house, anna.user_id, "rhythm") == "join"
    assert await _known(house, ben.user_id, "rhythm") == "leave"
    assert house.rooms["rhythm/home"] in await anna.joined()
    assert house.rooms["rhythm/home"] not in await ben.joined() | await ben.invited()


@pytest.mark.one_homeserver
async def test_what_the_first_sync_will_bring_is_left_to_it(house: House) -> None:
    """Else who has left while the bot was off would have left before what they said there."""
    anna = await house.member("anna", "rhythm")
    await _believe(house, anna.user_id, "rhythm", "leave")
    house.app.intake.ready = asyncio.Event()  # the syncs of this test do not count
    house.app.intake.ready.set()
    house.app.core.synced.clear()
    await look(house)
    assert await _known(house, anna.user_id, "rhythm") == "leave"
    house.app.core.synced.set()
    await look(house)
    assert await _known(house, anna.user_id, "rhythm") == "join"


@pytest.mark.one_homeserver
async def test_what_came_since_the_look_counts(house: House) -> None:
    anna = await house.member("anna", "rhythm")
    room, user = RoomId(house.rooms["rhythm"]), UserId(anna.user_id)
    row = await house.database.read(lambda session: rooms_store.membership(session, room, user))
    assert row is not None
    seen = Found(room, user, "invite", user, row.since)
    await anna.leave(room)
    await house.settled()
    await house.database.write(lambda session: write_found(session, [seen], house.app.clock.now()))
    await house.settled()
    assert await _known(house, user, "rhythm") == "leave"


@pytest.mark.one_homeserver
async def test_an_act_that_an_older_version_has_written_counts(house: House) -> None:
    """It waits in the inbox when the bot is upgraded, and does not say that it was no finding."""
    anna = await house.member("anna", "rhythm")
    room, user = RoomId(house.rooms["rhythm"]), UserId(anna.user_id)
    row = await house.database.read(lambda session: rooms_store.membership(session, room, user))
    assert row is not None
    body = {"user_id": user, "membership": "leave", "seen": row.since.isoformat()}
    assert await house.database.read(lambda session: is_news(session, room, body))


async def _believe(house: House, user: str, key: str, membership: str) -> None:
    """Let the mirror be wrong."""

    def write(session: Session) -> None:
        now = house.app.clock.now()
        rooms_store.put_memberships(session, [rooms_store.Membership(house.rooms[key], user, membership, user, now)])

    await house.database.write(write)


async def _known(house: House, user: str, key: str) -> str:
    row = await house.database.read(lambda session: rooms_store.membership(session, house.rooms[key], user))
    return row.membership if row else "leave"
