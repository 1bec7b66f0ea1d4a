"""The path without commands: a posted file is offered a shelf, a list is answered by a number."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from copp_bot.demo.homeserver import LocalHomeserver
from tests.fakes.person import FakeWorld
from tests.features.library.library_house import PDF, find_answer, number_in, peopled, shelve
from tests.house import House, community
from tests.rigs.person import SynapseWorld
from tests.samples import pdf
from tests.world import World, posted_file


async def offered(house: House, name: str, place: str, text: str, file: str = "sheet.pdf") -> tuple[str, str]:
    """Post a PDF without a caption; its event id and that of the bot's question."""
    person, room = house.people[name], await house.room(house.people[name], place)
    event = await person.post_file(room, file, pdf(text), PDF)
    question = await find_answer(house, person, room, event)
    await house.settled()
    return event, question["event_id"]


@pytest.mark.asyncio(loop_scope="module")
async def test_a_caption_in_the_direct_chat_needs_no_mark(library: House) -> None:
    """As everything there; a title is not lost, and any other caption is none."""
    lucia = library.people["lucia"]
    direct = await library.direct(lucia)
    event = await lucia.post_file(direct, "koto.pdf", pdf("A koto."), PDF, caption="library add Thirteen strings")
    assert (await library.answer(lucia, direct, event)).startswith("Who may read “Thirteen strings”?")
    event = await lucia.post_file(direct, "biwa.pdf", pdf("A biwa."), PDF, caption="help with lutes wanted")
    assert (await library.answer(lucia, direct, event)).startswith("Shelve “biwa.pdf”")


CAPTIONS = {
    "@copp voilà, à ranger svp": "Shelve “ney.pdf”",
    "Voilà @copp, à ranger svp": "Shelve “ney.pdf”",
    "!voilà": "Shelve “ney.pdf”",
    "@copp libary add Ney": "I do not know that. Did you mean !library add?",
    "@copp library show L1": "There is no L1",
}


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(("caption", "answered"), CAPTIONS.items())
async def test_a_caption_that_is_no_command_is_offered_a_shelf(library: House, caption: str, answered: str) -> None:
    """Though it speaks to the bot; where nothing is offered it is answered like any message."""
    goran, mentions = library.people["goran"], {"user_ids": [library.bot]}
    for place, expected in (("library", answered), ("coffee-shop", "I do not know that." if "à" in caption else "")):
        room = library.rooms[place]
        content = posted_file("ney.pdf", "mxc://example.org/ney", 9, PDF, caption, None) | {"m.mentions": mentions}
        event = await goran.send(room, "m.room.message", content)
        assert (await library.answer(goran, room, event)).startswith(expected)


@pytest.mark.asyncio(loop_scope="module")
async def test_only_who_posted_it_decides(library: House) -> None:
    """Somebody else's reaction does nothing; the poster's makes the question the answer."""
    room, said = library.rooms["rhythm/home"], "rhythm/home"
    _file, question = await offered(library, "lucia", said, "The bodhran.")
    await library.people["joao"].react(room, question, "✅")
    await library.people["aino"].react(room, question, "❌")
    await library.people["lucia"].react(room, question, "🎉")
    assert (await library.said(library.people["joao"], said))[-1].startswith("Shelve “sheet.pdf” in the library?")
    assert "Nothing here" in await library.ask(library.people["joao"], "direct", "!library search bodhran")
    await library.people["lucia"].react(room, question, "✅")
    assert "The group “Rhythm and language” may read it" in (await library.said(library.people["joao"], said))[-1]
    await library.people["lucia"].react(room, question, "❌")
    assert "Shelved as" in (await library.said(library.people["joao"], said))[-1]


@pytest.mark.asyncio(loop_scope="module")
async def test_declined(library: House) -> None:
    """The question goes, nothing is shelved; in words as well."""
    goran, room = library.people["goran"], library.rooms["library"]
    before = await library.said(goran, "library")
    _file, question = await offered(library, "goran", "library", "The cimbalom.")
    await goran.react(room, question, "❌")
    assert await library.said(goran, "library") == before
    file, question = await offered(library, "goran", "library", "The cimbalom.")
    for about in (question, file):
        command = await goran.say(room, "!library dismiss", reply_to=about)
        answer = await library.answer(goran, room, command)
    assert answer.startswith("There is no open question of mine")
    assert "Nothing here" in await library.ask(goran, "direct", "!library search cimbalom")


