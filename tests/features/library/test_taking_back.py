"""What is taken back leaves nothing: no answer, no row with its words, no file."""

from collections import Counter

import pytest

from copp_bot.core.ids import EventId, RoomId
from tests.features.library.library_house import (
    PDF,
    copies,
    dump,
    find_answer,
    first_answer,
    number_in,
    shelve,
    still_said,
)
from tests.house import House
from tests.samples import pdf
from tests.world import Refused, posted_file, replacement

pytestmark = pytest.mark.asyncio(loop_scope="module")
READERS = ("lucia", "joao", "aino")
PLACES = ("rhythm/library", "rhythm/home", "direct")


async def post_in_library(house: House, name: str, text: str) -> str:
    """Post a PDF without a caption in the group's library room; the event id of the bot's offer can be waited for."""
    person, room = house.people[name], house.rooms["rhythm/library"]
    event = await person.post_file(room, "sheet.pdf", pdf(text), PDF)
    await find_answer(house, person, room, event)
    return event


@pytest.mark.parametrize("way", ["withdrawn", "by a steward", "file redacted", "command redacted"])
async def test_nothing_is_left(library: House, way: str) -> None:
    """Shelved in words, found, shown, fetched, listed, suggested; then taken back."""
    secret = f"zz{way.replace(' ', '')}"
    lucia, joao, room = library.people["lucia"], library.people["joao"], library.rooms["rhythm/library"]
    before = copies(library)
    file = await post_in_library(library, "joao", f"A steady tambourin beneath the {secret}ink.")
    command = await lucia.say(room, f"!library add {secret}title #{secret}tag", reply_to=file)
    number = number_in(await library.answer(lucia, room, command))
    for place, asked in (
        ("rhythm/home", "search tambourin"),
        ("direct", "search tambourin"),
        ("direct", f"show {number}"),
        ("rhythm/home", f"get {number}"),
        ("rhythm/library", "list"),
        ("rhythm/library", "tags"),
    ):
        await library.ask(joao, place, f"!library {asked}")
    assert secret in await still_said(library, READERS, PLACES) and secret in dump(library)
    assert len(copies(library)) == len(before) + 1
    if way == "withdrawn":
        await library.ask(lucia, "direct", f"!library withdraw {number}")
    elif way == "by a steward":
        await library.ask(library.people["aino"], "rhythm/home", f"!library withdraw {number}")
    else:
        await (joao.redact(room, file) if way == "file redacted" else lucia.redact(room, command))
    await library.settled()
    left = await still_said(library, READERS, ("rhythm/library", "rhythm/home", "direct"))
    assert f"{secret}title" not in left and f"{secret}ink" not in left and "sheet.pdf (" not in left
    assert secret not in dump(library)
    assert copies(library) == before
    assert number not in await library.ask(joao, "direct", "!library search tambourin")
    assert number not in await library.ask(joao, "rhythm/library", "!library list")
    assert secret not in await library.ask(joao, "rhythm/library", "!library tags")
    assert "There is no" in await library.ask(joao, "direct", f"!library show {number}")


async def test_nothing_is_left_of_a_link(library: House) -> None:
    lucia, room = library.people["lucia"], library.rooms["rhythm/library"]
    asked = await lucia.say(room, "!library add https://zzshawm.example/zzreed Shawms")
    number = number_in(await library.answer(lucia, room, asked))
    assert "zzshawm" in dump(library)
    await lucia.redact(room, asked)
    await library.settled()
    assert "zzshawm" not in dump(library)
    asked = await lucia.say(room, "!library add https://zzshawm.example/zzreed Shawms")
    number = number_in(await library.answer(lucia, room, asked))
    await library.ask(lucia, "direct", f"!library withdraw {number}")
    await library.settled()
    assert "zzshawm" not in dump(library)


async def test_the_homeservers_copy_goes_with_the_message_alone(library: House) -> None:
    """Who takes a thing off the shelf leaves what others still read; who redacts the message takes its file along."""
    lucia, room = library.people["lucia"], library.rooms["rhythm/library"]
    file = await post_in_library(library, "lucia", "The gittern.")
    mxc = (await library.homeserver.event(RoomId(room), EventId(file)))["content"]["url"]
    command = await lucia.say(room, "!library add Gittern", reply_to=file)
    number = number_in(await library.answer(lucia, room, command))
    await library.ask(lucia, "direct", f"!library withdraw {number}")
    await library.settled()
    assert await lucia.download(mxc)
    command = await lucia.say(room, "!library add Gittern again", reply_to=file)
    number_in(await library.answer(lucia, room, command))
    await lucia.redact(room, file)
    await library.settled()
    with pytest.raises(Refused):
        await lucia.download(mxc)


