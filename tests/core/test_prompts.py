"""Choices by reaction and by number: who may choose, when, how often, and over a restart."""

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import pytest

from copp_bot.app import App
from copp_bot.core.commands.declare import Args
from copp_bot.core.context import Context
from copp_bot.core.effects import PROMPT_LIFE
from copp_bot.core.errors import UserError
from copp_bot.core.ids import UserId
from copp_bot.core.reply import Option, Reply, say
from tests.core.conftest import Stage
from tests.core.rig import SetClock, answer_to, command, text_command
from tests.fakes.person import FakePerson
from tests.world import WAIT_SECONDS

chosen: list[tuple[str, str]] = []


def ask(context: Context, args: Args) -> Reply:
    """Put a question: ``once``, ``often``, ``mine`` (asked of the asker alone), ``list``, ``refusing``."""
    kind = args.text("text")
    options = (Option("✅", "yes", "choose yes"), Option("❌", "no", "choose no"))
    if kind == "anyone's":
        return say("Which?", choices=("choose one", "choose two"))
    if kind == "keycaps":
        return say("Which?", options=(Option("1\ufe0f\u20e3", "the first, gladly", "choose one"),))
    if kind == "offer":
        return say("Sure?", options=(Option("✅", "yes, gladly", "choose yes"),))
    if kind == "list":
        return say("Which?", choices=("choose one", "choose two", "choose three"), asked=(context.viewer.user_id,))
    if kind == "refusing":
        return say("Sure?", options=(Option("✅", "yes", "choose refuse"), Option("🔒", "lock", "locked")))
    asked: tuple[UserId, ...] = (context.viewer.user_id,) if kind == "mine" else ()
    return say("Sure?", options=options, asked=asked, once=kind != "often")


def choose(context: Context, args: Args) -> Reply:
    """Note who chose what."""
    if args.text("text") == "refuse" and context.viewer.user_id.startswith("@anna"):
        raise UserError("Not you.")
    chosen.append((context.viewer.user_id[1:].split(":")[0], args.text("text")))
    return say(f"chosen {args.text('text')}")


@pytest.fixture(autouse=True)
def commands(stage: Stage) -> None:
    """The commands above, and a clock to set."""
    chosen.clear()
    stage.rig.clock = SetClock()
    locked = command("locked", lambda _c, _a: say("unlocked"), permission="roles.grant")
    stage.rig.extra = (text_command("ask", ask), text_command("choose", choose), locked)


async def asked(stage: Stage, kind: str, who: FakePerson | None = None) -> str:
    """Put a question; returns the event id of the bot's message once its reactions are there."""
    person = who or stage.anna
    event = await person.say(stage.coffee, f"!ask {kind}")
    message = await answer_to(person, stage.coffee, event, stage.bot)
    if kind not in ("list", "anyone's"):
        await person.wait_for(
            stage.coffee,
            lambda raw: (
                raw["type"] == "m.reaction" and raw["content"]["m.relates_to"]["event_id"] == message["event_id"]
            ),
        )
    await fence(stage)
    return str(message["event_id"])


async def fence(stage: Stage) -> None:
    """Everything said so far has been handled and answered."""
    event = await stage.ben.say(stage.coffee, "!choose fence")
    await answer_to(stage.ben, stage.coffee, event, stage.bot)
    chosen.remove(("ben", "fence"))


async def test_a_choice_is_carried_out_once(stage: Stage) -> None:
    async with stage.rig.bot():
        message = await asked(stage, "once")
        await stage.ben.react(stage.coffee, message, "✅")
        await stage.anna.react(stage.coffee, message, "✅")
        await stage.anna.react(stage.coffee, message, "❌")
        await fence(stage)
    assert chosen == [("ben", "yes")]


async def test_a_choice_made_before_a_killed_bot_is_back_is_carried_out(stage: Stage) -> None:
    """The question had gone out, and the bot was killed before that was written down."""

    async def unwritten(sent: list[tuple[str, str, str, datetime]]) -> bool:
        return False

    def forgetful(app: App) -> None:
        app.outbox._write_marks = unwritten  # type: ignore[method-assign]

    def late(app: App) -> None:
        send, ready = app.homeserver.send, app.intake.ready

        async def when_synced(*what: Any) -> Any:
            with suppress(TimeoutError):  # the sync waits for it, and it for the sync, as long as that makes sense
                await asyncio.wait_for(ready.wait(), 0.5)
            return await send(*what)

        app.outbox._homeserver.send = when_synced  # type: ignore[method-assign, assignment]

    async with stage.rig.bot():
        pass
    stage.rig.edit_app = forgetful
    async with stage.rig.bot():
        event = await stage.anna.say(stage.coffee, "!ask once")
        message = await answer_to(stage.anna, stage.coffee, event, stage.bot)
    await stage.anna.react(stage.coffee, str(message["event_id"]), "✅")
    stage.rig.edit_app = late
    async with stage.rig.bot():
        await fence(stage)
    assert chosen == [("anna", "yes")]


