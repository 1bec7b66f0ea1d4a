"""``/sync`` and ``/messages``: what comes, when, and what must be fetched."""

import asyncio
import re
from typing import Any

from copp_bot.core.ids import RoomId, TxnId, UserId
from copp_bot.core.matrix.port import Homeserver, NewRoom
from tests.contract.rooms import ALL, TEXT, bodies, join_rule, room_with, state, text, types
from tests.world import Person

SMALL = {"room": {"timeline": {"limit": 5}}}
POLL_MS = 20_000


async def joined(bot: Homeserver, room_id: str, since: str | None, filter_: dict[str, Any]) -> dict[str, Any]:
    """A room's entry in ``rooms.join`` of one sync, waiting until there is one."""
    answer = await bot.sync(since, POLL_MS, filter_)
    entry: dict[str, Any] = answer["rooms"]["join"][room_id]
    return entry


async def position(bot: Homeserver) -> str:
    """The token of now."""
    return str((await bot.sync(None, 0, ALL))["next_batch"])


async def test_first_sync_without_timeline_gives_the_whole_state(bot: Homeserver, anna: Person) -> None:
    room_id = await room_with(bot, anna, name="Coffee shop")
    entry = (await bot.sync(None, 0, {"room": {"timeline": {"limit": 0}}}))["rooms"]["join"][room_id]
    assert entry["timeline"]["events"] == []
    found = {(event["type"], event["state_key"]) for event in entry["state"]["events"]}
    assert {("m.room.create", ""), ("m.room.name", ""), ("m.room.member", anna.user_id)} <= found


async def test_a_new_message_wakes_a_waiting_sync(bot: Homeserver, anna: Person) -> None:
    room_id = await room_with(bot, anna)
    since = await position(bot)
    waiting = asyncio.create_task(joined(bot, room_id, since, ALL))
    await anna.say(room_id, "hello")
    entry = await waiting
    assert bodies(entry["timeline"]["events"]) == ["hello"]
    assert entry["timeline"]["limited"] is False


async def test_a_quiet_sync_returns_when_its_time_is_over(bot: Homeserver, anna: Person) -> None:
    await room_with(bot, anna)
    since = await position(bot)
    answer = await bot.sync(since, 50, ALL)
    assert not answer.get("rooms", {}).get("join")


async def test_events_come_once(bot: Homeserver, anna: Person) -> None:
    room_id = await room_with(bot, anna)
    since = await position(bot)
    await anna.say(room_id, "one")
    first = await bot.sync(since, POLL_MS, ALL)
    await anna.say(room_id, "two")
    second = await bot.sync(first["next_batch"], POLL_MS, ALL)
    again = await bot.sync(since, 0, ALL)
    assert bodies(second["rooms"]["join"][room_id]["timeline"]["events"]) == ["two"]
    assert bodies(again["rooms"]["join"][room_id]["timeline"]["events"]) == ["one", "two"]


async def test_a_gap_is_announced_and_filled_by_messages(bot: Homeserver, anna: Person) -> None:
    room_id = await room_with(bot, anna)
    since = await position(bot)
    said = [f"number {number}" for number in range(23)]
    for body in said:
        await anna.say(room_id, body)
    timeline = (await joined(bot, room_id, since, SMALL))["timeline"]
    assert timeline["limited"] is True
    assert bodies(timeline["events"]) == said[-5:]
    missed = await backfill(bot, room_id, timeline["prev_batch"], since)
    assert bodies(reversed(missed)) == said[:-5]


async def backfill(bot: Homeserver, room_id: RoomId, start: str, end: str) -> list[dict[str, Any]]:
    """Every event between two tokens, newest first."""
    events: list[dict[str, Any]] = []
    token: str | None = start
    while token is not None:
        page = await bot.messages(room_id, token, end, 7)
        events += page.events
        token = page.next_token
    return events


async def test_what_was_redacted_in_a_gap_is_empty_and_its_redaction_is_there(bot: Homeserver, anna: Person) -> None:
    room_id = await room_with(bot, anna)
    since = await position(bot)
    secret = await anna.say(room_id, "secret")
    redaction = await anna.redact(room_id, secret, "slipped")
    for number in range(9):
        await anna.say(room_id, f"number {number}")
    timeline = (await joined(bot, room_id, since, SMALL))["timeline"]
    missed = {event["event_id"]: event for event in await backfill(bot, room_id, timeline["prev_batch"], since)}
    assert missed[secret]["content"] == {}
    assert missed[redaction]["content"]["redacts"] == secret
    assert missed[redaction]["content"]["reason"] == "slipped"


