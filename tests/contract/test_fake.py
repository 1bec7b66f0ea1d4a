"""What only the fake can do: fail when told to, and forget."""

import asyncio

import pytest

from copp_bot.core.ids import TxnId
from copp_bot.core.matrix.port import NewRoom, RateLimited, Unavailable, UnknownToken
from tests.contract.rooms import ALL, TEXT, text
from tests.fakes.matrix import FakeMatrix

BOT = "@copp:example.org"


async def test_a_failure_told_beforehand_has_no_effect() -> None:
    matrix = FakeMatrix()
    bot = matrix.bot(BOT)
    matrix.fail_next("create_room", RateLimited(2.5), times=2)
    for _time in range(2):
        with pytest.raises(RateLimited):
            await bot.create_room(NewRoom())
    assert matrix.rooms == {}
    await bot.create_room(NewRoom())
    assert matrix.calls["create_room"] == 3


async def test_a_lost_answer_has_its_effect() -> None:
    matrix = FakeMatrix()
    bot = matrix.bot(BOT)
    room_id = await bot.create_room(NewRoom())
    matrix.drop_response_next("send")
    with pytest.raises(Unavailable):
        await bot.send(room_id, TEXT, text("once"), TxnId("one"))
    await bot.send(room_id, TEXT, text("once"), TxnId("one"))
    matrix.forget_transactions()
    await bot.send(room_id, TEXT, text("once"), TxnId("one"))
    assert [raw["content"]["body"] for _room, raw in matrix.sent if raw["type"] == TEXT] == ["once", "once"]


async def test_a_lost_sync_is_read_again_from_the_same_token() -> None:
    matrix = FakeMatrix()
    bot = matrix.bot(BOT)
    since = (await bot.sync(None, 0, ALL))["next_batch"]
    room_id = await bot.create_room(NewRoom())
    matrix.drop_response_next("sync")
    with pytest.raises(Unavailable):
        await bot.sync(since, 1_000, ALL)
    assert room_id in (await bot.sync(since, 1_000, ALL))["rooms"]["join"]


async def test_an_ended_account_has_no_token() -> None:
    matrix = FakeMatrix()
    bot = matrix.bot(BOT)
    matrix.deactivate(BOT)
    with pytest.raises(UnknownToken):
        await bot.joined_rooms()


async def test_many_may_wait_at_once() -> None:
    matrix = FakeMatrix()
    anna, ben, bot = matrix.person("anna"), matrix.person("ben"), matrix.bot(BOT)
    room_id = await bot.create_room(NewRoom(initial_state=[]))
    for person in (anna, ben):
        matrix.set_membership(BOT, room_id, person.user_id, "invite")
        await person.join(room_id)
    waiting = [
        asyncio.create_task(person.wait_for(room_id, lambda raw: raw["content"].get("body") == "now"))
        for person in (anna, ben)
    ]
    await bot.send(room_id, TEXT, text("now"), TxnId("one"))
    first, second = await asyncio.gather(*waiting)
    assert first["event_id"] == second["event_id"]