async def test_choices_that_do_nothing_any_more_are_taken_off(stage: Stage) -> None:
    async with stage.rig.bot() as app:
        once, often = await asked(stage, "once"), await asked(stage, "often")
        assert [await offered(stage, message) for message in (once, often)] == [{"✅", "❌"}, {"✅", "❌"}]
        await stage.ben.react(stage.coffee, once, "✅")
        await stage.ben.react(stage.coffee, often, "✅")
        await fence(stage)
        await app.settled()
        assert [await offered(stage, message) for message in (once, often)] == [set(), {"✅", "❌"}]


async def offered(stage: Stage, message: str) -> set[str]:
    """The choices that the bot's own reactions show under a message."""
    relations = [
        raw["content"]["m.relates_to"]
        for raw in await stage.ben.timeline(stage.coffee)
        if raw["type"] == "m.reaction" and raw["sender"] == stage.bot and "m.relates_to" in raw["content"]
    ]
    return {relation["key"] for relation in relations if relation["event_id"] == message}


async def test_a_standing_question_may_be_answered_often(stage: Stage) -> None:
    async with stage.rig.bot():
        message = await asked(stage, "often")
        await stage.ben.react(stage.coffee, message, "✅")
        await stage.anna.react(stage.coffee, message, "❌")
        await fence(stage)
    assert chosen == [("ben", "yes"), ("anna", "no")]


async def test_only_who_is_asked_may_choose(stage: Stage) -> None:
    async with stage.rig.bot():
        message = await asked(stage, "mine")
        await stage.ben.react(stage.coffee, message, "✅")
        await fence(stage)
        assert chosen == []
        await stage.anna.react(stage.coffee, message, "✅")
        await fence(stage)
    assert chosen == [("anna", "yes")]


@pytest.mark.parametrize("key", ["✅\ufe0f", "✅"])
async def test_a_variation_selector_makes_no_difference(stage: Stage, key: str) -> None:
    async with stage.rig.bot():
        message = await asked(stage, "once")
        await stage.anna.react(stage.coffee, message, key)
        await fence(stage)
    assert chosen == [("anna", "yes")]


@pytest.mark.parametrize(("key", "became"), [("👍", "yes"), ("👍🏿", "yes"), ("👎\ufe0f", "no"), ("👎🏼", "no")])
async def test_thumbs_say_yes_and_no(stage: Stage, key: str, became: str) -> None:
    """Where that is what is asked."""
    async with stage.rig.bot():
        other = await asked(stage, "refusing")
        message = await asked(stage, "once")
        await stage.anna.react(stage.coffee, other, key)
        await stage.anna.react(stage.coffee, message, key)
        await fence(stage)
    assert chosen == [("anna", became)]


@pytest.mark.parametrize("key", ["🎉", "", "✅✅", "yes", "1", "\ufe0f"])
async def test_other_reactions_do_nothing(stage: Stage, key: str) -> None:
    async with stage.rig.bot():
        message = await asked(stage, "once")
        await stage.anna.react(stage.coffee, message, key)
        await fence(stage)
    assert chosen == []


async def test_a_refused_choice_leaves_the_question_open(stage: Stage) -> None:
    async with stage.rig.bot():
        message = await asked(stage, "refusing")
        await stage.anna.react(stage.coffee, message, "🔒")  # may not run it
        await stage.anna.react(stage.coffee, message, "✅")  # is refused by the service
        await fence(stage)
        assert chosen == []
        await stage.ben.react(stage.coffee, message, "✅")
        await fence(stage)
    assert chosen == [("ben", "refuse")]


