"""What others have posted and shelved: whose it is, who decides, and who hears of it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from copp_bot.core.ids import UserId
from tests.fakes.person import FakeWorld
from tests.features.library.library_house import PDF, number_in, peopled, shelve
from tests.house import House
from tests.samples import pdf

ROOM, FOR_ALL = "rhythm/library", "library"


@pytest.fixture
async def library(tmp_path: Path, database_url: str) -> AsyncIterator[House]:
    """A community for each test, since people leave it."""
    world = FakeWorld()
    async with peopled(world, tmp_path, database_url) as house:
        yield house
    await world.close()


async def posted(house: House, name: str, place: str) -> str:
    """Somebody posts a file; its event."""
    event = await house.people[name].post_file(house.rooms[place], "sheet.pdf", pdf("The sitar."), PDF)
    await house.settled()
    return event


async def test_a_file_is_by_who_posted_it_and_they_hear_of_it(library: House) -> None:
    lucia, joao = library.people["lucia"], library.people["joao"]
    source = await posted(library, "lucia", ROOM)
    event = await joao.say(library.rooms[ROOM], "!library add Sitar", reply_to=source)
    number = number_in(await library.answer(joao, library.rooms[ROOM], event))
    assert "by lucia" in await library.ask(joao, "direct", f"!library show {number}")
    told = (await library.said(lucia, "direct"))[-1]
    assert told.startswith(f"joao has shelved your file “Sitar” in the library, as {number}.")
    assert f"!library withdraw {number}" in told
    assert "is withdrawn" in await library.ask(lucia, "direct", f"!library withdraw {number}")
    assert "Sitar" not in "\n".join(await library.said(lucia, "direct"))


@pytest.mark.parametrize(
    ("target", "refusal"), [("community", "Only who posted that"), ("archive", "Others read along")]
)
async def test_only_who_posted_it_brings_it_to_other_readers(library: House, target: str, refusal: str) -> None:
    zofia, room = library.people["zofia"], library.rooms[ROOM]
    source = await posted(library, "lucia", ROOM)
    event = await zofia.say(room, f"!library add for:{target}", reply_to=source)
    await library.answer(zofia, room, event)
    assert refusal in "\n".join([*await library.said(zofia, "direct"), *await library.said(zofia, ROOM)])
    assert "Nothing" in await library.ask(zofia, "direct", "!library search sitar")


async def test_one_takes_back_ones_own_from_a_group_that_one_has_left(library: House) -> None:
    joao, lucia = library.people["joao"], library.people["lucia"]
    number = await shelve(library, "joao", ROOM, "The tabla.", "Tabla")
    await library.app.core.homeserver.kick(library.rooms["rhythm"], UserId(joao.user_id), "test")
    await library.settled()
    assert f"There is no {number}" in await library.ask(joao, "direct", f"!library show {number}")
    answer = await library.ask(joao, "direct", f"!library withdraw {number}")
    assert "is withdrawn" in answer and "Tabla" not in answer
    assert f"There is no {number}" in await library.ask(lucia, "direct", f"!library show {number}")
    assert f"There is no {number}" in await library.ask(joao, "direct", f"!library withdraw {number}")


async def test_an_author_hears_what_a_steward_does_with_it(library: House) -> None:
    lucia, aino = library.people["lucia"], library.people["aino"]
    number = await shelve(library, "lucia", ROOM, "The oud.", "Oud")
    await library.ask(aino, "direct", f"!library edit {number} The oud #strings")
    told = (await library.said(lucia, "direct"))[-1]
    assert told.startswith(f"aino has changed what is said of {number}, which you had shelved. Now it is:\n“The oud” (")
    assert "#strings" in told
    await library.ask(aino, "direct", f"!library edit {number} Oud")
    await library.ask(aino, "direct", f"!library audience {number} community")
    told = (await library.said(lucia, "direct"))[-1]
    assert told.startswith(f"aino has changed who may read “Oud” ({number}), which you had shelved: now")
    await library.ask(aino, "direct", f"!library withdraw {number}")
    everything = await library.said(lucia, "direct")
    room = await library.direct(lucia)
    unasked = [raw["content"] for raw in await lucia.timeline(room) if "which you had shelved" in str(raw["content"])]
    assert {(one["msgtype"], *one["m.mentions"]["user_ids"]) for one in unasked} == {("m.text", lucia.user_id)}
    assert everything[-1].startswith(f"aino has withdrawn {number}, which you had shelved")
    assert "Oud" not in "\n".join(everything)


async def test_what_one_does_oneself_is_not_told_twice(library: House) -> None:
    lucia = library.people["lucia"]
    number = await shelve(library, "lucia", FOR_ALL, "The lute.", "Lute")
    before = len(await library.said(lucia, "direct"))
    await library.ask(lucia, FOR_ALL, f"!library withdraw {number}")
    assert len(await library.said(lucia, "direct")) == before
