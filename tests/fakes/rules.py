"""Who may do what in a room: the authorisation rules of room versions 10 to 12, as far as a local server needs them.

Pure functions over a room's state. Source: Matrix specification, Room versions 10, 11 and 12, Authorization rules.
"""

import json
import math
import re
from collections.abc import Callable, Mapping
from typing import Any, Never

from copp_bot.core.matrix.port import Forbidden, MatrixError, TooLarge

Raw = dict[str, Any]
State = Mapping[tuple[str, str], Raw]
USER_ID = re.compile(r"@[^:]+:.+")
LARGEST = 65_000
"""Bytes of content that fit into an event of 65,536 with the rest of it, about."""
NAMED = {"ban": 50, "kick": 50, "redact": 50, "invite": 0, "state_default": 50, "events_default": 0, "users_default": 0}


def deny(words: str) -> Never:
    """403."""
    raise Forbidden("M_FORBIDDEN", words, 403)


def invalid(words: str, errcode: str = "M_INVALID_PARAM") -> Never:
    """400."""
    raise MatrixError(errcode, words, 400)


def check_content(content: Raw) -> None:
    """Is this something that an event can carry? Canonical JSON has no fractions, and an event has its size."""
    if _has_fraction(content):
        invalid("Bad JSON value: float", "M_BAD_JSON")
    if len(json.dumps(content)) > LARGEST:
        raise TooLarge("M_TOO_LARGE", "event too large", 413)


def _has_fraction(value: Any) -> bool:
    if isinstance(value, dict | list):
        return any(map(_has_fraction, value.values() if isinstance(value, dict) else value))
    return isinstance(value, float)


def check_user_id(user_id: str, server_name: str) -> None:
    """Is this an account that the server could know? It speaks to no other server."""
    if not USER_ID.fullmatch(user_id):
        invalid("not a user id")
    if user_id.partition(":")[2] != server_name:
        deny("federation denied")


def content(state: State, event_type: str, state_key: str = "") -> Raw:
    """Content of a state event, empty when there is none."""
    event = state.get((event_type, state_key))
    return event["content"] if event else {}


def membership(state: State, user_id: str) -> str | None:
    """Someone's membership in this state."""
    return content(state, "m.room.member", user_id).get("membership")


def version(state: State) -> int:
    """The room version as a number."""
    return int(content(state, "m.room.create").get("room_version", "1"))


def creators(state: State) -> frozenset[str]:
    """Those with unlimited power: since version 12 the creator and the additional ones, before nobody."""
    if version(state) < 12:
        return frozenset()
    create = state[("m.room.create", "")]
    return frozenset({create["sender"], *create["content"].get("additional_creators", ())})


def power(state: State, user_id: str) -> float:
    """A user's power level."""
    if user_id in creators(state):
        return math.inf
    levels = content(state, "m.room.power_levels")
    return float(levels.get("users", {}).get(user_id, levels.get("users_default", 0)))


def named_level(state: State, name: str) -> float:
    """The level that an act needs."""
    return float(content(state, "m.room.power_levels").get(name, NAMED[name]))


def check_send(state: State, sender: str, event_type: str, state_key: str | None) -> None:
    """May this event be sent? Memberships have rules of their own."""
    if membership(state, sender) != "join":
        deny("not in the room")
    levels = content(state, "m.room.power_levels")
    default = named_level(state, "events_default" if state_key is None else "state_default")
    if power(state, sender) < levels.get("events", {}).get(event_type, default):
        deny("not enough power")
    if state_key is not None and state_key.startswith("@") and state_key != sender:
        deny("not allowed to set others state")


def check_power_levels(state: State, sender: str, new: Raw) -> None:
    """May the levels become these? Nobody gives or takes above their own; creators stand nowhere."""
    for user_id, level in new.get("users", {}).items():
        if not USER_ID.fullmatch(user_id) or type(level) is not int:
            invalid("not a user id with a level", "M_BAD_JSON")
    if creators(state) & set(new.get("users", {})):
        raise MatrixError("M_UNKNOWN", "creators must not appear in users", 400)
    old = content(state, "m.room.power_levels")
    own = power(state, sender)
    for before, after, is_other in _changed_levels(old, new, sender):
        if max(before, after) > own or (is_other and before == own):
            deny("levels above your own")