async def test_an_invitation_comes_in_one_incremental_sync_only(bot: Homeserver, anna: Person) -> None:
    since = await position(bot)
    room_id = await anna.create_room({"preset": "private_chat", "name": "Kitchen", "invite": [bot.user_id]})
    first = await bot.sync(since, POLL_MS, ALL)
    stripped = first["rooms"]["invite"][room_id]["invite_state"]["events"]
    own = [event for event in stripped if event["type"] == "m.room.member" and event["state_key"] == bot.user_id]
    assert own[0]["content"]["membership"] == "invite"
    assert own[0]["sender"] == anna.user_id
    assert "Kitchen" in [event["content"].get("name") for event in stripped]
    later = await bot.sync(first["next_batch"], 0, ALL)
    assert room_id not in later.get("rooms", {}).get("invite", {})
    from_the_start = await bot.sync(None, 0, ALL)
    assert room_id in from_the_start["rooms"]["invite"]


async def test_a_joined_room_comes_with_its_state_and_past(bot: Homeserver, anna: Person) -> None:
    room_id = RoomId(await anna.create_room({"preset": "private_chat", "invite": [bot.user_id]}))
    await anna.say(room_id, "before you came")
    since = await position(bot)
    await bot.join(room_id)
    entry = await joined(bot, room_id, since, SMALL)
    assert entry["timeline"]["limited"] is True
    assert "before you came" in bodies(entry["timeline"]["events"])
    known = types(entry["state"]["events"]) + types(entry["timeline"]["events"])
    assert "m.room.create" in known
    assert "m.room.power_levels" in known


async def test_being_kicked_comes_under_leave_with_the_reason(bot: Homeserver, anna: Person) -> None:
    room_id = RoomId(await anna.create_room({"preset": "private_chat", "invite": [bot.user_id]}))
    await bot.join(room_id)
    since = await position(bot)
    await anna.kick(room_id, bot.user_id)
    answer = await bot.sync(since, POLL_MS, ALL)
    last = answer["rooms"]["leave"][room_id]["timeline"]["events"][-1]
    assert (last["type"], last["state_key"]) == ("m.room.member", bot.user_id)
    assert last["content"]["membership"] == "leave"
    assert room_id not in (await bot.sync(answer["next_batch"], 0, ALL)).get("rooms", {}).get("leave", {})


async def test_a_first_sync_tells_where_one_was_kicked_but_not_where_one_left(bot: Homeserver, anna: Person) -> None:
    kicked, left = [
        RoomId(await anna.create_room({"preset": "private_chat", "invite": [bot.user_id]})) for _number in range(2)
    ]
    for room_id in (kicked, left):
        await bot.join(room_id)
    await anna.kick(kicked, bot.user_id)
    await bot.leave(left)
    assert set((await bot.sync(None, 0, ALL))["rooms"]["leave"]) == {kicked}


async def test_a_withdrawn_invitation_comes_under_leave(bot: Homeserver, anna: Person) -> None:
    room_id = await anna.create_room({"preset": "private_chat", "invite": [bot.user_id]})
    since = await position(bot)
    await anna.kick(room_id, bot.user_id)
    assert room_id in (await bot.sync(since, POLL_MS, ALL))["rooms"]["leave"]


async def test_after_leaving_nothing_more_is_read(bot: Homeserver, anna: Person) -> None:
    room_id = await room_with(bot, anna)
    await anna.leave(room_id)
    await bot.send(room_id, TEXT, text("she is gone"), TxnId("after"))
    assert "she is gone" not in bodies(await anna.timeline(room_id))


def without(bot: Homeserver, limit: int = 100) -> dict[str, Any]:
    """A filter that asks for no own events in the timeline."""
    return {"room": {"timeline": {"limit": limit, "not_senders": [bot.user_id]}}}


async def test_own_messages_are_filtered_and_do_not_wake(bot: Homeserver, anna: Person) -> None:
    room_id = await room_with(bot, anna)
    since = await position(bot)
    await bot.send(room_id, TEXT, text("mine"), TxnId("mine"))
    assert not (await bot.sync(since, 50, without(bot))).get("rooms", {}).get("join")
    await anna.say(room_id, "hers")
    entry = await joined(bot, room_id, since, without(bot))
    assert bodies(entry["timeline"]["events"]) == ["hers"]
    assert entry["timeline"]["limited"] is False


async def test_own_events_still_count_against_the_limit(bot: Homeserver, anna: Person) -> None:
    room_id = await room_with(bot, anna)
    since = await position(bot)
    for number in range(4):
        await anna.say(room_id, f"hers {number}")
        await bot.send(room_id, TEXT, text("mine"), TxnId(f"mine {number}"))
    entry = await joined(bot, room_id, since, without(bot, limit=5))
    assert bodies(entry["timeline"]["events"]) == [f"hers {number}" for number in range(4)]


async def test_own_state_is_lost_to_sync_when_it_comes_alone(bot: Homeserver, anna: Person) -> None:
    """With ``not_senders`` the room is left out, and a later answer does not make up for it."""
    room_id = await room_with(bot, anna)
    since = await position(bot)
    await bot.set_state(room_id, "m.room.topic", "", {"topic": "new"})
    alone = await bot.sync(since, 50, without(bot))
    assert room_id not in alone.get("rooms", {}).get("join", {})
    await anna.say(room_id, "hello")
    entry = await joined(bot, room_id, alone["next_batch"], without(bot))
    assert "m.room.topic" not in types(entry["state"]["events"])


