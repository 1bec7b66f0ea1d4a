"""What someone writes for themselves: read by nobody else, changed and gone with its message."""

import pytest

from tests.features.blogs.blog_house import HOME, messages
from tests.features.library.library_house import dump, number_in, still_said
from tests.house import House

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_nobody_else_finds_it(blogs: House) -> None:
    """Nor the steward, nor the Secretariat, nor its own author in a room, by any search or list."""
    lucia = blogs.people["lucia"]
    await blogs.ask(lucia, "direct", "!me journal Zzlonging for holidays.")
    for name, place in (("lucia", HOME), ("joao", "direct"), ("aino", "direct"), ("matteo", "direct")):
        for asked in ("!library search zzlonging", "!blog search zzlonging", f"!who {lucia.user_id}", "!blog list"):
            answer = await blogs.ask(blogs.people[name], place, asked)
            assert "holidays" not in answer and "J1" not in answer
    assert await blogs.ask(lucia, HOME, "!me journal") == "I have answered you in our direct chat."
    assert "Zzlonging for holidays" in (await blogs.said(lucia, "direct"))[-1]
    assert "holidays" not in await still_said(blogs, ("joao", "aino", "matteo"), ("direct",))


@pytest.mark.parametrize("way", ["redacted", "withdrawn by reaction"])
async def test_it_goes_with_its_message(blogs: House, way: str) -> None:
    """An edit changes it; a redaction takes it out, and the draft that was made of it."""
    lucia, secret = blogs.people["lucia"], f"zz{way.split(' ', maxsplit=1)[0]}"
    direct = await blogs.direct(lucia)
    event = await lucia.say(direct, f"!me journal {secret}one is here.")
    await blogs.answer(lucia, direct, event)
    await lucia.edit(direct, event, f"!me journal {secret}two is here.")
    await blogs.settled()
    assert f"{secret}one" not in dump(blogs) and f"{secret}two" in await blogs.ask(lucia, "direct", "!me journal")
    if way == "redacted":
        number = (await blogs.ask(lucia, "direct", "!me journal")).partition("(")[2].partition(")")[0]
        draft = number_in(await blogs.ask(lucia, "direct", f"!blog new from:{number} #mine"))
        assert f"{secret}two" in await blogs.ask(lucia, "direct", f"!blog preview {draft}")
        await lucia.redact(direct, event)
    else:
        await blogs.ask(lucia, "direct", "1")
        shown = await messages(blogs, lucia, "direct", f"{secret}two is here")
        await lucia.react(direct, shown[-1]["event_id"], "🗑️")
    await blogs.settled()
    assert secret not in await still_said(blogs, ("lucia",), ("direct",))
    assert f"{secret}two" not in dump(blogs)


@pytest.mark.parametrize(
    ("said", "answered"),
    [
        (f"!me journal {'x' * 13_000}", "13000 characters, and 12000 is the most"),
        ("!me journal page:99", "Nothing more in your journal"),
        ("!me journal page:x", "Pages have numbers"),
        ("!journal show J999999999", "There is no J999999999"),
        ("!journal withdraw J999999999", "There is no J999999999"),
        ("!blog new from:B12", "There is no J0"),
        ("!journal show L12", "L12 is of another kind. Did you mean !library show L12?"),
    ],
)
async def test_bad_input(blogs: House, said: str, answered: str) -> None:
    """A sentence, and nothing is kept."""
    assert answered in await blogs.ask(blogs.people["lucia"], "direct", said)


async def test_there_may_be_many(blogs: House) -> None:
    """Ten on a page."""
    joao = blogs.people["joao"]
    for number in range(12):
        await joao.say(await blogs.direct(joao), f"!me journal Entry <b>{number}</b> of many")
    assert "11. " not in await blogs.ask(joao, "direct", "!me journal")
    second = await blogs.ask(joao, "direct", "!me journal page:2")
    assert "Entry <b>1</b> of many" in second and "Entry <b>9</b> of many" not in second