async def test_a_question_runs_out(stage: Stage) -> None:
    clock = stage.rig.clock
    assert isinstance(clock, SetClock)
    async with stage.rig.bot() as app:
        message, numbers = await asked(stage, "often"), await asked(stage, "list")
        clock.move(PROMPT_LIFE)  # to the second: it may still be answered
        await stage.anna.react(stage.coffee, message, "✅")
        async with asyncio.timeout(WAIT_SECONDS):
            while not chosen:
                await app.database.write(lambda _session: None)
        clock.move(timedelta(seconds=1))
        await stage.anna.react(stage.coffee, message, "❌")
        await stage.anna.say(stage.coffee, "1", reply_to=numbers)
        too_old = await stage.ben.say(stage.coffee, "!choose fence")
        await answer_to(stage.ben, stage.coffee, too_old, stage.bot)
    assert chosen == [("anna", "yes")]


async def test_questions_survive_a_restart(stage: Stage) -> None:
    async with stage.rig.bot():
        message, numbers = await asked(stage, "once"), await asked(stage, "list")
    await stage.anna.react(stage.coffee, message, "✅")
    await stage.anna.say(stage.coffee, "2", reply_to=numbers)
    async with stage.rig.bot():
        await fence(stage)
    assert chosen == [("anna", "yes"), ("anna", "two")]
    await stage.ben.react(stage.coffee, message, "✅")
    async with stage.rig.bot():
        await fence(stage)
    assert chosen == [("anna", "yes"), ("anna", "two")]


@pytest.mark.parametrize("said", ["2", " 2 ", "2.", "2)", "> <@copp:example.org> Which?\n\n2"])
async def test_a_number_chooses(stage: Stage, said: str) -> None:
    async with stage.rig.bot():
        numbers = await asked(stage, "list")
        await stage.anna.say(stage.coffee, said, reply_to=numbers)
        await fence(stage)
    assert chosen == [("anna", "two")]


SAID = {"oui": "yes", "Oui !": "yes", "Yes!": "yes", "ok": "yes", "D’accord.": "yes", "👍🏽": "yes", "ЊДА": None}
SAID |= {"Да": "yes", "¡Sí!": "yes", "Kyllä": "yes", "Non, merci": None, "non": "no", "Não.": "no", "❌": "no"}


@pytest.mark.parametrize(("said", "became"), SAID.items())
async def test_yes_and_no_are_understood_in_many_languages(stage: Stage, said: str, became: str | None) -> None:
    """As a reply; what is neither is talk in a shared room, and gets the choices in the direct chat."""
    async with stage.rig.bot():
        message = await asked(stage, "once")
        event = await stage.anna.say(stage.coffee, said, reply_to=message)
        await fence(stage)
    assert chosen == ([("anna", became)] if became else [])
    assert bool(stage.replies(event)) is bool(became)


@pytest.mark.parametrize(
    ("kind", "said", "answered"),
    [
        ("once", "perhaps", "You can say one of these: yes, no."),
        ("list", "the red one", "You can say one of these: 1, 2, 3."),
        ("keycaps", "oui", "You can say one of these: the first, 1."),
        ("once", "choose this instead", "chosen this instead"),
        ("once", "choos", "Did you mean !choose?"),
    ],
)
async def test_in_the_direct_chat_a_reply_that_is_no_choice_hears_the_choices(
    stage: Stage, kind: str, said: str, answered: str
) -> None:
    """Unless it is something else that the bot knows."""
    async with stage.rig.bot():
        room = await stage.anna.create_direct(stage.bot)
        await stage.anna.wait_for(room, lambda raw: raw["type"] == "m.room.member" and raw["sender"] == stage.bot)
        question = await answer_to(stage.anna, room, await stage.anna.say(room, f"!ask {kind}"), stage.bot)
        event = await stage.anna.say(room, said, reply_to=question["event_id"])
        assert answered in (await answer_to(stage.anna, room, event, stage.bot))["content"]["body"]


async def test_no_to_a_question_that_offers_but_a_yes_closes_it(stage: Stage) -> None:
    async with stage.rig.bot():
        room = await stage.anna.create_direct(stage.bot)
        await stage.anna.wait_for(room, lambda raw: raw["type"] == "m.room.member" and raw["sender"] == stage.bot)
        question = await answer_to(stage.anna, room, await stage.anna.say(room, "!ask offer"), stage.bot)
        answers = []
        for said, reply_to in (("Non !", None), ("yes", None), ("yes", question["event_id"])):
            event = await stage.anna.say(room, said, reply_to=reply_to)
            answers.append((await answer_to(stage.anna, room, event, stage.bot))["content"]["body"])
    assert answers[0] == "All right, I leave it as it is." and "do not know that" in answers[1]
    assert answers[2].startswith("That question has been answered already")
    assert chosen == []


