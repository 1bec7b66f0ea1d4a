"""Greetings, thanks and signs are answered in kind; what says more is not taken for one."""

from datetime import timedelta

import pytest

from copp_bot.core.commands import dispatcher
from copp_bot.core.courtesy import Courtesy, courtesy_in
from tests.core.conftest import Stage
from tests.core.rig import answer_to

HELLO, THANKS, SIGN, WHAT = Courtesy.HELLO, Courtesy.THANKS, Courtesy.SIGN, Courtesy.WHAT

pytestmark = pytest.mark.one_database


@pytest.mark.parametrize(
    ("said", "courtesy"),
    [
        *(
            (said, HELLO)
            for said in ("hello", "Hi!", "Bonjour à tous", "Grüß Gott", "good morning everyone", "Γεια σας")
        ),
        *((said, THANKS) for said in ("thanks", "Thank you so much!", "Merci beaucoup", "vielen Dank", "thanks,")),
        *(
            (said, WHAT)
            for said in ("What can you do?", "who are you", "Can you help me?", "Hilfe!", "hi, help me please")
        ),
        *((said, WHAT) for said in ("Bonjour, que peux-tu faire ?", "¿Quién eres?", "кто ты?", "hello, who are you?")),
        *((said, SIGN) for said in ("👍", "👍🏽", "…", ":-)", "❤️")),
        *(
            (said, None)
            for said in (
                "",
                "hello where is the library",
                "who are you with",
                "thanks, and what is a shelf?",
                "help",
                "ok",
            )
        ),
        *((said, None) for said in ("thank you all very much again and again", "himself", "salutations distinguées")),
    ],
)
def test_what_is_a_courtesy(said: str, courtesy: Courtesy | None) -> None:
    assert courtesy_in(said) is courtesy


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("Hello", "Hello! See what you can do here: !help"),
        ("thank you so much", "You are welcome."),
        ("how do I get help from somebody", "I do not know that. See what you can do here: !help"),
    ],
)
async def test_it_is_answered_in_kind(stage: Stage, monkeypatch: pytest.MonkeyPatch, said: str, answer: str) -> None:
    monkeypatch.setattr(dispatcher, "JUST_NOW", timedelta(0))
    async with stage.rig.bot():
        room = await stage.anna.create_direct(stage.bot)
        await stage.anna.wait_for(room, lambda raw: raw["content"].get("body", "").startswith("Hello! Here we are"))
        asked = await stage.anna.say(room, said)
        assert (await answer_to(stage.anna, room, asked, stage.bot))["content"]["body"] == answer
        asked = await stage.anna.say(stage.coffee, f"{said} CoPP", mentions=[stage.bot])
        assert (await answer_to(stage.anna, stage.coffee, asked, stage.bot))["content"]["body"] == answer


async def test_who_asks_what_it_can_do_gets_the_help(stage: Stage) -> None:
    async with stage.rig.bot():
        room = await stage.anna.create_direct(stage.bot)
        await stage.anna.wait_for(room, lambda raw: raw["content"].get("body", "").startswith("Hello! Here we are"))
        asked = [
            await stage.anna.say(room, text) for text in ("Hi, what can you do for me?", "help me please", "!help")
        ]
        answers = [await answer_to(stage.anna, room, event, stage.bot) for event in asked]
        about_me = await answer_to(stage.anna, room, await stage.anna.say(room, "!help me"), stage.bot)
    (help_,) = {answer["content"]["body"] for answer in answers}
    assert about_me["content"]["body"] != help_


async def test_greetings_that_cross_are_one_and_a_sign_needs_no_answer(stage: Stage) -> None:
    async with stage.rig.bot():
        room = await stage.anna.create_direct(stage.bot)
        await stage.anna.wait_for(room, lambda raw: raw["type"] == "m.room.member" and raw["sender"] == stage.bot)
        hello, thumb = await stage.anna.say(room, "Hello"), await stage.anna.say(room, "👍")
        await answer_to(stage.anna, room, await stage.anna.say(room, "thanks"), stage.bot)
    assert stage.replies(hello) == stage.replies(thumb) == []
