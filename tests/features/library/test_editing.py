"""What is said of a resource and changed later: by whom, where it shows, and what leaves no trace."""

import pytest

from tests import office
from tests.features.library.library_house import PDF, dump, find_answer, first_answer, number_in, shelve
from tests.house import House
from tests.samples import pdf
from tests.world import posted_file, replacement

pytestmark = pytest.mark.asyncio(loop_scope="module")
ROOM = "rhythm/library"


async def test_its_author_edits_it(library: House) -> None:
    """What is not named stays; it is found by the new words and no more by the old."""
    lucia, joao = library.people["lucia"], library.people["joao"]
    number = await shelve(library, "lucia", ROOM, "The accordion.", "Bellows #squeeze lang:en")
    changed = await first_answer(library, lucia, ROOM, f"!library edit {number} Folk evenings licence:cc-by-sa-4.0")
    assert changed == f"{number} is now “Folk evenings” (PDF, 1 page, English, CC-BY-SA-4.0). #squeeze"
    changed = await first_answer(library, lucia, ROOM, f"!library edit {number} #dance #village lang:fr")
    assert changed == f"{number} is now “Folk evenings” (PDF, 1 page, French, CC-BY-SA-4.0). #dance #village"
    for asked, is_found in (
        ("search folk", True),
        ("search bellows", False),
        ("search accordion #dance", True),
        ("search accordion #squeeze", False),
        ("search accordion lang:fr licence:CC-BY-SA-4.0", True),
        ("search accordion licence:CC-BY-4.0", False),
        ("list licence:CC-BY-SA-4.0 lang:fr #village", True),
        ("list license:cc-by-sa-4.0", True),
        ("list licence:MIT", False),
        ("list licence:none", False),
    ):
        assert (number in await first_answer(library, joao, "direct", f"!library {asked}")) == is_found, asked
    assert "CC-BY-SA-4.0" in await first_answer(library, joao, ROOM, f"!library show {number}")
    changed = await first_answer(library, lucia, "direct", f"!library edit {number} licence:none")
    assert changed.startswith(f"{number} is now “Folk evenings” (PDF, 1 page, French).")


@pytest.mark.parametrize(
    ("said", "answered"),
    [
        ("", "What shall be changed?"),
        ("licence:cc-by", "Did you mean licence:CC-BY-4.0?"),
        ("Songs licence:CC BY-NC 4.0", "Did you mean licence:CC-BY-NC-4.0?"),
        ("licence:cc by sa", "Did you mean licence:CC-BY-SA-4.0?"),
        ("Songs by Anna licence:Creative Commons by-nc sa 3.0", "Did you mean licence:CC-BY-NC-SA-3.0?"),
        ("licence:mine", "I do not know the licence “mine”. Use its short name from spdx.org/licenses"),
        ("lang:klingon", "I do not know the language “klingon”"),
        ("x" * 300, "200 is the most"),
        ("http://127.0.0.1:9/other", "What {} leads to stays as it is."),
    ],
)
async def test_what_cannot_be_changed(library: House, said: str, answered: str) -> None:
    """A sentence with the next step, and nothing changes."""
    if "Concertina" not in await first_answer(library, library.people["lucia"], "direct", "!library list #reeds"):
        await shelve(library, "lucia", ROOM, "The concertina.", "Concertina #reeds")
    number = number_in(await first_answer(library, library.people["lucia"], "direct", "!library list #reeds"))
    answer = await first_answer(library, library.people["lucia"], "direct", f"!library edit {number} {said}")
    assert answered.format(number) in answer
    assert "Concertina" in await first_answer(library, library.people["joao"], "direct", f"!library show {number}")