async def test_a_foreign_address_gives_no_right_over_the_file(library: House) -> None:
    """Somebody shelves an address that another person's message shows, and redacts it."""
    lucia, goran, room = library.people["lucia"], library.people["goran"], library.rooms["rhythm/library"]
    mxc = await goran.upload(pdf("The crumhorn."), PDF, "theirs.pdf")
    forwarded = posted_file("theirs.pdf", mxc, 900, PDF, "!library add Forwarded", None)
    event = await lucia.send(room, "m.room.message", forwarded)
    number_in(await library.answer(lucia, room, event))
    await lucia.redact(room, event)
    await library.settled()
    assert await goran.download(mxc)


async def test_the_posted_file_of_get_is_taken_back_too(library: House) -> None:
    """It is a message of the bot's like any other."""
    number = await shelve(library, "lucia", "rhythm/library", "The psaltery.", "Plucked", "psaltery.pdf")
    await library.ask(library.people["joao"], "rhythm/home", f"!library get {number}")
    assert "psaltery.pdf" in await still_said(library, ("joao",), ("rhythm/home",))
    await library.ask(library.people["lucia"], "direct", f"!library withdraw {number}")
    assert "psaltery.pdf" not in await still_said(library, ("joao",), ("rhythm/home",))


async def test_redacted_while_it_is_read(library: House) -> None:
    """The answer goes, nothing is shelved, and the copy that was being read is deleted."""
    lucia, room, before = library.people["lucia"], library.rooms["rhythm/library"], copies(library)
    data = pdf("The krummhorn. " * 20_000)
    event = await lucia.post_file(room, "long.pdf", data, PDF, caption="!library add Krummhorn")
    await find_answer(library, lucia, room, event)
    await lucia.redact(room, event)
    await library.settled()
    assert copies(library) == before
    assert "krummhorn" not in dump(library)
    assert "krummhorn" not in await still_said(library, READERS, PLACES)


async def test_a_file_that_could_not_be_read_leaves_no_name(library: House) -> None:
    """The refusal does not repeat what it was called."""
    lucia, joao, room = library.people["lucia"], library.people["joao"], library.rooms["rhythm/library"]
    file = await joao.post_file(room, "sackbut.pdf", b"MZ" + bytes(500), PDF)
    await find_answer(library, joao, room, file)
    command = await lucia.say(room, "!library add", reply_to=file)
    assert "not on the shelf" in await library.answer(lucia, room, command)
    await joao.redact(room, file)
    await library.settled()
    assert "sackbut" not in await still_said(library, READERS, PLACES)
    assert "sackbut" not in dump(library)


async def test_two_uses_of_one_upload(library: House) -> None:
    """Our copy stays while one of them is on a shelf."""
    before = copies(library)
    file = await post_in_library(library, "lucia", "The rebec.")
    room, lucia = library.rooms["rhythm/library"], library.people["lucia"]
    numbers = []
    for target in ("", " for:community"):
        command = await lucia.say(room, f"!library add Rebec{target}", reply_to=file)
        numbers.append(number_in(await library.answer(lucia, room, command)))
    assert numbers[0] != numbers[1] and len(copies(library)) == len(before) + 1
    await library.ask(lucia, "direct", f"!library withdraw {numbers[0]}")
    assert len(copies(library)) == len(before) + 1
    await library.ask(lucia, "direct", f"!library withdraw {numbers[1]}")
    assert copies(library) == before


async def test_a_link_goes_with_the_message_that_had_it(library: House) -> None:
    """Somebody else had shelved it."""
    goran, ioana, room = library.people["goran"], library.people["ioana"], library.rooms["library"]
    message = await goran.say(room, "Look at http://127.0.0.1:9/shawm today")
    command = await ioana.say(room, "!library add The shawm", reply_to=message)
    number = number_in(await library.answer(ioana, room, command))
    assert "http://127.0.0.1:9/shawm" in await library.ask(goran, "direct", f"!library get {number}")
    await goran.redact(room, message)
    await library.settled()
    assert "There is no" in await library.ask(ioana, "direct", f"!library get {number}")
    assert "shawm" not in dump(library)


async def test_a_choice_by_number_goes_with_its_command(library: House) -> None:
    """In the direct chat, where the bot had to ask for whom."""
    zofia = library.people["zofia"]
    room = await library.direct(zofia)
    file = await zofia.post_file(room, "sheet.pdf", pdf("The dulcian."), PDF)
    await find_answer(library, zofia, room, file)
    command = await zofia.say(room, "library add Dulcian days", reply_to=file)
    question = await find_answer(library, zofia, room, command)
    choice = await zofia.say(room, "3", reply_to=question["event_id"])
    shelved = await library.answer(zofia, room, choice)
    assert "Rhythm and language" in shelved
    number = number_in(shelved)
    assert number in await library.ask(library.people["joao"], "direct", "!library search dulcian")
    await zofia.redact(room, command)
    await library.settled()
    assert number not in await library.ask(library.people["joao"], "direct", "!library search dulcian")
    assert "dulcian" not in dump(library)


