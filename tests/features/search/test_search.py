"""One search over all kinds, narrowed down, page by page."""

import pytest

from tests.features.blogs.blog_house import draft, post
from tests.features.library.library_house import shelve
from tests.house import House

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_filters_take_away(blogs: House) -> None:
    """Kind, tag, language, author, group, day: each alone and together."""
    joao = blogs.people["joao"]
    shelved = await shelve(blogs, "lucia", "rhythm/library", "The zzcrumhorn buzzes.", "Crumhorn #reed lang:en")
    written = await post(blogs, "joao", "Crumhorn days #reed lang:fr", "The zzcrumhorn again.")
    shared = await post(blogs, "zofia", "Crumhorn for all", "The zzcrumhorn once more.", "community")
    for asked, found in (
        ("", {shelved, written, shared}),
        ("in:blog", {written, shared}),
        ("in:library", {shelved}),
        ("#reed", {shelved, written}),
        ("lang:fr", {written}),
        ("by:@zofia", {shared}),
        ("by:Zofia", {shared}),
        ("lang:français", {written}),
        ("since:1.1.2020 in:library", {shelved}),
        (f"by:{joao.user_id} in:blog #reed", {written}),
        ("group:rhythm", {shelved, written}),
        ("group:archive", set()),
        ("since:2020-01-01", {shelved, written, shared}),
        ("since:2099-01-01", set()),
    ):
        answer = await blogs.ask(joao, "direct", f"!search zzcrumhorn {asked}")
        assert {number for number in (shelved, written, shared) if number in answer} == found, asked
        assert answer.startswith(f"{len(found)} found for" if found else "Nothing here"), asked
    assert (await blogs.ask(blogs.people["goran"], "direct", "!search zzcrumhorn")).startswith("1 found for")


async def test_a_mistyped_group_is_named_wherever_one_is_said(blogs: House) -> None:
    joao, number = blogs.people["joao"], await draft(blogs, "joao", "A fiddle", "Three strings.")
    shelved = await shelve(blogs, "lucia", "rhythm/library", "The zzrebec sings.", "Rebec")
    for asked in (
        "!search zzrebec group:rythm",
        "!library list group:rythm",
        f"!library audience {shelved} group:rythm",
        f"!blog publish {number} group:rythm",
    ):
        assert "There is no group rythm. Did you mean rhythm?" in await blogs.ask(joao, "direct", asked), asked
    lead = await blogs.member("birgit", roles=[("lead_steward", "community")])
    assert "Did you mean rhythm?" in await blogs.ask(lead, "direct", "!role grant @lucia steward group:rythm")
    assert "There is no role stewart. Did you mean steward?" in await blogs.ask(
        lead, "direct", "!role grant @lucia stewart"
    )
    answer = await blogs.ask(lead, "direct", "!role revoke @birgit lead steward")
    assert answer.startswith("You would lay down a role: lead steward")
    assert shelved in await blogs.ask(joao, "direct", '!library list group:"rhythm and language"')


async def test_pages_keep_the_filters(blogs: House) -> None:
    """Five on a page; the next by reaction; behind the last there is nothing."""
    lucia = blogs.people["lucia"]
    for number in range(7):
        await draft(blogs, "lucia", f"Virginal {number} lang:en", "The zzvirginal is plucked.")
    first = await blogs.ask(lucia, "direct", "!search zzvirginal in:blog by:@lucia lang:en")
    assert first.startswith("7 found for") and "5. Virginal 2" in first and "6. " not in first
    last = [raw for raw in await lucia.timeline(await blogs.direct(lucia)) if raw["sender"] == blogs.bot]
    answer = next(raw for raw in reversed(last) if "7 found for" in str(raw["content"].get("body")))
    await lucia.react(await blogs.direct(lucia), answer["event_id"], "➡️")
    second = (await blogs.said(lucia, "direct"))[-1]
    assert "1. Virginal 1" in second and "2. Virginal 0" in second and "3. " not in second
    assert "nothing more" in await blogs.ask(lucia, "direct", "!search zzvirginal page:3")


@pytest.mark.parametrize(
    ("said", "answered"),
    [
        ("!search", "Say at least one word or #tag to look for"),
        ("!search ???", "Say at least one word or #tag to look for, for example: !search rhythm"),
        ("!search x in:<script>", "I do not know in:<script>"),
        ("!search x since:tomorrow", "Write it like this: since:2027-01-31"),
        ("!search x by:@@@", "Nothing here has"),
        (f"!search {'word ' * 30}", "20 is the most"),
        ("!search x page:0", "Pages have numbers"),
    ],
)
async def test_bad_input(blogs: House, said: str, answered: str) -> None:
    """A sentence with the next step."""
    assert answered in await blogs.ask(blogs.people["joao"], "direct", said)
