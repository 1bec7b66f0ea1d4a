"""What becomes of a post: where it stands, how it changes, who talks about it, and who hears of it."""

import json

import pytest

from tests.features.blogs.blog_house import HOME, comment, draft, messages, post, publication
from tests.features.library.library_house import dump, first_answer, number_in
from tests.house import House

pytestmark = pytest.mark.asyncio(loop_scope="module")
LONG = "\n\n".join(f"Paragraph {number} of the psaltery. " * 5 for number in range(1, 9))


async def test_a_long_post_has_its_beginning_in_the_room_and_all_of_it_in_the_thread(blogs: House) -> None:
    """Short enough for a room, threaded as clients need it; changed in both places; made short, it stands in one."""
    lucia = blogs.people["lucia"]
    number = await post(blogs, "lucia", "Psaltery", LONG)
    root = await publication(blogs, "lucia", HOME, "Psaltery")
    head, whole = await messages(blogs, lucia, HOME, "Paragraph 1")
    assert "Paragraph 8" not in head["content"]["body"] and len(head["content"]["body"].splitlines()) <= 8
    relation = whole["content"]["m.relates_to"]
    assert relation["rel_type"] == "m.thread" and relation["event_id"] == root
    assert relation["m.in_reply_to"] == {"event_id": root} and relation["is_falling_back"]
    assert "Paragraph 8" in whole["content"]["body"] and "<p>Paragraph 1" in whole["content"]["formatted_body"]
    assert head["content"]["msgtype"] == "m.text" and head["content"]["m.mentions"] == {}
    await blogs.ask(lucia, "direct", f"!blog edit {number}\n{LONG.replace('psaltery', 'zither')}")
    said = await blogs.said(lucia, HOME)
    assert sum("zither" in text for text in said) == 2 and not any("of the psaltery" in text for text in said)
    await blogs.ask(lucia, "direct", f"!blog edit {number}\nShort as a plectrum.")
    said = await blogs.said(lucia, HOME)
    assert sum("plectrum" in text for text in said) == 1 and not any("Paragraph" in text for text in said)


async def test_html_and_script_stay_text_everywhere(blogs: House) -> None:
    """In title, text, tag, comment; a link that runs something is none."""
    lucia, joao = blogs.people["lucia"], blogs.people["joao"]
    bad = "<script>alert(1)</script><img src=x onerror=alert(2)> [here](javascript:alert(3)) **strong**"
    number = await post(blogs, "lucia", "<script>alert(0)</script> Shawm", bad)
    root = await publication(blogs, "lucia", HOME, "Shawm")
    await comment(blogs, "joao", HOME, root, "<script>alert(4)</script> a shawm")
    for place in (HOME, "direct"):
        for asked in (f"show {number}", "list", "search shawm", f"history {number}"):
            await blogs.ask(joao, place, f"!blog {asked}")
    await blogs.ask(lucia, "direct", f"!blog preview {number}")
    await blogs.ask(lucia, "direct", f"!blog edit {number}")
    shown = [raw["content"] for raw in await messages(blogs, joao, HOME, "hawm")]
    shown += [
        raw["content"]
        for name in ("joao", "lucia")
        for raw in await messages(blogs, blogs.people[name], "direct", "hawm")
    ]
    assert len(shown) > 8
    for content in shown:
        html = str(content["formatted_body"])
        assert "<script" not in html and "<img" not in html and 'href="javascript' not in html, html
    assert any("<strong>strong</strong>" in str(content["formatted_body"]) for content in shown)


