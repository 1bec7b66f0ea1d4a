"""The sync loop: whatever comes, in whatever shape, is acted on once and in order."""

import asyncio
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import Session, col

from copp_bot.app import App
from copp_bot.core.errors import SetupError
from copp_bot.core.ids import RoomId
from copp_bot.core.matrix.port import Unavailable, UnknownToken
from copp_bot.core.store import classify as classify_store
from copp_bot.core.store import inbox as inbox_store
from copp_bot.core.store import meta
from copp_bot.core.store import rooms as rooms_store
from storage.tables.inbox import InboxRow
from tests.core.conftest import Stage
from tests.core.noting import commands, ran  # noqa: F401 - a fixture
from tests.core.rig import answer_to
from tests.core.scripted import scripted
from tests.world import WAIT_SECONDS, Raw, message, posted_file

pytestmark = pytest.mark.usefixtures("commands")


async def fence(stage: Stage, app: App) -> None:
    """Everything said so far is handled and sent."""
    event = await stage.ben.say(stage.coffee, "!note fence")
    await answer_to(stage.ben, stage.coffee, event, stage.bot)
    async with asyncio.timeout(WAIT_SECONDS):
        await app.outbox.drained()


async def taken_in(stage: Stage) -> None:
    """Take in what has been said since, without handling it: the bot is cut off right after."""
    app = stage.rig.app()
    app.intake._token, app.intake._joined = await app.database.read(
        lambda session: (meta.get(session, "sync_token"), inbox_store.joined_rooms(session))
    )
    await app.intake.once()
    app.database.close()


async def test_what_was_said_while_away_is_answered_once_also_beyond_the_limit(stage: Stage) -> None:
    async with stage.rig.bot():
        pass
    events = [await stage.anna.say(stage.coffee, f"!note {number}") for number in range(250)]
    await stage.anna.redact(stage.coffee, events[7])
    async with stage.rig.bot() as app:
        await fence(stage, app)
        assert await app.database.read(inbox_store.open_gaps) == 0
    assert ran == [str(number) for number in range(250) if number != 7] + ["fence"]
    assert all(len(stage.replies(event)) == (event != events[7]) for event in events)


