"""Direct chats: one per person, with nobody else in it, opened when they are needed."""

import asyncio
from collections.abc import Callable

import pytest

from copp_bot.app import App
from copp_bot.core import backoff, direct
from copp_bot.core.commands.declare import Args
from copp_bot.core.context import Context
from copp_bot.core.errors import UserError
from copp_bot.core.matrix.port import MARKER, Forbidden
from copp_bot.core.reply import Reply, say
from tests.core.conftest import Stage
from tests.core.rig import answer_to, text_command
from tests.fakes.person import FakePerson
from tests.world import WAIT_SECONDS


def whisper(_context: Context, args: Args) -> Reply:
    """Answer privately."""
    return say(f"psst {args.text('text')}", private=True)


def refuse(_context: Context, args: Args) -> Reply:
    """Refuse privately."""
    raise UserError(f"psst {args.text('text')}", private=True)


@pytest.fixture(autouse=True)
def commands(stage: Stage) -> None:
    """The commands above."""
    stage.rig.extra = (text_command("whisper", whisper), text_command("refuse", refuse))


async def until(app: App, holds: Callable[[], bool]) -> None:
    """Wait for what the bot will do."""
    async with asyncio.timeout(WAIT_SECONDS):
        while not holds():
            await app.database.write(lambda _session: None)


def whispers(stage: Stage) -> list[tuple[str, str]]:
    """(room, body) of the private answers."""
    return [
        (room, raw["content"]["body"])
        for room, raw in stage.matrix.sent
        if raw["type"] == "m.room.message" and raw["sender"] == stage.bot and "psst" in raw["content"].get("body", "")
    ]


async def test_private_answers_open_one_chat_and_come_in_order(stage: Stage) -> None:
    async with stage.rig.bot() as app:
        for number in range(5):
            await stage.anna.say(stage.coffee, f"!whisper {number}")
        await until(app, lambda: len(whispers(stage)) == 5)
    rooms = {room for room, _body in whispers(stage)}
    assert len(rooms) == 1
    assert rooms == await stage.anna.invited()
    assert [body for _room, body in whispers(stage)] == [f"psst {n}" for n in range(5)]


async def test_a_private_refusal_is_read_in_the_direct_chat_alone(stage: Stage) -> None:
    async with stage.rig.bot() as app:
        await stage.anna.say(stage.coffee, "!refuse no")
        await until(app, lambda: len(whispers(stage)) == 1)
    (room, _body) = whispers(stage)[0]
    assert room in await stage.anna.invited()


async def test_who_opens_a_chat_is_greeted_there_once(stage: Stage) -> None:
    async with stage.rig.bot() as app:
        room = await stage.anna.create_direct(stage.bot)
        await stage.anna.wait_for(room, lambda raw: "Hello!" in raw["content"].get("body", ""))
    async with stage.rig.bot() as app:
        await stage.anna.say(room, "whisper again")
        await until(app, lambda: len(whispers(stage)) == 1)
    bodies = [raw["content"].get("body", "") for raw in await stage.anna.timeline(room) if raw["sender"] == stage.bot]
    assert sum("Hello!" in body for body in bodies) == 1


async def test_whoever_left_gets_a_new_chat(stage: Stage) -> None:
    async with stage.rig.bot() as app:
        await stage.anna.say(stage.coffee, "!whisper one")
        await until(app, lambda: len(whispers(stage)) == 1)
        (first, _body) = whispers(stage)[0]
        await stage.anna.join(first)
        await stage.anna.leave(first)
        event = await stage.ben.say(stage.coffee, "!help")
        await answer_to(stage.ben, stage.coffee, event, stage.bot)
        await stage.anna.say(stage.coffee, "!whisper two")
        await until(app, lambda: len(whispers(stage)) == 2)
        (second, body) = whispers(stage)[1]
    assert (second != first, body) == (True, "psst two")
    assert second in await stage.anna.invited()


