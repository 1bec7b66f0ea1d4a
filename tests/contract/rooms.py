"""Rooms that contract tests start from."""

from typing import Any

from copp_bot.core.ids import RoomId, UserId
from copp_bot.core.matrix.port import Homeserver, NewRoom
from tests.world import Person, Raw

ALL = {"room": {"timeline": {"limit": 100}}}
TEXT = "m.room.message"


def text(body: str) -> Raw:
    """Content of a text message."""
    return {"msgtype": "m.text", "body": body}


def state(event_type: str, content: Raw, state_key: str = "") -> Raw:
    """An entry of ``initial_state``."""
    return {"type": event_type, "state_key": state_key, "content": content}


def join_rule(rule: str, *rooms: str) -> Raw:
    """Join rules; with rooms, for their members."""
    allow = [{"type": "m.room_membership", "room_id": room} for room in rooms]
    return state("m.room.join_rules", {"join_rule": rule} | ({"allow": allow} if rooms else {}))


async def room_with(bot: Homeserver, *people: Person, **how: Any) -> RoomId:
    """A room of the bot's in which these people are."""
    room_id = await bot.create_room(NewRoom(**how))
    for person in people:
        await bot.invite(room_id, UserId(person.user_id))
        await person.join(room_id)
    return room_id


def bodies(events: Any) -> list[str]:
    """The texts among events."""
    return [event["content"]["body"] for event in events if event["type"] == TEXT and "body" in event["content"]]


def types(events: Any) -> list[str]:
    """The types of events."""
    return [event["type"] for event in events]