async def test_change_of_audience_takes_back_what_the_former_readers_were_shown(library: House) -> None:
    """But not the answer that says so."""
    goran, lucia = library.people["goran"], library.people["lucia"]
    number = await shelve(library, "lucia", "library", "The viola.", "Gamba")
    await library.ask(goran, "coffee-shop", "!library search viola")
    await library.ask(goran, "direct", f"!library show {number}")
    answer = await library.ask(lucia, "direct", f"!library audience {number} group")
    assert answer == f"The group “Rhythm and language” may read {number} “Gamba” from now on."
    assert "gamba" not in await still_said(library, ("goran",), ("coffee-shop", "library", "direct"))
    assert "There is no" in await library.ask(goran, "direct", f"!library show {number}")
    assert "gamba" in await still_said(library, ("lucia",), ("direct",))
    assert number in await library.ask(library.people["joao"], "direct", "!library search viola")


async def test_said_privately_where_it_may_not_be_read_any_more(library: House) -> None:
    """The answer, and the question which group: it names one's groups."""
    zofia, room = library.people["zofia"], library.rooms["coffee-shop"]
    number = await shelve(library, "zofia", "library", "The serpent.", "Ophicleide")
    asked = await zofia.say(room, f"!library audience {number} group")
    await library.settled()
    assert "I have answered you in our direct chat." in str((await find_answer(library, zofia, room, asked))["content"])
    assert "Which group shall read" in (await library.said(zofia, "direct"))[-1]
    await zofia.say(room, f"!library audience {number} group:archive")
    await library.settled()
    assert "from now on" in (await library.said(zofia, "direct"))[-1]
    assert "ophicleide" not in await still_said(library, ("zofia",), ("coffee-shop",))


async def test_an_edited_command_changes_words(library: House) -> None:
    """Title, tags, language and licence; by its author alone, and in a caption as well."""
    lucia, joao, room = library.people["lucia"], library.people["joao"], library.rooms["rhythm/library"]
    event = await lucia.post_file(room, "sheet.pdf", pdf("The lur."), PDF, caption="!library add Lyre days #lurold")
    number = number_in(await library.answer(lucia, room, event))
    await joao.edit(room, event, "!library add Stolen")
    await library.settled()
    assert "Lyre days" in await first_answer(library, joao, "direct", f"!library show {number}")
    words = "!library add Lur nights #lurnew lang:fr licence:cc-by-4.0"
    new = posted_file("sheet.pdf", "mxc://example.org/nothing", 1, PDF, words, None)
    await lucia.send(room, "m.room.message", {**replacement(event, "* new"), "m.new_content": new})
    await library.settled()
    assert f"I have changed {number} as you wrote" in (await library.said(lucia, "rhythm/library"))[-1]
    shown = await first_answer(library, joao, "direct", f"!library show {number}")
    assert "Lur nights" in shown and "#lurnew" in shown and "French · CC-BY-4.0" in shown and "lurold" not in shown
    assert number in await first_answer(library, joao, "direct", "!library search lur nights lang:fr")
    assert number not in await first_answer(library, joao, "direct", "!library search lyre")
    await lucia.edit(room, event, "!library add " + "x" * 300)
    await library.settled()
    assert "200 is the most" in (await library.said(lucia, "rhythm/library"))[-1]


async def test_nothing_is_taken_back_twice(library: House) -> None:
    """For more readers nothing is; for fewer what they saw is, and once is enough."""
    lucia = library.people["lucia"]
    number = await shelve(library, "lucia", "rhythm/library", "The shawm is loud.", "Shawm")
    for place in ("rhythm/home", "rhythm/library"):
        await library.ask(lucia, place, f"!library show {number}")
    await library.ask(lucia, "direct", f"!library audience {number} community")
    assert "Shawm" in (await library.said(lucia, "rhythm/home"))[-1]
    await library.ask(lucia, "direct", f"!library audience {number} group")
    await library.ask(lucia, "direct", f"!library withdraw {number}")
    redacted: Counter[str] = Counter()
    for place in ("rhythm/home", "rhythm/library", "direct"):
        timeline = await lucia.timeline(await library.room(lucia, place))
        redacted.update(
            raw["content"]["redacts"]
            for raw in timeline
            if raw["type"] == "m.room.redaction" and raw["sender"] == library.bot
        )
    assert redacted and max(redacted.values()) == 1
    assert number.lower() not in await still_said(library, ["lucia"], ["rhythm/home"])