@pytest.mark.parametrize("is_at_work", [True, False])
async def test_a_chat_that_was_encrypted_is_followed_by_one_that_is_not(stage: Stage, is_at_work: bool) -> None:
    """Encryption cannot be switched off again, and the bot would be silent there for ever."""
    async with stage.rig.bot():
        chat = await stage.anna.create_direct(stage.bot)
        await stage.anna.wait_for(
            chat, lambda raw: raw.get("state_key") == stage.bot and raw["content"]["membership"] == "join"
        )
        if is_at_work:
            await encrypt(stage.anna, chat)
            await gone_from(stage, chat)
    if not is_at_work:
        await encrypt(stage.anna, chat)
    async with stage.rig.bot() as app:
        await gone_from(stage, chat)
        await until(app, lambda: any("encrypted" in text for text in to_anna(stage)))
        await stage.anna.say(stage.coffee, "!whisper on")
        await until(app, lambda: len(whispers(stage)) == 1)
        (new, _body) = whispers(stage)[0]
    assert new != chat and new in await stage.anna.invited()
    assert sum("encrypted" in text for text in to_anna(stage)) == 1


async def encrypt(person: FakePerson, room: str) -> None:
    """Switch on encryption, as a client does."""
    await person.set_state(room, "m.room.encryption", "", {"algorithm": "m.megolm.v1.aes-sha2"})


async def gone_from(stage: Stage, room: str) -> None:
    """The bot has left."""
    await stage.anna.wait_for(
        room, lambda raw: raw.get("state_key") == stage.bot and raw["content"]["membership"] == "leave"
    )


def to_anna(stage: Stage) -> list[str]:
    """What the bot has said in rooms that are hers and its own."""
    return [
        str(raw["content"]["body"])
        for room, raw in stage.matrix.sent
        if raw["sender"] == stage.bot
        and raw["type"] == "m.room.message"
        and stage.matrix.rooms[room].members() == {stage.bot, stage.anna.user_id}
    ]


@pytest.mark.parametrize("has_joined", [True, False])
async def test_with_a_third_person_in_it_private_answers_go_to_a_new_chat(stage: Stage, has_joined: bool) -> None:
    async with stage.rig.bot() as app:
        shared = await stage.anna.create_direct(stage.bot)
        await stage.anna.wait_for(
            shared, lambda raw: raw.get("state_key") == stage.bot and raw["content"]["membership"] == "join"
        )
        await stage.anna.invite(shared, stage.ben.user_id)
        if has_joined:
            await stage.ben.join(shared)
        await stage.anna.wait_for(
            shared, lambda raw: raw["content"].get("body", "").startswith("Somebody else can read this chat now.")
        )
        event = await stage.anna.say(shared, "!whisper secret")
        await until(app, lambda: len(whispers(stage)) == 1)
        assert whispers(stage)[0][0] != shared
        (told,) = stage.replies(event)
        assert told == "Somebody else is in this chat. I have answered you in one that is ours alone."


@pytest.mark.parametrize("is_marked", [True, False])
async def test_a_chat_begun_before_a_crash_is_completed(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, is_marked: bool
) -> None:
    """It is ours by its marker, nobody was invited yet; one without a marker is waited for, then left alone."""
    monkeypatch.setattr(direct, "BETWEEN_LOOKS", 0.0)
    scope = f"direct:{stage.anna.user_id}"
    marker = {"kind": "direct", "person": stage.anna.user_id, "scope": scope, "readers": scope}
    marked = [{"type": MARKER, "state_key": "", "content": marker}] if is_marked else []
    begun = stage.matrix.create_room(stage.bot, {"initial_state": marked})
    async with stage.rig.bot() as app:
        await stage.anna.say(stage.coffee, "!whisper secret")
        await until(app, lambda: len(whispers(stage)) == 1)
    assert (whispers(stage)[0][0] == begun) is is_marked
    assert await stage.anna.invited() == {whispers(stage)[0][0]}


async def test_a_message_to_nobody_does_not_keep_the_bot_unwell(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backoff, "FIRST", 0.0)
    async with stage.rig.bot() as app:
        stage.matrix.fail_next("create_room", Forbidden("M_FORBIDDEN", "deactivated", 403), times=5)
        event = await stage.anna.say(stage.coffee, "!whisper lost")
        await answer_to(stage.anna, stage.coffee, event, stage.bot)
        await until(app, lambda: app.outbox.open_count == 0)
        assert app.outbox.oldest() is None
    assert whispers(stage) == []
