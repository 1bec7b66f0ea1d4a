"""What is taken back leaves nothing: no message, no row with its words, also none of its comments."""

import pytest

from copp_bot.rooms.apply import Surroundings, apply
from copp_bot.rooms.declaration import load
from tests.features.blogs.blog_house import HOME, comment, publication
from tests.features.library.library_house import dump, number_in, still_said
from tests.house import ROOMS_CONFIG, House

pytestmark = pytest.mark.asyncio(loop_scope="module")
READERS, PLACES = ("lucia", "joao", "aino"), (HOME, "direct")
LONG = "\nAnother line.\nAnother.\nAnd one more.\nAnd the last."


@pytest.mark.parametrize("way", ["withdrawn", "by a steward", "command redacted", "message redacted"])
async def test_nothing_is_left(blogs: House, way: str) -> None:
    """Drafted, previewed, published, followed, commented on, edited, found, shown; then taken back."""
    secret = f"zz{way.replace(' ', '')}"
    lucia, joao, aino = (blogs.people[name] for name in READERS)
    direct = await blogs.direct(lucia)
    await blogs.ask(joao, "direct", "!blog follow @lucia")
    command = await lucia.say(direct, f"!blog new {secret}title #{secret}tag\nThe {secret}ink.{LONG}")
    number = number_in(await blogs.answer(lucia, direct, command))
    await blogs.ask(lucia, "direct", f"!blog preview {number}")
    await blogs.ask(lucia, "direct", f"!blog publish {number} group group:rhythm")
    root = await publication(blogs, "joao", HOME, f"{secret}title")
    await comment(blogs, "joao", HOME, root, f"A {secret}remark.")
    await lucia.edit(direct, command, f"!blog new {secret}title #{secret}tag\nThe {secret}ink dries.{LONG}")
    for place, asked in (
        (HOME, f"search {secret}ink"),
        ("direct", f"search {secret}ink"),
        ("direct", f"show {number}"),
        (HOME, f"show {number}"),
        (HOME, f"history {number}"),
        ("direct", "list"),
        (HOME, "list"),
    ):
        await blogs.ask(joao, place, f"!blog {asked}")
    await blogs.ask(lucia, "direct", f"!blog edit {number}")
    assert secret in await still_said(blogs, READERS, PLACES) and f"{secret}remark" in dump(blogs)
    if way == "withdrawn":
        await blogs.ask(lucia, "direct", f"!blog withdraw {number}")
    elif way == "by a steward":
        await blogs.ask(aino, HOME, f"!blog withdraw {number}")
    elif way == "command redacted":
        await lucia.redact(direct, command)
    else:
        await apply(load(ROOMS_CONFIG), Surroundings(blogs.homeserver, blogs.database, blogs.app.clock))
        await aino.redact(blogs.rooms[HOME], root)
    await blogs.settled()
    assert secret not in (await still_said(blogs, READERS, PLACES)).replace(f"“{secret}ink”", "")
    assert secret not in dump(blogs)
    assert "There is no" in await blogs.ask(joao, "direct", f"!blog show {number}")
    trail = "blog.withdraw" in dump(blogs)
    assert trail or way in ("withdrawn", "command redacted")
    for follower in (joao,):
        await blogs.ask(follower, "direct", "!blog unfollow @lucia")


async def test_a_redacted_comment_is_shown_no_more(blogs: House) -> None:
    """The bot's answers that repeated it go with it, and the post stays."""
    lucia, joao = blogs.people["lucia"], blogs.people["joao"]
    direct = await blogs.direct(lucia)
    command = await lucia.say(direct, "!blog new Kantele\nFive strings.")
    number = number_in(await blogs.answer(lucia, direct, command))
    await blogs.ask(lucia, "direct", f"!blog publish {number} group group:rhythm")
    root = await publication(blogs, "joao", HOME, "Kantele")
    event = await comment(blogs, "joao", HOME, root, "Zzregretted.")
    assert "Zzregretted" in await blogs.ask(lucia, HOME, f"!blog show {number}")
    await joao.redact(blogs.rooms[HOME], event)
    await blogs.settled()
    assert "zzregretted" not in await still_said(blogs, READERS, PLACES)
    assert "zzregretted" not in dump(blogs)
    assert "No comments yet" in await blogs.ask(lucia, HOME, f"!blog show {number}")


async def test_the_text_a_draft_was_made_of_takes_it_back(blogs: House) -> None:
    """A message or a file that was answered."""
    lucia, room = blogs.people["lucia"], blogs.rooms[HOME]
    text = await lucia.say(room, "Zzpondered for a while.\nAnd more.")
    file = await lucia.post_file(room, "zzfiled.md", b"# Zzfiled\n\nIn a file.", "text/markdown")
    for source in (text, file):
        await lucia.say(room, "!blog new", reply_to=source)
        await blogs.settled()
        assert "Your draft" in (await blogs.said(lucia, "direct"))[-1]
    assert "zzpondered" in dump(blogs) and "zzfiled" in dump(blogs)
    for source in (text, file):
        await lucia.redact(room, source)
    await blogs.settled()
    assert "zzpondered" not in dump(blogs) and "zzfiled" not in dump(blogs)
    assert "zzpondered" not in await still_said(blogs, ("lucia",), PLACES)