async def test_a_steward_of_its_scope_edits_it_and_leaves_a_trace(library: House) -> None:
    """Other members are told who may; who may not see it learns nothing; the trail repeats no words."""
    number = await shelve(library, "lucia", ROOM, "The bombard.", "Zzbombard")
    joao, aino, goran = (library.people[name] for name in ("joao", "aino", "goran"))
    answer = await first_answer(library, joao, ROOM, f"!library edit {number} Mine now")
    assert answer == "Only the person who shared it, or a steward of its group or area, can edit it."
    for stranger in (goran, library.people["matteo"]):
        answer = await first_answer(library, stranger, "direct", f"!library edit {number} Mine now")
        assert answer == f"There is no {number}. Check the number."
    answer = await first_answer(library, aino, ROOM, f"!library edit {number} Zzshawms #breton")
    assert answer.startswith(f"{number} is now “Zzshawms”")
    left = dump(library).replace('"', "'")  # the databases give JSON back as text or as a dictionary
    assert "'library.edit'" in left and "'changed': 'title, tags'" in left
    await library.ask(aino, ROOM, f"!library withdraw {number}")
    assert "zzshawms" not in dump(library).replace(f"!library edit {number.lower()} zzshawms", "")


async def test_the_licence_is_taken_from_the_file_unless_it_is_said(library: House) -> None:
    """As it stands in a document's properties; ``none`` keeps it out."""
    lucia, room = library.people["lucia"], library.rooms[ROOM]
    for number, (said, licence) in enumerate(
        (("", "CC-BY-NC-4.0"), (" licence:cc0-1.0", "CC0-1.0"), (" licence:none", None))
    ):
        data = office.document("odt", f"The rebab, part {number}.", licence="CC BY-NC 4.0")
        event = await lucia.post_file(room, f"rebab{number}.odt", data, "", caption=f"!library add{said}")
        answer = await library.answer(lucia, room, event)
        assert f"“rebab{number}” (OpenDocument text, 3 pages{', ' + licence if licence else ''})." in answer


async def test_an_edited_caption_changes_what_a_reaction_has_shelved(library: House) -> None:
    """The file was posted without a command."""
    lucia, room = library.people["lucia"], library.rooms[ROOM]
    event = await lucia.post_file(room, "slides.pptx", office.document("pptx", "The zither.", "Its strings."), "")
    question = await find_answer(library, lucia, room, event)
    await library.settled()
    await lucia.react(room, question["event_id"], "✅")
    shelved = (await library.said(lucia, ROOM))[-1]
    assert "“slides” (PowerPoint presentation, 2 slides" in shelved
    await lucia.edit(room, event, "!library add Zither days #strings licence:CC-BY-4.0 lang:en")
    await library.settled()
    assert f"I have changed {number_in(shelved)} as you wrote" in (await library.said(lucia, ROOM))[-1]
    shown = await first_answer(library, library.people["joao"], "direct", f"!library show {number_in(shelved)}")
    assert "Zither days" in shown and "2 slides · English · CC-BY-4.0" in shown and "#strings" in shown


async def test_another_address_is_not_taken_by_an_edit(library: House) -> None:
    """The answer says what to do, and the link stays."""
    lucia, room = library.people["lucia"], library.rooms[ROOM]
    command = await lucia.say(room, "!library add Lute http://127.0.0.1:9/lute")
    number = number_in(await library.answer(lucia, room, command))
    await lucia.edit(room, command, "!library add Lute http://127.0.0.1:9/oud")
    await library.settled()
    assert f"What {number} leads to stays as it is" in (await library.said(lucia, ROOM))[-1]
    await lucia.edit(room, command, "!library add Lute songs http://127.0.0.1:9/lute")
    await library.settled()
    assert f"I have changed {number} as you wrote" in (await library.said(lucia, ROOM))[-1]


async def test_a_refused_caption_says_how_to_go_on(library: House) -> None:
    """It is not run again when it is edited; the file can be answered."""
    lucia, room = library.people["lucia"], library.rooms[ROOM]
    data = pdf("The erhu.")
    event = await lucia.post_file(room, "erhu.pdf", data, PDF, caption="!library add licence:cc")
    assert "Did you mean licence:CC-BY-4.0?" in await library.answer(lucia, room, event)
    new = posted_file("erhu.pdf", "mxc://example.org/nothing", len(data), PDF, "!library add licence:cc-by-4.0", None)
    await lucia.send(room, "m.room.message", {**replacement(event, "* new"), "m.new_content": new})
    await library.settled()
    said = (await library.said(lucia, ROOM))[-1]
    assert said == "An edited caption is not acted on again. Answer the file with the command."
    command = await lucia.say(room, "!library add licence:cc-by-4.0", reply_to=event)
    assert "(PDF, 1 page, CC-BY-4.0)" in await library.answer(lucia, room, command)