async def test_a_gap_that_cannot_be_read_at_once_is_closed_later(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("copp_bot.core.backoff.FIRST", 0.0)
    async with stage.rig.bot():
        pass
    events = [await stage.anna.say(stage.coffee, f"!note {number}") for number in range(350)]
    stage.matrix.fail_next("messages", Unavailable("", "away", 502), times=6)
    async with stage.rig.bot() as app:
        for event in (events[0], events[-1]):
            await answer_to(stage.anna, stage.coffee, event, stage.bot)
        await fence(stage, app)
        assert await app.database.read(inbox_store.open_gaps) == 0
    assert sorted(ran[:-1], key=int) == [str(number) for number in range(350)]
    assert all(len(stage.replies(event)) == 1 for event in events)


async def test_what_was_said_before_the_bot_joined_is_never_run(stage: Stage) -> None:
    async with stage.rig.bot() as app:
        room = await stage.anna.create_room({"preset": "trusted_private_chat", "is_direct": True})
        before = await stage.anna.say(room, "!note before")
        await asyncio.sleep(0.005)  # the next millisecond
        await stage.anna.send(room, "m.room.message", {"msgtype": "m.text", "body": "!note also before"})
        await asyncio.sleep(0.005)
        stage.matrix.set_membership(stage.anna.user_id, room, stage.bot, "invite", {"is_direct": True})
        await stage.anna.wait_for(room, lambda raw: raw["sender"] == stage.bot and raw["type"] == "m.room.member")
        await asyncio.sleep(0.005)
        after = await stage.anna.say(room, "note after")
        await answer_to(stage.anna, room, after, stage.bot)
        await fence(stage, app)
    assert ran == ["after", "fence"]
    assert stage.replies(before) == []


async def test_a_room_that_was_joined_just_before_a_crash_is_not_new_again(stage: Stage) -> None:
    """Its first answer is in the inbox, not yet in the mirror, when the next answer comes."""
    async with stage.rig.bot():
        room = await stage.anna.create_direct(stage.bot)
        await stage.anna.wait_for(room, lambda raw: raw.get("state_key") == stage.bot and _joins(raw))
    for _ in range(2):
        await taken_in(stage)
    event = await stage.anna.say(room, "note it")
    await taken_in(stage)
    async with stage.rig.bot():
        await answer_to(stage.anna, room, event, stage.bot)
    assert ran == ["it"]


def _joins(raw: dict[str, Any]) -> bool:
    return bool(raw["content"].get("membership") == "join")


async def test_the_token_moves_only_with_the_rows(stage: Stage) -> None:
    async with stage.rig.bot():
        pass
    event = await stage.anna.say(stage.coffee, "!note it")
    async with stage.rig.bot() as app:
        await fence(stage, app)
    app = stage.rig.app()
    before = await app.database.read(lambda session: meta.get(session, "sync_token"))
    later = await stage.anna.say(stage.coffee, "!note later")

    def breaks(*_args: object) -> None:
        raise OSError("disk full")

    app.intake._token = before
    app.intake._classifier.sort = breaks  # type: ignore[assignment,method-assign]
    with pytest.raises(OSError, match="disk full"):
        await app.intake.once()
    assert await app.database.read(lambda session: meta.get(session, "sync_token")) == before
    assert app.intake._token == before
    app.database.close()
    async with stage.rig.bot() as app:
        await fence(stage, app)
    assert [len(stage.replies(one)) for one in (event, later)] == [1, 1]


async def test_an_invitation_is_answered_once(stage: Stage) -> None:
    async with stage.rig.bot() as app:
        secret = await stage.anna.create_direct(stage.bot, encrypted=True)
        await stage.anna.wait_for(secret, lambda raw: raw["content"].get("membership") == "leave")
        await fence(stage, app)
        async with asyncio.timeout(WAIT_SECONDS):
            while not (invited := await stage.anna.invited()):
                await app.database.write(lambda _session: None)
    async with stage.rig.bot() as app:
        assert await stage.anna.invited() == invited
        (room,) = invited
        await stage.anna.join(room)
        said = await stage.anna.wait_for(room, lambda raw: raw["type"] == "m.room.message")
        assert "encrypted" in said["content"]["body"]
        await fence(stage, app)
    assert await stage.anna.invited() == set()
    assert len([raw for raw in await stage.anna.timeline(room) if raw["type"] == "m.room.message"]) == 1


async def test_a_kicked_bot_knows_it(stage: Stage) -> None:
    async with stage.rig.bot() as app:
        room = await stage.anna.create_room({"preset": "private_chat", "is_direct": True, "invite": [stage.bot]})
        await stage.anna.wait_for(room, lambda raw: raw.get("state_key") == stage.bot and _joins(raw))
        await fence(stage, app)
        await stage.anna.kick(room, stage.bot)
        await fence(stage, app)
        known = await app.database.read(lambda session: rooms_store.get(session, room))
        assert known is not None
        assert known.membership == "leave"
        assert await app.database.read(lambda session: rooms_store.direct_room(session, stage.anna.user_id)) is None


async def test_an_unknown_token_ends_the_bot_with_a_sentence(stage: Stage) -> None:
    app = stage.rig.app()
    stage.matrix.fail_next("sync", UnknownToken("M_UNKNOWN_TOKEN", "", 401))
    with pytest.raises(SetupError, match="access token"):
        await asyncio.wait_for(app.run(), 10)
    app.database.close()


async def test_a_notice_is_never_answered(stage: Stage) -> None:
    """Bots speak in notices (Client-Server API, m.notice): two that answered each other would never end."""
    async with stage.rig.bot() as app:
        chat = await stage.anna.create_direct(stage.bot)
        await stage.anna.wait_for(chat, lambda raw: raw.get("state_key") == stage.bot and _joins(raw))
        answered = [await stage.anna.say(room, "!note asked") for room in (stage.coffee, chat)]
        ours = [(await answer_to(stage.anna, room, event, stage.bot))["event_id"]
                for room, event in zip((stage.coffee, chat), answered, strict=True)]  # fmt: skip
        told = [
            await stage.anna.send(room, "m.room.message", {**content, "msgtype": "m.notice"})
            for room, answer in zip((stage.coffee, chat), ours, strict=True)
            for content in addressed(stage, answer)
        ]
        await fence(stage, app)
        kept = [await app.database.read(partial(inbox_store.by_event, event_id=event)) for event in told]
    assert ran == ["asked", "asked", "fence"]
    assert [stage.replies(event) for event in told] == [[]] * len(told)
    assert kept == [None] * len(told)


def addressed(stage: Stage, answer: str) -> list[Raw]:
    """Every way to speak to the bot."""
    mxc = stage.matrix.put_media(stage.anna.user_id, b"a file")
    return [
        message("!note it"),
        message("note it", mentions=[stage.bot]),
        message(f"{stage.bot} note it"),
        message("1", reply_to=answer),
        message("thank you", thread=answer),
        posted_file("plan.txt", mxc, 6, "text/plain", f"!note it {stage.bot}", answer),
    ]


async def test_a_foreign_marker_makes_no_room_ours(stage: Stage) -> None:
    """Whoever invites the bot may write what they like into their own room."""
    content = {"key": "free-key", "kind": "space", "scope": "community", "readers": "community"}
    marker = {"type": "org.copp_bot.room", "state_key": "", "content": content}
    body = {"preset": "trusted_private_chat", "is_direct": True, "invite": [stage.bot], "initial_state": [marker]}
    async with stage.rig.bot() as app:
        room = await stage.anna.create_room(body)
        await stage.anna.wait_for(room, lambda raw: raw.get("state_key") == stage.bot and _joins(raw))
        await stage.anna.set_state(room, "org.copp_bot.room", "", {**content, "key": "another"})
        await fence(stage, app)
        known = await app.database.read(lambda session: rooms_store.get(session, room))
    assert known is not None
    assert (known.key, known.scope) == (None, f"direct:{stage.anna.user_id}")


async def test_a_gap_with_more_replies_than_a_statement_takes(stage: Stage) -> None:
    app = stage.rig.app()
    ids = [f"${number}" for number in range(260_000)]
    assert await app.database.read(lambda session: classify_store.known_events(session, ids)) == set()
    app.database.close()


async def test_what_is_said_in_a_room_that_is_not_mirrored_yet_is_kept(stage: Stage) -> None:
    """No join of ours is in this answer: it was in one before, which a crash kept from the mirror."""
    said = {"type": "m.room.message", "event_id": "$it", "sender": stage.anna.user_id, "origin_server_ts": 1}
    said["content"] = {"msgtype": "m.text", "body": "note it"}
    app = stage.rig.app()
    answer = {"rooms": {"join": {"!direct": {"timeline": {"events": [said]}}}}}
    intake = scripted(app, stage, answer)
    await intake.once()
    kept = await app.database.read(lambda session: inbox_store.by_event(session, "$it"))
    assert kept is not None
    app.database.close()


async def test_state_of_a_speaker_that_has_passed_is_not_believed(stage: Stage) -> None:
    """The answer after somebody spoke while somebody else left has, on Synapse, the state as the speaker saw it."""
    anna, room = stage.anna.user_id, stage.coffee
    old = _state(stage, "m.room.member", anna, {"membership": "join", "displayname": "anna"})
    power = _state(stage, "m.room.power_levels", "", {"users": {anna: 50}})
    name = _state(stage, "m.room.name", "", {"name": "Tea house"})
    said = {"type": "m.room.message", "event_id": "$said", "sender": stage.ben.user_id, "origin_server_ts": 2}
    part = {"state": {"events": [old, power, name]}, "timeline": {"events": [{**said, "content": {"body": "hello"}}]}}
    now = {
        ("m.room.member", anna): {"membership": "leave"},
        ("m.room.power_levels", ""): {"users": {}},
        ("m.room.name", ""): {"name": "Tea house"},
    }
    app = stage.rig.app()
    intake = scripted(app, stage, {"rooms": {"join": {room: part}}}, now)
    intake._joined.add(RoomId(room))
    await intake.once()
    (block,) = await app.database.read(_blocks)
    assert [raw["type"] for raw in block["events"]] == ["m.room.name"]
    app.database.close()


def _state(stage: Stage, event_type: str, state_key: str, content: Raw) -> Raw:
    event_id = f"${event_type}"
    return {
        "type": event_type,
        "state_key": state_key,
        "event_id": event_id,
        "sender": stage.bot,
        "origin_server_ts": 1,
        "content": content,
    }


def _blocks(session: Session) -> list[Any]:
    return [row.body for row in session.scalars(select(InboxRow).where(col(InboxRow.kind) == "block"))]
