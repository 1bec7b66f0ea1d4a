"""How people speak to the bot: by its name, by its name alone, and with mistakes in the direct chat."""

import pytest

from copp_bot.core.commands.declare import Kind, Param
from copp_bot.core.reply import LINES_IN_A_ROOM, say
from tests.core.conftest import Stage
from tests.core.rig import answer_to, command, text_command

pytestmark = pytest.mark.one_database


@pytest.fixture(autouse=True)
def commands(stage: Stage) -> None:
    """One that says it back, one of one word with an argument, one of two words."""
    greeting = command("greet", lambda _c, _a: say("greeted"), Param("who", Kind.USER))
    giving = command("give away", lambda _c, _a: say("given"), Param("what", Kind.WORD), Param("to", Kind.USER))
    saying = text_command("say", lambda _c, args: say(*args.text("text").splitlines()))
    stage.rig.extra = (saying, greeting, giving)


@pytest.mark.parametrize("name", ["CoPP", "copp", "@copp", "@copp:example.org"])
@pytest.mark.parametrize("mark", [": ", ", ", " ", ": !"])
async def test_whoever_mentions_the_bot_is_heard(stage: Stage, name: str, mark: str) -> None:
    stage.matrix.names[stage.bot] = "CoPP"
    async with stage.rig.bot():
        event = await stage.anna.say(stage.coffee, f"{name}{mark}say hello", mentions=[stage.bot])
        answer = await answer_to(stage.anna, stage.coffee, event, stage.bot)
    assert answer["content"]["body"] == "hello"


@pytest.mark.parametrize("said", ["@copp say hello", "@CoPP: say hello", "copp: say hello", "CoPP, !say hello"])
async def test_whoever_calls_it_by_name_is_heard_without_a_mention(stage: Stage, said: str) -> None:
    stage.matrix.names[stage.bot] = "CoPP"
    async with stage.rig.bot():
        direct = await stage.anna.create_direct(stage.bot)
        await stage.anna.wait_for(direct, lambda raw: raw["type"] == "m.room.member" and raw["sender"] == stage.bot)
        for room in (stage.coffee, direct):
            event = await stage.anna.say(room, said)
            answer = await answer_to(stage.anna, room, event, stage.bot)
            assert answer["content"]["body"] == "hello"


@pytest.mark.parametrize(
    "said", ["CoPP say hello", "@copp-news: say hello", "@copp:elsewhere.org say hello", "dear copp: say x"]
)
async def test_whoever_speaks_of_it_or_calls_another_is_not_answered(stage: Stage, said: str) -> None:
    async with stage.rig.bot():
        quiet = await stage.anna.say(stage.coffee, said)
        await answer_to(stage.anna, stage.coffee, await stage.anna.say(stage.coffee, "!say over"), stage.bot)
    assert stage.replies(quiet) == []


async def test_the_name_alone_asks_for_help(stage: Stage) -> None:
    async with stage.rig.bot():
        event = await stage.anna.say(stage.coffee, "copp", mentions=[stage.bot])
        answer = await answer_to(stage.anna, stage.coffee, event, stage.bot)
    assert answer["content"]["body"].startswith("What you can do here")
    assert len(answer["content"]["body"].splitlines()) <= LINES_IN_A_ROOM


@pytest.mark.parametrize("said", ["greet", "greet zofia", "give away", "give away books", "give away books zofia"])
async def test_a_mistake_in_the_direct_chat_gets_the_usage(stage: Stage, said: str) -> None:
    async with stage.rig.bot():
        room = await stage.anna.create_direct(stage.bot)
        await stage.anna.wait_for(room, lambda raw: raw["type"] == "m.room.member" and raw["sender"] == stage.bot)
        event = await stage.anna.say(room, said)
        answer = await answer_to(stage.anna, room, event, stage.bot)
    assert "Type it like this: !g" in answer["content"]["body"] or "not a Matrix id" in answer["content"]["body"]


QUOTE = "> <@ben:example.org> Here is the beat\n> of two lines\n\n"
"""What clients of before put above a reply (Client-Server API 1.12, fallbacks for rich replies)."""


@pytest.mark.parametrize("said", ["!say one\n\n> two\nthree", "copp: say one\n\n> two\nthree"])
async def test_a_command_below_the_quote_of_a_reply_is_heard(stage: Stage, said: str) -> None:
    """With its own lines and quotes; what is quoted is no command."""
    async with stage.rig.bot():
        first = await stage.ben.say(stage.coffee, "Here is the beat\nof two lines")
        event = await stage.anna.say(stage.coffee, QUOTE + said, reply_to=first, mentions=[stage.bot])
        answer = await answer_to(stage.anna, stage.coffee, event, stage.bot)
        assert answer["content"]["body"] == "one\n\n> two\nthree"
        room = await stage.anna.create_direct(stage.bot)
        await stage.anna.wait_for(room, lambda raw: raw["type"] == "m.room.member" and raw["sender"] == stage.bot)
        event = await stage.anna.say(room, QUOTE + "say hello", reply_to=first)
        assert (await answer_to(stage.anna, room, event, stage.bot))["content"]["body"] == "hello"
        quoting = "> <@ben:example.org> !say one\n\nHow nice!"
        quiet = await stage.anna.say(stage.coffee, quoting, reply_to=first)
        loose = await stage.anna.say(stage.coffee, QUOTE + "!say one")
        await answer_to(stage.anna, stage.coffee, await stage.anna.say(stage.coffee, "!say over"), stage.bot)
    assert stage.replies(quiet) == stage.replies(loose) == []