@pytest.mark.asyncio(loop_scope="module")
async def test_own_words_take_the_place_of_the_question(library: House) -> None:
    """Answering the file or the question with a title; the question is then taken away."""
    goran, room = library.people["goran"], library.rooms["library"]
    for number, answered in enumerate((0, 1)):
        about = await offered(
            library, "goran", "library", f"The hurdy-gurdy and its wheel, in part {number} of what we have."
        )
        command = await goran.say(room, f"!library add Hurdy {number} #wheel", reply_to=about[answered])
        assert f"“Hurdy {number}” (PDF, 1 page, English)" in await library.answer(goran, room, command)
        raw = next(raw for raw in await goran.timeline(room) if raw["event_id"] == about[1])
        assert "body" not in raw["content"]
    assert "#wheel 2" in await library.ask(goran, "direct", "!library tags")


@pytest.mark.asyncio(loop_scope="module")
async def test_in_the_direct_chat_it_is_asked_for_whom(library: House) -> None:
    """A member of two groups chooses by reaction; one of none is not asked."""
    zofia, room = library.people["zofia"], await library.direct(library.people["zofia"])
    _file, question = await offered(library, "zofia", "direct", "The nyckelharpa.")
    asked = (await library.said(zofia, "direct"))[-1]
    assert "For whom?" in asked and "2️⃣ Family archives in the classroom" in asked
    await zofia.react(room, question, "2️⃣")
    number = number_in((await library.said(zofia, "direct"))[-1])
    assert number in await library.ask(library.people["ioana"], "direct", "!library search nyckelharpa")
    assert number not in await library.ask(library.people["lucia"], "direct", "!library search nyckelharpa")
    await offered(library, "goran", "direct", "The ney.")
    assert (await library.said(library.people["goran"], "direct"))[-1].startswith(
        "Shelve “sheet.pdf” in the library?\n✅"
    )


@pytest.mark.asyncio(loop_scope="module")
async def test_rooms_that_are_not_declared_for_it_are_left_in_peace(library: House) -> None:
    """No question under a file in the Coffee shop; a picture is no document."""
    goran, said = library.people["goran"], await library.said(library.people["goran"], "coffee-shop")
    await goran.post_file(library.rooms["coffee-shop"], "sheet.pdf", pdf("The oud."), PDF)
    before = await library.said(goran, "library")
    await goran.post_file(library.rooms["library"], "photo.png", b"\x89PNG\r\n\x1a\n", "image/png")
    await library.settled()
    assert await library.said(goran, "coffee-shop") == said and await library.said(goran, "library") == before


@pytest.fixture(params=["fake", pytest.param("synapse", marks=pytest.mark.synapse)])
def real(request: pytest.FixtureRequest) -> LocalHomeserver | None:
    """The real homeserver, or None for the fake."""
    return request.getfixturevalue("synapse") if request.param == "synapse" else None


@pytest.fixture
async def world(real: LocalHomeserver | None) -> AsyncIterator[World]:
    """A homeserver."""
    made: World = FakeWorld() if real is None else SynapseWorld(real)
    yield made
    await made.close()


async def test_a_number_opens_the_list_also_after_a_restart(world: World, tmp_path: Path, database_url: str) -> None:
    """By the one who asked, as a reply to the list."""
    async with peopled(world, tmp_path, database_url) as house:
        joao, room = house.people["joao"], house.rooms["rhythm/home"]
        for title in ("Alphorn one", "Alphorn two"):
            await shelve(house, "lucia", "rhythm/library", f"{title}.", title)
        question = await joao.say(room, "!library search alphorn")
        listed = await find_answer(house, joao, room, question)
        await house.settled()
    async with community(world, tmp_path, database_url=database_url) as house:
        second = listed["content"]["body"].splitlines()[2]
        choice = await joao.say(room, "2", reply_to=listed["event_id"])
        shown = await house.answer(joao, room, choice)
        assert number_in(second) in shown and "!library get" in shown
        choice = await joao.say(room, "7", reply_to=listed["event_id"])
        assert "numbers from 1 to 2" in await house.answer(joao, room, choice)


@pytest.mark.asyncio(loop_scope="module")
async def test_one_number_after_another_opens_results_of_the_same_list(library: House) -> None:
    """In the direct chat; what is shown of one result asks for no number itself."""
    lucia = library.people["lucia"]
    numbers = {await shelve(library, "lucia", "library", f"The spinet {n}.", f"Spinet {n}") for n in ("one", "two")}
    found = await library.ask(lucia, "direct", "!library search spinet")
    assert all(number in found for number in numbers)
    shown = [await library.ask(lucia, "direct", said) for said in ("1", "2", "1")]
    assert {number_in(text) for text in shown[:2]} == numbers and shown[2] == shown[0]
    assert all("Have it: !library get" in text for text in shown)
    assert "from 1 to 2" in await library.ask(lucia, "direct", "7")