def _changed_levels(old: Raw, new: Raw, sender: str) -> list[tuple[float, float, bool]]:
    """(before, after, is another user's) of every level that differs."""
    pairs = [(old.get(name, default), new.get(name, default), False) for name, default in NAMED.items()]
    for table in ("events", "users"):
        before, after = old.get(table, {}), new.get(table, {})
        for key in before.keys() | after.keys():
            pairs.append((before.get(key, 0), after.get(key, 0), table == "users" and key != sender))
    return [(b, a, other) for b, a, other in pairs if b != a] if old else []


def is_open(state: State) -> bool:
    """May anyone join, knock or read?"""
    rule = content(state, "m.room.join_rules").get("join_rule", "invite")
    history = content(state, "m.room.history_visibility").get("history_visibility")
    return rule in ("public", "knock", "knock_restricted") or history == "world_readable"


def check_redact(state: State, sender: str, target: Raw | None) -> None:
    """May the sender redact this event? One's own always, if one may send redactions at all; an unknown one too."""
    check_send(state, sender, "m.room.redaction", None)
    if target is not None and target["sender"] != sender and power(state, sender) < named_level(state, "redact"):
        deny("not enough power to redact")


def check_membership(
    state: State, sender: str, target: str, new: str, joined_elsewhere: Callable[[str, str], bool]
) -> None:
    """May ``sender`` make ``target``'s membership ``new``?

    Args:
        joined_elsewhere: (room id, user id) -> joined there? For restricted rooms.
    """
    if membership(state, target) == "ban" and new in ("join", "invite", "knock"):
        deny("banned")
    checks: dict[str, Callable[[], None]] = {
        "join": lambda: _check_join(state, target, joined_elsewhere),
        "invite": lambda: _check_invite(state, sender, target),
        "leave": lambda: _check_leave(state, sender, target),
        "ban": lambda: _check_act(state, sender, target, "ban"),
        "knock": lambda: _check_knock(state, target),
    }
    checks[new]()


def _check_join(state: State, user_id: str, joined_elsewhere: Callable[[str, str], bool]) -> None:
    rules = content(state, "m.room.join_rules")
    rule = rules.get("join_rule", "invite")
    if rule == "public" or membership(state, user_id) in ("invite", "join"):
        return
    rooms = [allow.get("room_id") for allow in rules.get("allow", ())] if "restricted" in rule else []
    if not any(joined_elsewhere(room, user_id) for room in rooms):
        deny("not invited")


def _check_invite(state: State, sender: str, target: str) -> None:
    _check_present(state, sender)
    if membership(state, target) == "join":
        deny("already in the room")
    if power(state, sender) < named_level(state, "invite"):
        deny("not enough power to invite")


def _check_leave(state: State, sender: str, target: str) -> None:
    was = membership(state, target)
    if sender == target:
        if was not in ("join", "invite", "knock"):
            deny("not in the room")
    elif was == "ban":
        _check_act(state, sender, target, "ban")
    else:
        _check_act(state, sender, target, "kick")


def _check_act(state: State, sender: str, target: str, act: str) -> None:
    _check_present(state, sender)
    own = power(state, sender)
    if own < named_level(state, act) or own <= power(state, target):
        deny(f"not enough power to {act}")


def _check_knock(state: State, user_id: str) -> None:
    if "knock" not in content(state, "m.room.join_rules").get("join_rule", ""):
        deny("the room takes no knocks")
    if membership(state, user_id) in ("join", "invite"):
        deny("already there")


def _check_present(state: State, sender: str) -> None:
    if membership(state, sender) != "join":
        deny("not in the room")
