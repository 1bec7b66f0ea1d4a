"""The sender: in order per lane, under the same id until answered, and nothing twice."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from copp_bot.core import backoff
from copp_bot.core.effects import RowEffects, txn_id
from copp_bot.core.ids import RoomId, TxnId, UserId
from copp_bot.core.matrix.port import Forbidden, MatrixError, RateLimited, Unavailable, UnknownToken
from copp_bot.core.reply import Option, say
from copp_bot.core.store import outbox as store
from storage.tables.outbox import OutboxState
from tests.core.post import ANNA, BEN, BOT, Post, several
from tests.fakes.homeserver import FakeHomeserver


async def test_a_lane_keeps_its_order_whatever_fails(post: Post) -> None:
    async with post.sending() as outbox:
        batch = await post.write(several(post.room, 40))
        post.matrix.fail_next("send", Unavailable("", "away", 502), times=2)
        post.matrix.drop_response_next("send", times=2)
        outbox.give(batch.outgoing)
        await asyncio.wait_for(outbox.drained(), 10)
        assert post.said() == [f"n{n}" for n in range(40)]
        assert await post.states() == {OutboxState.SENT: 40}


async def test_eight_are_in_flight_at_most_and_one_per_lane(post: Post) -> None:
    now, most, busy = 0, 0, set[str]()
    gate = asyncio.Event()

    class Slow(FakeHomeserver):
        async def send(self, room_id: RoomId, event_type: str, content: Any, txn_id: TxnId) -> Any:
            nonlocal now, most
            lane = content["body"][0]
            assert lane not in busy
            busy.add(lane)
            now, most = now + 1, max(most, now + 1)
            if now == 8:
                gate.set()
            await gate.wait()
            now -= 1
            busy.discard(lane)
            return await super().send(room_id, event_type, content, txn_id)

    post.bot = Slow(post.matrix, BOT, "COPPBOT", True)
    async with post.sending() as outbox:
        for lane in "abcdefghijkl":
            by = UserId(f"@{lane}:example.org")
            outbox.give((await post.write(several(post.room, 3, lane), f"${lane}", by)).outgoing)
        await asyncio.wait_for(outbox.drained(), 10)
    assert most == 8
    assert len(post.said()) == 36


async def test_answers_overtake_what_the_bot_starts_and_that_overtakes_bulk(post: Post) -> None:
    def mixed(effects: RowEffects) -> None:
        for n in range(20):
            effects.person = UserId(f"@bulk{n}:example.org")
            effects.send(post.room, say(f"bulk{n}"), bulk=True)
        effects.person = BEN
        effects.send(post.room, say("nudge", notice=False))
        effects.person = ANNA
        effects.send(post.room, say("answer"))

    await post.write(mixed)
    async with post.sending() as outbox:
        await post.until(lambda: asyncio.sleep(0, len(post.said()) == 22))
        await asyncio.wait_for(outbox.drained(), 10)
    assert post.said()[:2] == ["answer", "nudge"]


async def test_a_lost_answer_makes_no_second_event(post: Post) -> None:
    post.matrix.drop_response_next("send", times=3)
    async with post.sending() as outbox:
        outbox.give((await post.write(several(post.room, 1))).outgoing)
        await asyncio.wait_for(outbox.drained(), 10)
    assert post.said() == ["n0"]


async def test_open_rows_are_sent_after_a_restart_under_the_same_id(post: Post) -> None:
    post.matrix.drop_response_next("send", times=1)
    async with post.sending() as outbox:
        outbox.give((await post.write(several(post.room, 3))).outgoing)
        await post.until(lambda: asyncio.sleep(0, len(post.said()) >= 1))
    async with post.sending() as outbox:
        await post.until(lambda: asyncio.sleep(0, outbox.open_count == 0 and len(post.said()) == 3))
        await asyncio.wait_for(outbox.drained(), 10)
    assert post.said() == ["n0", "n1", "n2"]


async def test_what_is_given_before_the_old_rows_are_loaded_goes_after_them(post: Post) -> None:
    await post.write(several(post.room, 3, "old"), "$old")
    outbox = post.outbox()
    outbox.give((await post.write(several(post.room, 2, "new"), "$new")).outgoing)
    assert outbox.open_count == 0
    task = asyncio.create_task(outbox.run())
    await asyncio.wait_for(outbox.drained(), 10)
    task.cancel()
    assert post.said() == ["old0", "old1", "old2", "new0", "new1"]


async def test_edits_reactions_and_redactions_wait_for_their_message(post: Post) -> None:
    def talk(effects: RowEffects) -> None:
        txn = effects.send(post.room, say("first", options=(Option("✅", "yes", "help"),)))
        effects.edit(txn, say("second"))
        effects.redact_own(effects.send(post.room, say("gone")))

    def redact(effects: RowEffects) -> None:
        (gone,) = [
            row for row in store.caused_by(effects.session, "$cause") if row.content and "gone" in str(row.content)
        ]
        effects.redact_own(gone.txn_id)

    post.matrix.fail_next("send", Unavailable("", "away", 502), times=1)
    batch = await post.write(talk)
    after = await post.write(redact, "$redaction")
    async with post.sending() as outbox:
        outbox.give(batch.outgoing)
        outbox.cancel(after.cancelled)
        outbox.give(after.outgoing)
        await asyncio.wait_for(outbox.drained(), 10)
    raws = [raw for room, raw in post.matrix.sent if room == post.room and raw["sender"] == BOT]
    first = next(raw for raw in raws if raw["content"].get("body", "").startswith("first"))["event_id"]
    targets = [raw["content"]["m.relates_to"]["event_id"] for raw in raws if "m.relates_to" in raw["content"]]
    assert targets == [first, first]
    assert "gone" not in str(raws)


async def test_cancelled_before_it_went_out(post: Post) -> None:
    batch = await post.write(several(post.room, 2))

    def take_back(effects: RowEffects) -> None:
        effects.redact_own(batch.outgoing[0]["txn_id"])

    after = await post.write(take_back, "$redaction")
    async with post.sending() as outbox:
        await asyncio.wait_for(outbox.drained(), 10)
        outbox.cancel(after.cancelled)
        outbox.give(after.outgoing)
        await asyncio.wait_for(outbox.drained(), 10)
    assert post.said() == ["n1"]
    assert post.matrix.calls["redact"] == 0


async def test_no_call_before_retry_after(post: Post) -> None:
    """The second refusal comes while a third message already waits for the first, and asks for longer."""
    loop = asyncio.get_running_loop()
    called: list[float] = []
    limits: list[float] = []
    second_is_out, first_is_back = asyncio.Event(), asyncio.Event()

    class Limited(FakeHomeserver):
        async def send(self, room_id: RoomId, event_type: str, content: Any, txn_id: TxnId) -> Any:
            called.append(loop.time())
            if len(called) == 1:
                await second_is_out.wait()
                first_is_back.set()
                raise RateLimited(0.3)
            if len(called) == 2:
                second_is_out.set()
                await asyncio.sleep(0.1)  # a slow answer
                limits.append(loop.time() + 0.9)
                raise RateLimited(0.9)
            return await super().send(room_id, event_type, content, txn_id)

    post.bot = Limited(post.matrix, BOT, "COPPBOT", True)
    async with post.sending() as outbox:
        for n in range(6):
            if n == 2:
                await first_is_back.wait()
            by = UserId(f"@p{n}:example.org")
            outbox.give((await post.write(several(post.room, 1, f"p{n}"), f"${n}", by)).outgoing)
        await asyncio.wait_for(outbox.drained(), 10)
    assert len(post.said()) == 6
    assert all(at >= limits[0] for at in called[2:])


@pytest.mark.parametrize("error", [Forbidden("M_FORBIDDEN", "no", 403), MatrixError("M_BAD_JSON", "no", 400)])
async def test_five_refusals_end_it_and_the_lane_goes_on(
    post: Post, error: MatrixError, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backoff, "FIRST", 0.001)
    post.matrix.fail_next("send", error, times=5)
    async with post.sending() as outbox:
        outbox.give((await post.write(several(post.room, 2))).outgoing)
        await asyncio.wait_for(outbox.drained(), 10)
    assert post.matrix.calls["send"] == 6
    assert post.said() == ["n1"]
    assert await post.states() == {OutboxState.FAILED: 1, OutboxState.SENT: 1}


async def test_a_row_that_cannot_be_sent_at_all_does_not_end_the_sender(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backoff, "FIRST", 0.001)

    class Broken(FakeHomeserver):
        async def send(self, room_id: RoomId, event_type: str, content: Any, txn_id: TxnId) -> Any:
            if content["body"] == "n0":
                raise TypeError("not serialisable")
            return await super().send(room_id, event_type, content, txn_id)

    post.bot = Broken(post.matrix, BOT, "COPPBOT", True)
    async with post.sending() as outbox:
        outbox.give((await post.write(several(post.room, 2))).outgoing)
        await asyncio.wait_for(outbox.drained(), 10)
    assert post.said() == ["n1"]


async def test_an_old_row_is_looked_for_before_it_is_sent_again(post: Post) -> None:
    def talk(effects: RowEffects) -> None:
        effects.send(post.room, say("there", options=(Option("✅", "yes", "help"),)))

    batch = await post.write(talk)
    async with post.sending() as outbox:
        await asyncio.wait_for(outbox.drained(), 10)
    assert post.said() == ["there\n✅ yes"]
    reopened = [{**row, "state": OutboxState.OPEN} for row in batch.outgoing]
    outbox = post.outbox()
    post.clock.move(timedelta(hours=25))
    post.matrix.forget_transactions()
    task = asyncio.create_task(outbox.run())
    outbox.give(reopened)
    await asyncio.wait_for(outbox.drained(), 10)
    task.cancel()
    assert post.said() == ["there\n✅ yes"]
    assert sum(raw["type"] == "m.reaction" for _room, raw in post.matrix.sent) == 1


async def test_an_old_row_that_never_went_out_is_sent(post: Post) -> None:
    await post.write(several(post.room, 1))
    post.clock.move(timedelta(hours=25))
    async with post.sending() as outbox:
        await asyncio.wait_for(outbox.drained(), 10)
    assert post.said() == ["n0"]


async def test_an_unknown_token_ends_it(post: Post) -> None:
    await post.write(several(post.room, 1))
    post.matrix.fail_next("send", UnknownToken("M_UNKNOWN_TOKEN", "", 401))
    with pytest.raises(ExceptionGroup) as caught:
        await post.outbox().run()
    assert caught.group_contains(UnknownToken)


def test_a_transaction_id_follows_from_cause_and_place_alone() -> None:
    assert txn_id("$event", 1) == txn_id("$event", 1) == "b26hkclaa56dmta6vjs3icuxrm"
    assert len({txn_id(cause, index) for cause in ("$a", "$b", "$a\n1") for index in (1, 11, "answer")}) == 9
