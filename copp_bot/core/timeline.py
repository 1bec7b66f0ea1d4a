"""Puts one room's part of a ``/sync`` answer into the order in which things happened. Pure.

The bot asks for no events of its own, so its own state changes come in ``state``, which the specification places
before the timeline although they may have happened after it; and a ``limited`` timeline has lost its beginning.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from copp_bot.core.ids import UserId
from copp_bot.core.matrix.port import JsonDict


@dataclass(frozen=True)
class Ordered:
    """A room's events: the state before, the timeline, and the state that came after it."""

    before: Sequence[JsonDict]
    timeline: Sequence[JsonDict]
    after: Sequence[JsonDict]


def order(state: Sequence[JsonDict], timeline: Sequence[JsonDict]) -> Ordered:
    """Split ``state`` into what precedes and what follows the timeline."""
    last = {key(event): event for event in timeline if "state_key" in event}
    before: list[JsonDict] = []
    after: list[JsonDict] = []
    for event in state:
        seen = last.get(key(event))
        (after if seen is not None and _is_later(event, seen) else before).append(event)
    return Ordered(before, timeline, after)


def key(event: JsonDict) -> tuple[str, str]:
    """What a state event is about."""
    return str(event.get("type")), str(event.get("state_key"))


def keys(events: Sequence[JsonDict]) -> set[tuple[str, str]]:
    """What the state events among these are about."""
    return {key(event) for event in events if "state_key" in event}


def joined_at(events: Sequence[JsonDict], bot: UserId) -> int | None:
    """When the bot joined, in milliseconds, if one of these events says so."""
    for event in events:
        content = event.get("content")
        is_own = event.get("type") == "m.room.member" and event.get("state_key") == bot
        if is_own and isinstance(content, dict) and content.get("membership") == "join":
            return _time(event)
    return None


def since_join(events: Sequence[JsonDict], joined: int) -> list[JsonDict]:
    """What was said after the bot joined, and all state; what was said before is never acted on."""
    return [event for event in events if "state_key" in event or _time(event) >= joined]


def said(events: Sequence[JsonDict]) -> list[JsonDict]:
    """Those that are no state."""
    return [event for event in events if "state_key" not in event]


def after(events: Sequence[JsonDict], since: datetime) -> list[JsonDict]:
    """Those that came after a time, by the homeserver's clock."""
    return [event for event in events if _time(event) > since.timestamp() * 1000]


def merge(earlier: Sequence[JsonDict], later: Sequence[JsonDict]) -> list[JsonDict]:
    """Both in order, each event once."""
    seen: set[object] = set()
    merged = []
    for event in [*earlier, *later]:
        if event.get("event_id") not in seen:
            seen.add(event.get("event_id"))
            merged.append(event)
    return merged


def _is_later(event: JsonDict, than: JsonDict) -> bool:
    """Did a state event follow another of the same key? By the chain of replacement, else by the server's clock."""
    if _replaces(event) == than.get("event_id"):
        return True
    return _replaces(than) != event.get("event_id") and _time(event) >= _time(than)


def _replaces(event: JsonDict) -> object:
    unsigned = event.get("unsigned")
    return unsigned.get("replaces_state", "") if isinstance(unsigned, dict) else ""


def _time(event: JsonDict) -> int:
    value = event.get("origin_server_ts")
    return value if isinstance(value, int) else 0
