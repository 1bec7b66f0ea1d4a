"""A request to join before the stewards: until it is decided, or taken back with the message that asked."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from copp_bot.core.ids import RoomId, UserId
from tests.fakes.person import FakeWorld
from tests.features.library.library_house import peopled
from tests.house import House
from tests.world import Person


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


async def test_a_request_ends_when_they_get_in_another_way_or_go(house: House) -> None:
    """The old choice brings nobody in any more."""
    goran, matteo, aino = (house.people[name] for name in ("goran", "matteo", "aino"))
    room, space = house.rooms["stewards"], house.rooms["rhythm"]
    await house.ask(goran, "direct", "!group join rhythm")
    await house.ask(aino, "rhythm/home", f"!group invite {goran.user_id} rhythm")
    await house.accept(goran)
    assert (await _shown(house, matteo))[-1] == "They are in, or invited, by now: nothing is left to decide."
    assert not [raw for raw in await matteo.timeline(room) if raw["type"] == "m.reaction" and raw["content"]]
    await goran.leave(space)
    await house.settled()
    assert "No request of" in await house.ask(aino, "direct", f"!group accept {goran.user_id} rhythm")
    assert "I have asked the stewards" in await house.ask(goran, "direct", "!group join rhythm")
    await goran.leave(house.rooms["root"])
    await house.settled()
    assert (await _shown(house, matteo))[-1] == "They have left the community: nothing is left to decide."
    assert "No request of" in await house.ask(aino, "direct", f"!group accept {goran.user_id} rhythm")


async def test_accepted_and_banned_is_told_as_it_is(house: House) -> None:
    goran, matteo, aino = (house.people[name] for name in ("goran", "matteo", "aino"))
    await house.ask(goran, "direct", "!group join rhythm")
    await house.app.homeserver.ban(RoomId(house.rooms["rhythm"]), UserId(goran.user_id))
    assert "while a ban is in force" in await house.ask(
        aino, "direct", f"!group accept {goran.user_id} Rhythm and language"
    )
    assert (await _shown(house, matteo))[-1].startswith("Accepted by aino, but they could not be let in")
    assert (await house.said(goran, "direct"))[-1].startswith("A steward has accepted, but I could not let you into")
    assert "You cannot join Rhythm and language as things are" in await house.ask(goran, "direct", "!group join rhythm")


async def test_a_mistyped_group_is_suggested_to_who_decides(house: House) -> None:
    goran, aino = house.people["goran"], house.people["aino"]
    await house.ask(goran, "direct", "!group join rhythm")
    for command in ("accept", "decline"):
        answer = await house.ask(aino, "direct", f"!group {command} {goran.user_id} rythm")
        assert "There is no group rythm. Did you mean rhythm?" in answer


async def _shown(house: House, reader: Person) -> list[str]:
    """The lines of the newest card in the stewards' room, as it reads now."""
    cards = [body for body in await house.said(reader, "stewards") if "asked to join" in body]
    return cards[-1].splitlines()