async def test_own_state_comes_in_state_when_others_speak_after_it(bot: Homeserver, anna: Person) -> None:
    room_id = await room_with(bot, anna)
    since = await position(bot)
    await bot.set_state(room_id, "m.room.topic", "", {"topic": "new"})
    await anna.say(room_id, "hello")
    entry = await joined(bot, room_id, since, without(bot))
    assert types(entry["timeline"]["events"]) == [TEXT]
    assert "m.room.topic" in types(entry["state"]["events"])


async def test_own_state_after_the_last_word_of_others_does_not_come(bot: Homeserver, anna: Person) -> None:
    room_id = await room_with(bot, anna)
    since = await position(bot)
    await anna.say(room_id, "hello")
    await bot.set_state(room_id, "m.room.topic", "", {"topic": "new"})
    entry = await joined(bot, room_id, since, without(bot))
    assert "m.room.topic" not in types(entry["state"]["events"])


async def test_a_room_the_bot_made_comes_whole_in_state(bot: Homeserver) -> None:
    since = await position(bot)
    room_id = await bot.create_room(NewRoom(name="Library"))
    entry = await joined(bot, room_id, since, without(bot))
    assert entry["timeline"]["events"] == []
    assert {"m.room.create", "m.room.member", "m.room.power_levels", "m.room.name"} <= set(
        types(entry["state"]["events"])
    )


async def test_the_state_part_obeys_its_own_filter(bot: Homeserver, anna: Person) -> None:
    await room_with(bot, anna, name="Library")
    only = {"room": {"timeline": {"limit": 0}, "state": {"types": ["m.room.name"]}}}
    answer = await bot.sync(None, 0, only)
    assert [types(entry["state"]["events"]) for entry in answer["rooms"]["join"].values()] == [["m.room.name"]]


async def test_only_wanted_types_come_in_the_timeline(bot: Homeserver, anna: Person) -> None:
    room_id = await room_with(bot, anna)
    since = await position(bot)
    await anna.send(room_id, "org.example.noise", {})
    said = await anna.say(room_id, "hello")
    await anna.react(room_id, said, "👍")
    wanted = {"room": {"timeline": {"limit": 50, "types": [TEXT]}}}
    entry = await joined(bot, room_id, since, wanted)
    assert types(entry["timeline"]["events"]) == [TEXT]


async def test_members_of_a_space_who_leave_it_keep_its_rooms(bot: Homeserver, anna: Person) -> None:
    space = await room_with(bot, anna, is_space=True)
    room_id = await bot.create_room(NewRoom(initial_state=[join_rule("restricted", space)]))
    await anna.join(room_id)
    await bot.kick(space, UserId(anna.user_id))
    assert room_id in await anna.joined()
    await bot.send(room_id, TEXT, text("still readable"), TxnId("still"))
    assert "still readable" in bodies(await anna.timeline(room_id))


async def test_a_newcomer_reads_the_past(bot: Homeserver, anna: Person, ben: Person) -> None:
    room_id = await room_with(bot, anna)
    await anna.say(room_id, "before ben")
    await bot.invite(room_id, UserId(ben.user_id))
    await ben.join(room_id)
    assert "before ben" in bodies(await ben.timeline(room_id))


async def test_with_history_since_joining_a_newcomer_does_not(bot: Homeserver, anna: Person, ben: Person) -> None:
    visibility = state("m.room.history_visibility", {"history_visibility": "joined"})
    room_id = await room_with(bot, anna, initial_state=[visibility])
    await anna.say(room_id, "before ben")
    await bot.invite(room_id, UserId(ben.user_id))
    await ben.join(room_id)
    await anna.say(room_id, "after ben")
    assert bodies(await ben.timeline(room_id)) == ["after ben"]


async def test_waiting_for_an_event_finds_earlier_and_later_ones(bot: Homeserver, anna: Person) -> None:
    room_id = await room_with(bot, anna)
    waiting = asyncio.create_task(anna.wait_for(room_id, lambda event: event["content"].get("body") == "later"))
    await bot.send(room_id, TEXT, text("later"), TxnId("later"))
    assert (await waiting)["sender"] == bot.user_id
    assert await anna.wait_for(room_id, lambda event: event["content"].get("body") == "later")


async def test_a_token_of_a_lost_future_begins_at_the_present(bot: Homeserver, anna: Person) -> None:
    """After a backup of the server came back; what was said before that sync comes in no answer."""
    room_id = await room_with(bot, anna)
    future = re.sub(r"^s\d+", "s999999", await position(bot))
    await anna.say(room_id, "before")
    first = await bot.sync(future, 0, ALL)
    assert not first.get("rooms", {}).get("join")
    await anna.say(room_id, "after")
    entry = await joined(bot, room_id, first["next_batch"], ALL)
    assert bodies(entry["timeline"]["events"]) == ["after"]
