"""Whoever redacts the message that asked to join does not ask any more."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fakes.person import FakeWorld
from tests.features.library.library_house import peopled
from tests.house import House


@pytest.fixture
async def house(tmp_path: Path, database_url: str) -> AsyncIterator[House]:
    """A peopled community on the fake."""
    world = FakeWorld()
    async with peopled(world, tmp_path, database_url) as made:
        yield made
    await world.close()


async def test_a_request_goes_with_its_message(house: House) -> None:
    """So does the question before the stewards; and it can be asked anew."""
    goran, matteo = house.people["goran"], house.people["matteo"]
    direct = await house.direct(goran)
    asked = await goran.say(direct, "!group join rhythm")
    assert "I have asked the stewards" in await house.answer(goran, direct, asked)
    assert "goran" in (await house.said(matteo, "stewards"))[-1]
    await goran.redact(direct, asked)
    await house.settled()
    assert not any("goran" in said and "Rhythm" in said for said in await house.said(matteo, "stewards"))
    answer = await house.ask(house.people["aino"], "direct", f"!group accept {goran.user_id} rhythm")
    assert "No request of" in answer
    assert "I have asked the stewards" in await house.ask(goran, "direct", "!group join rhythm")
