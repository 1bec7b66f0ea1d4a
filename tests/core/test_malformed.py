"""Events of any shape that JSON can have: none stops the sync loop or the worker."""

import asyncio
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from copp_bot.core.store import inbox as inbox_store
from storage.tables.inbox import InboxState
from tests.core.conftest import Stage
from tests.core.rig import answer_to
from tests.core.scripted import scripted

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=8)
    | st.sampled_from(["$a", "@a:b", "m.replace", "!x"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
KEYS = ["body", "msgtype", "m.relates_to", "m.mentions", "m.new_content", "user_ids", "event_id", "rel_type", "key"]
KEYS += ["m.in_reply_to", "membership", "displayname", "redacts", "url", "info", "filename", "room_version", "users"]
KEYS += ["additional_creators", "name", "kind", "scope", "readers", "size", "mimetype", "reason"]
TYPES = ["m.room.message", "m.reaction", "m.room.redaction", "m.room.member", "m.room.power_levels", "m.room.create"]
TYPES += ["m.room.name", "org.copp_bot.room", "m.room.encryption", "m.room.tombstone"]
BODIES = st.sampled_from(["!help", "!me x", "1", "@copp:example.org help", "\ud800", "!\x00", "！help"])
CONTENT = st.dictionaries(
    st.sampled_from(KEYS), JSON | BODIES | st.dictionaries(st.sampled_from(KEYS), JSON), max_size=5
)
EVENTS = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(TYPES) | JSON,
        "event_id": st.integers(0, 10**9).map("${}".format) | JSON,
        "sender": st.sampled_from(["@anna:example.org", "@copp:example.org", "@x:example.org"]) | JSON,
        "origin_server_ts": st.integers(0, 2**60) | JSON,
        "content": CONTENT | JSON,
        "state_key": st.sampled_from(["", "@anna:example.org"]) | JSON,
        "unsigned": CONTENT | JSON,
        "redacts": JSON,
    },
)
LISTS = st.lists(EVENTS | JSON, max_size=4)
TIMELINES = st.fixed_dictionaries({}, optional={"events": LISTS | JSON, "limited": JSON, "prev_batch": JSON})
PARTS = st.fixed_dictionaries(
    {},
    optional={
        "timeline": st.fixed_dictionaries({}, optional={"events": LISTS | JSON, "limited": JSON, "prev_batch": JSON})
        | JSON,
        "state": st.fixed_dictionaries({"events": LISTS}) | JSON,
        "invite_state": st.fixed_dictionaries({"events": LISTS}) | JSON,
    },
)


async def test_malformed_events_never_stop_the_loop(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("copp_bot.core.backoff.FIRST", 0.0)
    async with stage.rig.bot():
        pass
    app = stage.rig.app()
    loop = asyncio.get_running_loop()
    rooms = st.sampled_from([stage.coffee, stage.rig.rooms["root"], "!new:example.org", "!other"])

    async def take(answer: dict[str, Any]) -> None:
        await scripted(app, stage, answer).once()
        while await app.worker.once():
            pass

    @given(st.fixed_dictionaries({}, optional={s: st.dictionaries(rooms, PARTS | JSON, max_size=2) for s in SECTIONS}))
    @settings(max_examples=250, suppress_health_check=list(HealthCheck))
    def every(answer: dict[str, Any]) -> None:
        asyncio.run_coroutine_threadsafe(take({"rooms": answer}), loop).result(30)

    await asyncio.to_thread(every)
    assert await app.database.read(lambda session: inbox_store.count(session, InboxState.NEW)) == 0
    app.database.close()


SECTIONS = ("join", "invite", "leave")


async def test_one_bad_mention_does_not_stop_the_loop(stage: Stage) -> None:
    bad: list[Any] = [5, {"user_ids": 5}, {"user_ids": {"a": 1}}, {"user_ids": [5, None]}, {"user_ids": "@copp"}, []]
    async with stage.rig.bot() as app:
        for mentions in bad:
            content = {"msgtype": "m.text", "body": "hello", "m.mentions": mentions}
            await stage.anna.send(stage.coffee, "m.room.message", content)
            relation = {"rel_type": mentions, "event_id": mentions, "m.in_reply_to": mentions, "key": mentions}
            await stage.anna.send(stage.coffee, "m.reaction", {"m.relates_to": relation})
            await stage.anna.send(
                stage.coffee, "m.room.message", {**content, "body": mentions, "m.relates_to": relation}
            )
        event = await stage.ben.say(stage.coffee, "!help")
        await answer_to(stage.ben, stage.coffee, event, stage.bot)
        assert await app.database.read(lambda session: inbox_store.count(session, InboxState.QUARANTINED)) == 0