async def test_what_was_changed_and_when(blogs: House) -> None:
    """Which parts and how many lines; a draft has no history, and earlier words are not kept."""
    lucia, joao = blogs.people["lucia"], blogs.people["joao"]
    number = await draft(blogs, "lucia", "Rebec", "Zzfirst line.\nSecond line.")
    await blogs.ask(lucia, "direct", f"!blog edit {number}\nZzsecond line.\nSecond line.")
    assert "not been changed" in await blogs.ask(lucia, "direct", f"!blog history {number}")
    await blogs.ask(lucia, "direct", f"!blog publish {number} group group:rhythm")
    answer = await blogs.ask(lucia, "direct", f"!blog edit {number} Rebec days #bow lang:en\nThird line.\nSecond line.")
    assert "Its readers see it as it is now" in answer
    await blogs.ask(lucia, "direct", f"!blog edit {number} Rebec days #bow lang:en\nThird line.\nSecond line.")
    history = await blogs.ask(joao, HOME, f"!blog history {number}")
    assert len(history.splitlines()) == 3 and "title, text, tags" in history and "(lines: 1 new, 1 gone)" in history
    assert "changed" in await blogs.ask(joao, HOME, f"!blog show {number}")
    assert number in await blogs.ask(joao, HOME, "!blog list #bow")
    assert number in await blogs.ask(joao, HOME, "!blog list @lucia #bow lang:en")
    assert number not in await blogs.ask(joao, HOME, "!blog list @joao #bow")
    assert number in await blogs.ask(joao, HOME, "!blog search third line lang:en")
    assert number not in await blogs.ask(joao, HOME, "!blog search zzfirst")


async def test_an_edited_command_changes_the_post_where_it_stands(blogs: House) -> None:
    """By its author alone."""
    lucia = blogs.people["lucia"]
    direct = await blogs.direct(lucia)
    command = await lucia.say(direct, "!blog new Lur\nThe lur is old.")
    number = number_in(await blogs.answer(lucia, direct, command))
    await blogs.ask(lucia, "direct", f"!blog publish {number} group group:rhythm")
    await lucia.edit(direct, command, "!blog new Lur songs #bronze\nThe lur is very old.")
    assert f"I have changed {number} as you wrote" in (await blogs.said(lucia, "direct"))[-1]
    assert any("very old" in text and "#bronze" in text for text in await blogs.said(lucia, HOME))
    await lucia.edit(direct, command, f"!blog new Lur\n{'x' * 13_000}")
    assert "too long for a post" in (await blogs.said(lucia, "direct"))[-1]
    assert any("very old" in text for text in await blogs.said(lucia, HOME))


async def test_comments_are_for_those_who_could_read_them(blogs: House) -> None:
    """What was said in the group stays there when the post is for everyone, and is counted for nobody else."""
    goran, joao = blogs.people["goran"], blogs.people["joao"]
    number = await post(blogs, "lucia", "Gamba", "The gamba hums.")
    root = await publication(blogs, "lucia", HOME, "Gamba")
    event = await comment(blogs, "joao", HOME, root, "Zzours alone.")
    await comment(blogs, "aino", HOME, root, "!help library")
    answer = await blogs.ask(blogs.people["lucia"], "direct", f"!blog publish {number} community")
    assert "All members of the community may read it" in answer
    assert not [raw for raw in await messages(blogs, joao, HOME, "hums") if "m.relates_to" not in raw["content"]]
    root = await publication(blogs, "goran", "blogs", "Gamba")
    await comment(blogs, "goran", "blogs", root, "Zzfor all.")
    assert "Zzours" not in await blogs.ask(goran, "direct", f"!blog show {number}")
    assert "1 comment:" in await first_answer(blogs, goran, "blogs", f"!blog show {number}")
    shown = await blogs.ask(joao, "direct", f"!blog show {number}")
    assert "2 comments" in shown and "joao: Zzours alone." in shown and "goran: Zzfor all." in shown
    await joao.edit(blogs.rooms[HOME], event, "Zzchanged.")
    await blogs.settled()
    shown = await blogs.ask(joao, "direct", f"!blog show {number}")
    assert "joao: Zzchanged." in shown and "zzours" not in dump(blogs)


async def test_a_post_for_fewer_people_leaves_the_room_of_the_others(blogs: House) -> None:
    """From the community to a group, and for everyone it may stay where it is."""
    joao, goran = blogs.people["joao"], blogs.people["goran"]
    number = await post(blogs, "joao", "Bombard", "Zzloud.", "community")
    root = await publication(blogs, "goran", "blogs", "Bombard")
    await blogs.ask(goran, "blogs", f"!blog show {number}")
    assert "Shall “Bombard” be public?" in await blogs.ask(joao, "direct", f"!blog publish {number} public")
    await blogs.ask(joao, "direct", f"!blog publish {number} public yes")
    assert root == await publication(blogs, "goran", "blogs", "Bombard")
    await blogs.ask(joao, "direct", f"!blog publish {number} group group:rhythm")
    assert not any("Zzloud" in text for text in await blogs.said(goran, "blogs"))
    assert any("Zzloud" in text for text in await blogs.said(joao, HOME))
    assert "There is no" in await blogs.ask(goran, "direct", f"!blog show {number}")
    assert "published already" in await blogs.ask(joao, "direct", f"!blog publish {number} group group:rhythm")


