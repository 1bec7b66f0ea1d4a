"""A flag on a message, through the real parts, on the fake and on a real homeserver."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from copp_bot.demo.homeserver import LocalHomeserver
from tests.fakes.person import FakeWorld
from tests.features.library.library_house import peopled
from tests.house import House
from tests.rigs.person import SynapseWorld
from tests.world import World


@pytest.fixture(params=["fake", pytest.param("synapse", marks=pytest.mark.synapse)])
def real(request: pytest.FixtureRequest) -> LocalHomeserver | None:
    """The real homeserver, or None for the fake."""
    return request.getfixturevalue("synapse") if request.param == "synapse" else None


@pytest.fixture
async def house(real: LocalHomeserver | None, tmp_path: Path) -> AsyncIterator[House]:
    """A peopled community."""
    world: World = FakeWorld() if real is None else SynapseWorld(real)
    async with peopled(world, tmp_path) as made:
        yield made
    await world.close()


async def test_a_flag_reports_the_message_and_is_seen_by_nobody(house: House) -> None:
    lucia, goran, matteo = (house.people[name] for name in ("lucia", "goran", "matteo"))
    room = house.rooms["coffee-shop"]
    bad = await goran.say(room, "Something hurtful.")
    flag = await lucia.react(room, bad, "🚩")
    assert "thank you" in (await house.said(lucia, "direct"))[-1]
    await house.settled()
    card = (await house.said(matteo, "stewards"))[-1]
    assert "Something hurtful." in card and "Coffee" in card and lucia.user_id not in card
    left = [raw for raw in await goran.timeline(room) if raw["event_id"] == flag]
    assert all("m.relates_to" not in raw["content"] for raw in left)
    await goran.redact(room, bad)
    await house.settled()
    assert "hurtful" not in str(await house.said(matteo, "stewards"))
