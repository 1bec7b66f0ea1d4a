"""Whatever is posted or typed: a sentence with the next step, nothing shelved, nothing left, the bot at work."""

import pytest

from tests.fakes.person import FakeWorld
from tests.features.library.library_house import (
    PDF,
    copies,
    find_answer,
    first_answer,
    number_in,
    post,
    shelve,
)
from tests.house import House
from tests.samples import pdf

pytestmark = pytest.mark.asyncio(loop_scope="module")
ROOM = "rhythm/library"
LIMIT = 50_000_000
FILES: list[tuple[str, str, bytes, str]] = [
    ("empty", "sheet.pdf", b"", "It is empty"),
    ("more bytes than said", "sheet.pdf", b"%PDF-" + bytes(LIMIT), "too large: I take up to 50 MB"),
    ("a program", "sheet.pdf", b"MZ" + bytes(1000), "name says PDF, but inside it is of another kind: program"),
    ("half a document", "sheet.pdf", pdf("Whole.")[:400], "damaged or incomplete"),
]


@pytest.mark.parametrize(("name", "data", "sentence"), [pytest.param(*file[1:], id=file[0]) for file in FILES])
async def test_files_that_cannot_be_taken(library: House, name: str, data: bytes, sentence: str) -> None:
    """Said where the file was posted, whatever its event claimed."""
    lucia, room, before = library.people["lucia"], library.rooms[ROOM], copies(library)
    mxc = await lucia.upload(data, PDF, name)
    event = await post(lucia, room, caption="!library add", size=10, url=mxc)
    answer = await library.answer(lucia, room, event)
    assert answer.startswith("That is not on the shelf.") and sentence in answer
    assert answer.endswith(".") and copies(library) == before


async def test_a_gigabyte_is_refused_before_a_byte_is_fetched(library: House) -> None:
    """By its declared size; without a command as well, and no shelf is offered."""
    assert isinstance(library.world, FakeWorld)
    lucia, room = library.people["lucia"], library.rooms[ROOM]
    calls = library.world.matrix.calls["download"]
    for caption in (None, "!library add"):
        answer = await library.answer(lucia, room, await post(lucia, room, caption=caption, size=10**9))
        assert "put it on the web and shelve its address" in answer and "✅" not in answer
    assert library.world.matrix.calls["download"] == calls


async def test_an_encrypted_attachment(library: House) -> None:
    """It cannot be opened, and the sentence says where it could."""
    lucia, room = library.people["lucia"], library.rooms[ROOM]
    keys = {"url": "mxc://example.org/secret", "key": {"k": "x"}, "iv": "y", "hashes": {}, "v": "v2"}
    event = await post(lucia, room, caption="!library add", size=10, file=keys)
    assert "That file is encrypted" in await library.answer(lucia, room, event)


@pytest.mark.parametrize("url", [None, "https://example.org/sheet.pdf", 7])
async def test_a_message_that_holds_no_file(library: House, url: object) -> None:
    """Nobody is told of encryption where there is none."""
    lucia, room = library.people["lucia"], library.rooms[ROOM]
    event = await post(lucia, room, caption="!library add", size=10, url=url)
    assert "does not say where its file is" in await library.answer(lucia, room, event)


async def test_an_empty_file_is_offered_no_shelf(library: House) -> None:
    lucia, room = library.people["lucia"], library.rooms[ROOM]
    answer = await library.answer(lucia, room, await post(lucia, room, caption=None, size=0))
    assert answer.startswith("That is not on the shelf. That file is empty")


async def test_a_file_that_is_not_there(library: House) -> None:
    """The address leads nowhere."""
    lucia, room = library.people["lucia"], library.rooms[ROOM]
    event = await post(lucia, room, caption="!library add", size=10, url="mxc://example.org/gone")
    assert "does not have that file any more. Post it again." in await library.answer(lucia, room, event)