@pytest.mark.parametrize(
    ("said", "answered"),
    [
        ("Salut copp, tu peux chercher xylo ?", "I do not know that."),
        ("Please @CoPP: say it to everybody", "I do not know that."),
        ("say hello, @CoPP!", "hello,!"),
        ("say hello to [CoPP](https://matrix.to/#/@copp:example.org)", "hello to"),
    ],
)
async def test_whoever_names_the_bot_within_a_sentence_is_answered_once(stage: Stage, said: str, answered: str) -> None:
    """It is a command where all of it is one."""
    stage.matrix.names[stage.bot] = "CoPP"
    async with stage.rig.bot():
        event = await stage.anna.say(stage.coffee, said, mentions=[stage.bot])
        await answer_to(stage.anna, stage.coffee, event, stage.bot)
        await answer_to(stage.anna, stage.coffee, await stage.anna.say(stage.coffee, "!say over"), stage.bot)
    (answer,) = stage.replies(event)
    assert answer.startswith(answered) and len(answer.splitlines()) == 1


async def test_talk_that_names_or_quotes_the_bot_is_left_alone(stage: Stage) -> None:
    """A reply carries the mentions of what it answers (MSC3952) though it says nothing to the bot."""
    async with stage.rig.bot():
        asked = await stage.anna.say(stage.coffee, "Could copp know?", mentions=[stage.bot])
        reply = "> <@anna:example.org> Could copp know?\n\nI think so"
        quiet = [
            await stage.ben.say(stage.coffee, reply, reply_to=asked, mentions=[stage.anna.user_id, stage.bot]),
            await stage.ben.say(stage.coffee, "Could copp know?"),
            await stage.ben.say(stage.coffee, "Ask the copp-bottle", mentions=[stage.bot]),
            await stage.ben.send(
                stage.coffee,
                "m.room.message",
                {"msgtype": "m.notice", "body": "I am no copp", "m.mentions": {"user_ids": [stage.bot]}},
            ),
        ]
        await answer_to(stage.ben, stage.coffee, await stage.ben.say(stage.coffee, "!say over"), stage.bot)
    assert len(stage.replies(asked)) == 1
    assert [stage.replies(event) for event in quiet] == [[], [], [], []]


@pytest.mark.parametrize(
    ("said", "answered"),
    [
        ("!give back books", "There is no !give back. There are: !give away."),
        ("!give awya books", "I do not know that. Did you mean !give away?"),
        ("give me a book tomorrow", "I understand commands alone. For this you may need !help give."),
        ("give awya books", "I do not know that. Did you mean !give away?"),
        ("greet everybody from me, please", "I understand commands alone. For this you may need !help greet."),
    ],
)
async def test_what_is_no_part_of_a_topic(stage: Stage, said: str, answered: str) -> None:
    """With the mark its parts are named; without it a sentence that begins alike is talk."""
    async with stage.rig.bot():
        room = await stage.anna.create_direct(stage.bot)
        await stage.anna.wait_for(room, lambda raw: raw["type"] == "m.room.member" and raw["sender"] == stage.bot)
        event = await stage.anna.say(room, said)
        assert (await answer_to(stage.anna, room, event, stage.bot))["content"]["body"] == answered


async def test_a_short_id_alone_asks_to_be_shown(stage: Stage) -> None:
    """In the direct chat, and where the bot is meant; in a room it may be talk."""
    async with stage.rig.bot():
        room = await stage.anna.create_direct(stage.bot)
        await stage.anna.wait_for(room, lambda raw: raw["type"] == "m.room.member" and raw["sender"] == stage.bot)
        for place, said in ((room, "L4313."), (room, "!B4313"), (room, "m 4313"), (stage.coffee, "!L4313")):
            event = await stage.anna.say(place, said)
            answer = (await answer_to(stage.anna, place, event, stage.bot))["content"]["body"]
            assert answer.startswith(f"There is no {said.strip('!.').replace(' ', '').upper()}"), answer
        quiet = await stage.anna.say(stage.coffee, "L4313")
        await answer_to(stage.anna, stage.coffee, await stage.anna.say(stage.coffee, "!say over"), stage.bot)
    assert stage.replies(quiet) == []
