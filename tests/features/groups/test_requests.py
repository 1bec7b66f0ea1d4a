"""A request to join before the stewards: until it is decided, or taken back with the message that asked."""

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


@pytest.mark.parametrize(("command", "told"), [("accept", "Accepted by aino."), ("decline", "Declined by aino.")])
async def test_who_comes_later_sees_that_it_is_decided(house: House, command: str, told: str) -> None:
    """And has nothing to choose any more."""
    goran, matteo, room = house.people["goran"], house.people["matteo"], house.rooms["stewards"]
    await house.ask(goran, "direct", "!group join Rhythm and language")
    await house.settled()
    offered = [raw["content"] for raw in await matteo.timeline(room) if raw["type"] == "m.reaction"]
    assert [one["m.relates_to"]["key"] for one in offered] == ["✅", "❌"]
    await house.ask(house.people["aino"], "direct", f"!group {command} {goran.user_id} rhythm")
    await house.settled()
    timeline = await matteo.timeline(room)
    (shown,) = (raw["content"]["m.new_content"] for raw in timeline if "m.new_content" in raw["content"])
    assert shown["body"].splitlines() == [f"goran ({goran.user_id}) asked to join Rhythm and language.", told]
    assert not [raw for raw in timeline if raw["type"] == "m.reaction" and raw["content"]]


async def test_a_mistyped_group_is_suggested_where_it_may_be_spoken_of(house: House) -> None:
    goran, noor = house.people["goran"], house.people["noor"]
    assert "Did you mean rhythm?" in await house.ask(goran, "direct", "!group join rythm")
    assert "rhythm?" not in await house.ask(noor, "direct", "!group join rythm")