TYPED = [
    ("!library add Bell\x07 http://127.0.0.1:9/bell", "invisible control character (code 7)"),
    ("!library add " + "word " * 12_000 + "http://127.0.0.1:9/long", "200 is the most"),
    ("!library add http://127.0.0.1:9/tags " + " ".join(f"#t{n}" for n in range(500)), "500 tags; 10 is the most"),
    (
        "!library add http://127.0.0.1:9/tag #" + "t" * 45,
        "cannot be a tag: those are letters, digits, - and _, at most 40",
    ),
    ("!library add http://127.0.0.1:9/language lang:klingon", "I do not know the language “klingon”"),
    (
        "!library add http://127.0.0.1:9/shelf for:archive",
        "I answer you in our direct chat: accept the invitation that comes from me.",
    ),
    ("!library add htp:/nowhere", "What shall I shelve?"),
    ("!library add javascript:alert(1)", "What shall I shelve?"),
    ("!library add file:///etc/passwd", "What shall I shelve?"),
    ("!library add https://name:word@127.0.0.1/", "without a password in it"),
    ("!library add https://127.0.0.1:9/" + "a" * 3000, "at most 2000 characters"),
    ("!library add", "What shall I shelve?"),
    ("!library add plan.pdf", "What shall I shelve?"),
    ("!library add www.songs.example Our songs", "type it like this: !library add https://www.songs.example"),
    ("!library add songs.example/page?a=1", "type it like this: !library add https://songs.example/page?a=1"),
    ("!library show B1001", "B1001 is of another kind. Did you mean !blog show B1001?"),
    ("!library get M1001", "M1001 is of another kind. Did you mean !meet show M1001?"),
    ("!library search " + "word " * 12_000, "Look for the few that tell most"),
    ("!library search " + "w" * 60_000, "Nothing here has"),
    ("!library search ???", "Say at least one word"),
    ('!library search ") OR 1=1 NEAR/0 * ^', "Nothing here has"),
    ("!library search", "Say at least one word or #tag to look for"),
    ("!library show", "Type it like this: !library show ID"),
    ("!library show B4821", "B4821 is of another kind. Did you mean !blog show B4821?"),
    ("!library show L" + "9" * 40, "is not such an id"),
    ("!library audience L1", "There is no L1"),
    ("!library audience L1 everyone", "Type it like this: !library audience ID [group|community|public]"),
    ("!library list one", "I do not know what “one” is for"),
    ("!library dismiss", "There is no open question of mine"),
]


@pytest.mark.parametrize(("typed", "sentence"), TYPED, ids=[text[:30] for text, _sentence in TYPED])
async def test_words_that_cannot_be_taken(library: House, typed: str, sentence: str) -> None:
    """Answered at once, in a few words."""
    answer = await first_answer(library, library.people["lucia"], ROOM, typed)
    assert sentence in answer and len(answer) < 400


async def test_a_message_without_a_file(library: House) -> None:
    """Answered like any other mistake, by editing the answer."""
    lucia, room = library.people["lucia"], library.rooms[ROOM]
    chat = await lucia.say(room, "What a day")
    command = await lucia.say(room, "!library add", reply_to=chat)
    assert "neither a file nor a link in that message" in await library.answer(lucia, room, command)
    command = await lucia.say(room, "!library add", reply_to="$nothing-of-that-id")
    assert "I cannot see that message any more" in await library.answer(lucia, room, command)


async def test_the_same_twice(library: House) -> None:
    """Named by the number it has: for those who may see it, and on the same shelf."""
    first = await shelve(library, "lucia", ROOM, "The celesta.", "Celesta")
    again = library.people["joao"]
    event = await again.post_file(library.rooms[ROOM], "other.pdf", pdf("The celesta."), PDF, caption="!library add")
    assert number_in(await library.answer(again, library.rooms[ROOM], event)) in (first,)
    number = await shelve(library, "goran", "library", "The celesta.", "Celesta for all")
    assert number != first
    answers = [await library.ask(again, ROOM, "!library add http://127.0.0.1:9/twice") for _ in range(2)]
    assert "Shelved as" in answers[0] and "on the shelf already" in answers[1]


async def test_who_is_no_member_shelves_nothing(library: House) -> None:
    """A newcomer at Reception and in the direct chat; an outsider."""
    for name in ("noor", "silvio"):
        answer = await first_answer(library, library.people[name], "direct", "!library add http://127.0.0.1:9/in")
        assert "members" in answer


async def test_in_rooms_of_roles_the_readers_have_to_be_said(library: House) -> None:
    """Nobody can tell whom a steward means there."""
    matteo = library.people["matteo"]
    answer = await first_answer(library, matteo, "stewards", "!library add http://127.0.0.1:9/roles")
    assert "say for:community" in answer
    answer = await library.ask(matteo, "stewards", "!library add http://127.0.0.1:9/roles for:community")
    assert "All members of the community may read it" in answer


async def test_at_reception_a_member_is_answered_privately(library: House) -> None:
    """Who only arrives may not read what members may."""
    goran, room = library.people["goran"], library.rooms["reception"]
    await goran.join(room)
    event = await goran.say(room, "!library add Arriving http://127.0.0.1:9/arriving")
    told = await find_answer(library, goran, room, event)
    assert told["content"]["body"] == "I answer you in our direct chat: accept the invitation that comes from me."
    assert "“Arriving”" in (await library.said(goran, "direct"))[-1]


async def test_a_file_in_the_direct_chat_that_nobody_takes_is_answered(library: House) -> None:
    """A picture, a voice message, and whatever somebody posts who may not shelve."""
    ana, lucia = await library.newcomer("ana"), library.people["lucia"]
    for person, name, kind, sentence in (
        (lucia, "wall.jpg", "image/jpeg", "I have no use for “wall.jpg” here: I read documents and text."),
        (lucia, "voice.ogg", "audio/ogg", "I have no use for “voice.ogg” here"),
        (ana, "plan.pdf", PDF, "That is for members. A steward will let you in soon"),
    ):
        room = await library.direct(person)
        event = await person.post_file(room, name, b"bytes", kind)
        assert (await library.answer(person, room, event)).startswith(sentence)
