"""Whatever is typed, posted or reacted: a sentence with the next step, and nothing lost."""

import pytest

from tests.features.blogs.blog_house import HOME, draft, messages, post
from tests.features.library.library_house import number_in
from tests.house import House

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize(
    ("said", "answered"),
    [
        ("!blog new", "A post needs a text"),
        ("!blog new Title alone", "A post needs a text"),
        ("!blog new Title\n \n\t\n", "A post needs a text"),
        (f"!blog new {'x' * 300}\nText", "200 is the most"),
        (f"!blog new Long\n{'word ' * 3000}", "too long for a post: 14999 characters, and about 12000 is the most"),
        (f"!blog new Wide\n{'& ' * 5900}", "too long for a post"),
        ("!blog new Title lang:klingon\nText", "I do not know the language “klingon”"),
        ("!blog new Title " + " ".join(f"#t{n}" for n in range(500)) + "\nText", "Those are 500 tags; 10 is the most"),
        ("!blog new Title\nText \x07", "invisible control character"),
        ("!blog show B", "is not such an id"),
        ("!blog show L12", "L12 is of another kind. Did you mean !library show L12?"),
        ("!blog show B999999999", "There is no B999999999"),
        ("!blog publish B999999999", "There is no B999999999"),
        ("!blog search ???", "Say at least one word or #tag to look for, for example: !blog search rhythm"),
        ("!blog list page:0", "Pages have numbers from 1 on"),
        ("!blog follow someone", "I do not know what “someone” is for"),
    ],
)
async def test_typed(blogs: House, said: str, answered: str) -> None:
    """In the direct chat."""
    assert answered in await blogs.ask(blogs.people["lucia"], "direct", said)


@pytest.mark.parametrize(
    ("name", "data", "answered"),
    [
        ("empty.md", b"", "A post needs a text"),
        ("large.md", b"x" * 100_000, "too long for a post: 100000 characters"),
        ("huge.md", b"x" * 300_000, "too large for a post"),
        ("latin.md", "été".encode("latin-1"), "That is no plain text"),
        ("program.md", b"MZ\0\0" + bytes(100), "That is no plain text"),
        ("sheet.pdf", b"%PDF-1.4", "I make drafts of text files: .md or .txt"),
        ("unknown", b"text", "I make drafts of text files: .md or .txt"),
    ],
)
async def test_files(blogs: House, name: str, data: bytes, answered: str) -> None:
    """Said in the answer that was being edited; no draft, and no copy."""
    lucia = blogs.people["lucia"]
    event = await lucia.post_file(await blogs.direct(lucia), name, data, "text/markdown", caption="!blog new")
    answer = await blogs.answer(lucia, await blogs.direct(lucia), event)
    assert answer.startswith("There is no draft.") and answered in answer


async def test_a_text_of_someone_else_is_not_mine(blogs: House) -> None:
    """Nor one that is gone."""
    lucia, joao, room = blogs.people["lucia"], blogs.people["joao"], blogs.rooms[HOME]
    theirs = await joao.say(room, "Words of mine.")
    await lucia.say(room, "!blog new", reply_to=theirs)
    assert "only of what you wrote" in (await blogs.said(lucia, "direct"))[-1]
    mine = await lucia.say(room, "Words of mine.")
    await lucia.redact(room, mine)
    await lucia.say(room, "!blog new", reply_to=mine)
    assert "I cannot see that message any more" in (await blogs.said(lucia, "direct"))[-1]


async def test_a_file_that_is_answered_becomes_a_draft(blogs: House) -> None:
    """With a title and tags of one's own, or its own heading; line ends and mark of Windows are taken."""
    lucia, room = blogs.people["lucia"], blogs.rooms[HOME]
    file = await lucia.post_file(room, "psalm.md", b"\xef\xbb\xbf# Psalmody\r\n\r\nSing **slowly**.", "text/markdown")
    await lucia.say(room, "!blog new #voice", reply_to=file)
    said = (await blogs.said(lucia, "direct"))[-1]
    assert "“Psalmody”. #voice" in said
    preview = await blogs.ask(lucia, "direct", f"!blog preview {number_in(said)}")
    assert "Sing **slowly**." in preview and "Psalmody\nby lucia #voice" in preview


async def test_reactions_by_someone_else_twice_and_late(blogs: House) -> None:
    """The question is its author's, one post comes of it, and a withdrawn draft is not there any more."""
    lucia = blogs.people["lucia"]
    number = await draft(blogs, "lucia", "Zzoud", "Plucked.")
    (raw,) = await messages(blogs, lucia, "direct", f"Your draft {number}")
    room = await blogs.direct(lucia)
    await blogs.homeserver.invite(room, blogs.people["joao"].user_id)  # type: ignore[arg-type]
    await blogs.people["joao"].join(room)
    await blogs.people["joao"].react(room, raw["event_id"], "📰")
    await blogs.settled()
    assert not await messages(blogs, lucia, HOME, "Zzoud")
    await blogs.people["joao"].leave(room)
    await lucia.react(room, raw["event_id"], "📰")
    await blogs.settled()
    await lucia.say(room, "2")
    await lucia.say(room, "publish", reply_to=raw["event_id"])
    assert "is published already" in (await blogs.said(lucia, "direct"))[-1]
    assert len(await messages(blogs, lucia, HOME, "Zzoud")) == 1
    await blogs.ask(lucia, "direct", f"!blog withdraw {number}")
    await lucia.react(room, raw["event_id"], "👀")
    await blogs.settled()
    assert not await messages(blogs, lucia, "direct", "Zzoud")


async def test_for_whom_is_asked_where_it_is_not_clear(blogs: House) -> None:
    """In the direct chat of someone in two groups; another's group is not offered nor taken; rooms of roles say it."""
    zofia, goran = blogs.people["zofia"], blogs.people["goran"]
    number = await draft(blogs, "zofia", "Zzkora", "Plucked.")
    assert "Who may read “Zzkora”?" in await blogs.ask(zofia, "direct", f"!blog publish {number}")
    assert "Who may read “Zzkora”?" in await blogs.ask(zofia, "direct", f"!blog publish {number} group")
    assert "You are in no such group" in await blogs.ask(zofia, "direct", f"!blog publish {number} group:nowhere")
    await blogs.ask(zofia, "direct", f"!blog publish {number} group:archive")
    assert any("Zzkora" in text for text in await blogs.said(blogs.people["ioana"], "archive/home"))
    number = await draft(blogs, "goran", "Zzbiwa", "Plucked.")
    assert "You are in no such group" in await blogs.ask(goran, "direct", f"!blog publish {number} group group:rhythm")
    assert "All members" in await blogs.ask(goran, "direct", f"!blog publish {number}")


async def test_a_newcomer_reads_what_is_public_and_writes_nothing(blogs: House) -> None:
    """And an outsider is told how to come in."""
    noor, silvio = blogs.people["noor"], blogs.people["silvio"]
    public = await post(blogs, "lucia", "Zzopen", "For all.", "public yes")
    inner = await post(blogs, "lucia", "Zzinner", "For members.", "community")
    listed = await blogs.ask(noor, "direct", "!blog list")
    assert public in listed and inner not in listed
    assert "That is for members" in await blogs.ask(noor, "direct", "!blog new T\nText")
    assert "That is for members" in await blogs.ask(silvio, "direct", "!blog list")
