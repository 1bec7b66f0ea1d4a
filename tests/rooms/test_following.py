"""Which room may take the place of one of ours: only one that the bot made, or that verifiably follows it."""

from typing import Any

import pytest

from copp_bot.core.ids import RoomId
from copp_bot.core.matrix.port import MARKER, JsonDict
from copp_bot.rooms import state
from copp_bot.rooms.following import refusal
from copp_bot.rooms.observe import ObservedRoom, read_state
from tests.rooms.support import BOT

ANNA, MALLORY = "@anna:example.org", "@mallory:example.org"
OLD = "!old"


def event(kind: str, sender: str, content: JsonDict) -> JsonDict:
    """A state event with an empty state key."""
    return {"type": kind, "state_key": "", "sender": sender, "content": content}


def old(version: str = "12", kind: str | None = None) -> ObservedRoom:
    """Our room, which Anna has closed in favour of another."""
    creation = {"room_version": version} | ({"type": kind} if kind else {})
    events = [
        event("m.room.create", BOT, creation),
        event(MARKER, BOT, {"key": "blogs", "kind": "room", "scope": "community", "readers": "community"}),
        event(state.TOMBSTONE, ANNA, {"replacement_room": "!new"}),
    ]
    seen = read_state(RoomId(OLD), events, BOT)
    assert isinstance(seen, ObservedRoom)
    return seen


def new(**how: Any) -> list[JsonDict]:
    """The new room's state, sound unless ``how`` says otherwise."""
    creation: JsonDict = {
        "room_version": how.get("version", "11"),
        "predecessor": how.get("predecessor", {"room_id": OLD}),
    }
    creation |= {"type": how["kind"]} if "kind" in how else {}
    levels = {"users": how.get("users", {BOT: 100}), **how.get("levels", {})}
    events = [
        event("m.room.create", how.get("creator", ANNA), creation),
        event("m.room.power_levels", how.get("creator", ANNA), levels),
    ]
    return events + ([event(MARKER, ANNA, how["marker"])] if "marker" in how else [])


@pytest.mark.parametrize("version", ["10", "11", "12"])
def test_what_follows_ours_is_taken(version: str) -> None:
    assert refusal(old(version), new(version=version), BOT) is None


def test_what_the_bot_made_is_taken() -> None:
    assert refusal(old(), new(creator=BOT, predecessor=None, version="12", users={}), BOT) is None


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"predecessor": {"room_id": "!other"}}, "does not follow"),
        ({"predecessor": None}, "does not follow"),
        ({"predecessor": "!old"}, "does not follow"),
        ({"creator": MALLORY}, "does not follow"),
        ({"kind": "m.space"}, "a space and the other is a room"),
        ({"users": {BOT: 99}}, "power there is 99"),
        ({"users": {}}, "power there is 0"),
        ({"levels": {"events": {"m.room.power_levels": 101}}}, "power there is 100"),
        ({"marker": {"key": "secretariat"}}, "another room of ours"),
    ],
)
def test_everything_else_is_refused(how: dict[str, Any], words: str) -> None:
    assert words in (refusal(old(), new(**how), BOT) or "")


def test_what_is_no_state_is_refused() -> None:
    junk: list[JsonDict] = [{}, {"type": 3}, {"type": "m.room.create", "state_key": "", "sender": ANNA, "content": 5}]
    assert refusal(old(), junk, BOT) is not None