async def test_what_is_said_by_the_way_answers_no_question(stage: Stage) -> None:
    """In the direct chat a reply may be left out; then it has to be a plain yes. One choice alone is no list."""
    async with stage.rig.bot():
        room = await stage.anna.create_direct(stage.bot)
        await stage.anna.wait_for(room, lambda raw: raw["type"] == "m.room.member" and raw["sender"] == stage.bot)
        for kind, said in (("once", "ok"), ("keycaps", "7"), ("once", "oui")):
            await answer_to(stage.anna, room, await stage.anna.say(room, f"!ask {kind}"), stage.bot)
            answer = await answer_to(stage.anna, room, await stage.anna.say(room, said), stage.bot)
            assert "I do not know that" in answer["content"]["body"] or said == "oui"
    assert chosen == [("anna", "yes")]


@pytest.mark.parametrize(
    ("kind", "said", "became"),
    [("once", "yes", "yes"), ("once", " NO ", "no"), ("keycaps", "1", "one"), ("keycaps", "The first", "one")],
)
async def test_a_choice_may_be_typed(stage: Stage, kind: str, said: str, became: str) -> None:
    """For those who see no reactions, or cannot press them."""
    async with stage.rig.bot():
        message = await asked(stage, kind)
        await stage.anna.say(stage.coffee, said, reply_to=message)
        await stage.anna.say(stage.coffee, said, reply_to=message)
        await fence(stage)
    assert chosen == [("anna", became)]


async def test_in_the_direct_chat_the_newest_question_is_meant(stage: Stage) -> None:
    async with stage.rig.bot():
        room = await stage.anna.create_direct(stage.bot)
        await stage.anna.wait_for(room, lambda raw: raw["type"] == "m.room.member" and raw["sender"] == stage.bot)
        for kind in ("once", "list"):
            event = await stage.anna.say(room, f"!ask {kind}")
            await answer_to(stage.anna, room, event, stage.bot)
        answers = []
        for said in ("yes", "7", "2", "2"):
            event = await stage.anna.say(room, said)
            answers.append((await answer_to(stage.anna, room, event, stage.bot))["content"]["body"])
    assert chosen == [("anna", "two")]
    assert "do not know that" in answers[0] and "from 1 to 3" in answers[1] and "do not know that" in answers[3]


async def test_a_number_in_the_direct_chat_means_the_newest_list_whatever_was_asked_since(stage: Stage) -> None:
    async with stage.rig.bot():
        room = await stage.anna.create_direct(stage.bot)
        await stage.anna.wait_for(room, lambda raw: raw["type"] == "m.room.member" and raw["sender"] == stage.bot)
        for kind in ("list", "once"):
            await answer_to(stage.anna, room, await stage.anna.say(room, f"!ask {kind}"), stage.bot)
        await answer_to(stage.anna, room, await stage.anna.say(room, "2"), stage.bot)
    assert chosen == [("anna", "two")]


@pytest.mark.parametrize("kind", ["list", "anyone's"])
async def test_a_number_of_another_person_does_nothing(stage: Stage, kind: str) -> None:
    async with stage.rig.bot():
        numbers = await asked(stage, kind)
        event = await stage.ben.say(stage.coffee, "2", reply_to=numbers)
        await fence(stage)
    assert chosen == []
    assert stage.replies(event) == []


@pytest.mark.parametrize("said", ["0", "4", "99"])
async def test_a_number_out_of_range_is_told_the_range(stage: Stage, said: str) -> None:
    async with stage.rig.bot():
        numbers = await asked(stage, "list")
        event = await stage.anna.say(stage.coffee, said, reply_to=numbers)
        await fence(stage)
    assert chosen == []
    assert "from 1 to 3" in stage.replies(event)[0]


@pytest.mark.parametrize("said", ["two", "2 please", "123", "-1", "²"])
async def test_other_replies_to_a_list_are_talk(stage: Stage, said: str) -> None:
    async with stage.rig.bot():
        numbers = await asked(stage, "list")
        event = await stage.anna.say(stage.coffee, said, reply_to=numbers)
        loose = await stage.anna.say(stage.coffee, "2")
        await fence(stage)
    assert chosen == []
    assert stage.replies(event) == stage.replies(loose) == []


async def test_a_reaction_to_someone_elses_message_is_not_a_choice(stage: Stage) -> None:
    async with stage.rig.bot():
        await asked(stage, "once")
        other = await stage.ben.say(stage.coffee, "Sure?")
        await stage.anna.react(stage.coffee, other, "✅")
        await fence(stage)
    assert chosen == []