async def test_followers_hear_of_what_they_may_read(blogs: House) -> None:
    """Once, in their direct chat, with a mention; another group's posts are not told, nor anything to one who left."""
    for name in ("joao", "goran", "zofia"):
        await blogs.ask(blogs.people[name], "direct", "!blog follow @lucia")
    await blogs.ask(blogs.people["zofia"], "direct", "!blog unfollow @lucia")
    await post(blogs, "lucia", "Zzserpent", "It winds.")
    await post(blogs, "lucia", "Zzdulcian", "It hums.", "community")
    heard = {}
    for name in ("joao", "goran", "zofia"):
        raws = await messages(blogs, blogs.people[name], "direct", "has published")
        heard[name] = [raw["content"]["body"].split(" ")[3].strip(".") for raw in raws]
        assert all(raw["content"]["m.mentions"] == {"user_ids": [blogs.people[name].user_id]} for raw in raws)
    assert heard == {"joao": ["Zzserpent", "Zzdulcian"], "goran": ["Zzdulcian"], "zofia": []}
    assert "That is you" in await blogs.ask(blogs.people["joao"], "direct", "!blog follow @joao")


async def test_drafts_are_known_to_their_author_alone(blogs: House) -> None:
    """Typed in a room it is answered privately; nobody else finds it, by any command, nor does the room see it."""
    lucia, joao = blogs.people["lucia"], blogs.people["joao"]
    room = blogs.rooms[HOME]
    command = await lucia.say(room, "!blog new Zzcrwth\nA draft in the group's room.")
    assert await blogs.answer(lucia, room, command) == "I have answered you in our direct chat."
    number = number_in((await blogs.said(lucia, "direct"))[-1])
    for verb in ("show", "preview", "publish", "edit", "history", "withdraw"):
        assert "There is no" in await blogs.ask(joao, "direct", f"!blog {verb} {number}"), verb
    assert number not in await blogs.ask(joao, "direct", "!blog list") + await blogs.ask(lucia, HOME, "!blog list")
    assert number not in await blogs.ask(lucia, HOME, "!blog search zzcrwth")
    assert f"({number}) – draft" in await blogs.ask(lucia, "direct", "!blog list")
    assert await blogs.ask(lucia, HOME, f"!blog preview {number}") == "I have answered you in our direct chat."
    bodies = json.dumps([raw["content"] for raw in await messages(blogs, joao, HOME, "")])
    assert "Zzcrwth" not in bodies


async def test_a_newspaper_on_ones_own_message_makes_a_draft(blogs: House) -> None:
    """Told to its author alone; on what somebody else wrote, or by who may not write posts, it means nothing."""
    lucia, joao, room = blogs.people["lucia"], blogs.people["joao"], blogs.rooms[HOME]
    text = await joao.say(room, "Zzpondering aloud.\nAnd at length.")
    greeting = await blogs.people["noor"].say(blogs.rooms["reception"], "Zzhello from a newcomer.")
    before = await blogs.said(lucia, HOME), await blogs.said(lucia, "direct")
    await lucia.react(room, text, "📰")
    await blogs.people["noor"].react(blogs.rooms["reception"], greeting, "📰")
    await blogs.settled()
    assert "zzpondering" not in dump(blogs) and "zzhello" not in dump(blogs)
    await joao.react(room, text, "📰")
    await blogs.settled()
    assert (await blogs.said(lucia, HOME), await blogs.said(lucia, "direct")) == before
    said = (await blogs.said(joao, "direct"))[-1]
    assert "Your draft" in said and "“Zzpondering aloud.”" in said
    assert "And at length." in await blogs.ask(joao, "direct", f"!blog preview {number_in(said)}")
