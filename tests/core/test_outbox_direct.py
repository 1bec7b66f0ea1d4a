"""Messages to a person wait for the direct chat, and are not forgotten there."""

import asyncio

from copp_bot.core import mirror
from copp_bot.core.ids import RoomId, UserId
from tests.core.post import ANNA, BOT, Post, several


async def record_direct(post: Post, person: UserId) -> RoomId:
    """Make a direct chat as the task does."""
    room = RoomId(post.matrix.create_room(BOT, {"invite": [person], "is_direct": True}))
    await post.database.write(
        lambda session: mirror.record_direct(session, room, person, UserId(BOT), post.clock.now())
    )
    return room


async def test_messages_wait_for_the_direct_chat_and_keep_their_order(post: Post) -> None:
    async with post.sending() as outbox:
        batch = await post.write(several(ANNA, 5))
        assert [task["payload"]["person"] for task in batch.tasks] == [ANNA]
        outbox.give(batch.outgoing)
        await asyncio.wait_for(outbox.drained(), 10)
        assert post.said() == []
        room = await record_direct(post, ANNA)
        outbox.direct_ready(ANNA)
        await asyncio.wait_for(outbox.drained(), 10)
        assert post.said(room) == [f"n{n}" for n in range(5)]


async def test_a_direct_chat_made_while_it_is_looked_for(post: Post) -> None:
    """Whatever the order of looking, making and telling: the message goes."""
    for turn in range(30):
        person = UserId(f"@p{turn}:example.org")
        post.matrix.register(person)
        async with post.sending() as outbox:
            outbox.give((await post.write(several(person, 1, f"t{turn}."), f"$t{turn}")).outgoing)
            for _ in range(turn % 7):
                await asyncio.sleep(0)
            await record_direct(post, person)
            outbox.direct_ready(person)
            await post.until(lambda outbox=outbox: asyncio.sleep(0, outbox.open_count == 0))  # type: ignore[misc]


async def test_told_too_early_it_goes_on_waiting(post: Post) -> None:
    """Something else about the person has come to its end while the room was looked for."""
    for turn in range(30):
        person = UserId(f"@p{turn}:example.org")
        post.matrix.register(person)
        async with post.sending() as outbox:
            outbox.give((await post.write(several(person, 1, f"t{turn}."), f"$t{turn}")).outgoing)
            for _ in range(turn % 7):
                await asyncio.sleep(0)
            outbox.direct_ready(person)
            await asyncio.wait_for(outbox.drained(), 10)
            room = await record_direct(post, person)
            outbox.direct_ready(person)
            await asyncio.wait_for(outbox.drained(), 10)
            assert post.said(room) == [f"t{turn}.0"]


async def test_a_cancelled_message_does_not_hold_up_those_behind_it(post: Post) -> None:
    async with post.sending() as outbox:
        batch = await post.write(several(ANNA, 1))
        outbox.give(batch.outgoing)
        await asyncio.wait_for(outbox.drained(), 10)
        outbox.cancel([batch.outgoing[0]["txn_id"]])
        await post.until(lambda: asyncio.sleep(0, outbox.oldest() is None))
