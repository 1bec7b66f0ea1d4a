"""Power levels: what they shall be, what the bot may change, and whether it could still undo it.

The rule it keeps: pure; a write is merged into the fresh content, keeps unknown keys, never changes what the bot
could not change back, and never lists the creators of a room of version 12. Sources: Matrix specification,
``m.room.power_levels``; authorization rules of room versions 10 to 12 (in 12, MSC4289, creators are above all levels).
"""

import copy
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from copp_bot.core.ids import Scope, UserId
from copp_bot.core.matrix.port import MARKER, JsonDict
from copp_bot.core.permissions import Role
from copp_bot.rooms.declared import DeclaredRoom

POWER_LEVELS = "m.room.power_levels"
UNLIMITED = sys.maxsize
BOT = 100
STEWARD = 50
ACTIONS = {"invite": 0, "kick": 50, "ban": 50, "redact": 50}
"""What acting on others needs where the content does not say (specification)."""
DEFAULTS = {**ACTIONS, "users_default": 0, "events_default": 0, "state_default": 50}
OURS_ALONE = (
    POWER_LEVELS,
    "m.room.join_rules",
    "m.room.history_visibility",
    "m.room.guest_access",
    "m.room.tombstone",
    "m.room.server_acl",
    "m.room.encryption",
    MARKER,
    "org.copp_bot.grants",  # the grants as the stewards' room keeps them, from which a lost database is filled again
)
"""State that only the bot sets: who could change it could lock everyone out or let everyone in."""


@dataclass(frozen=True)
class RoleGrant:
    """That someone holds a role in a scope now."""

    user_id: UserId
    role: str
    scope: Scope


@dataclass(frozen=True)
class Creation:
    """What ``m.room.create`` says about power.

    Args:
        version: the room version.
        creators: in version 12 all of them are above every level; before, the one creator began with 100.
    """

    version: str
    creators: frozenset[str]

    @property
    def creators_are_unlimited(self) -> bool:
        """Room version 12 and later, and the unstable version it grew from."""
        return int(self.version) >= 12 if self.version.isdecimal() else self.version == "org.matrix.hydra.11"

    @property
    def unlisted(self) -> frozenset[str]:
        """Those who must not be listed in ``users``."""
        return self.creators if self.creators_are_unlimited else frozenset()


def creation_of(event: Mapping[str, Any]) -> Creation:
    """From the raw ``m.room.create`` event; its sender is the creator, since version 11 without being named."""
    content = event.get("content")
    content = content if isinstance(content, dict) else {}
    version = content.get("room_version", "1")
    more = content.get("additional_creators")
    creators = {event.get("sender"), content.get("creator"), *(more if isinstance(more, list) else ())}
    return Creation(str(version), frozenset(c for c in creators if isinstance(c, str)))


def level_of(creation: Creation, levels: Mapping[str, Any] | None, user: str) -> int:
    """A user's power; without any ``m.room.power_levels`` event the creator has 100."""
    if user in creation.unlisted:
        return UNLIMITED
    if levels is None:
        return BOT if user in creation.creators else 0
    return number(table(levels, "users").get(user), number(levels.get("users_default"), 0))


def needed(levels: Mapping[str, Any] | None, event_type: str, *, is_state: bool = True) -> int:
    """The power that sending this event type takes."""
    if levels is None:
        return 0
    default = "state_default" if is_state else "events_default"
    return number(table(levels, "events").get(event_type), number(levels.get(default), DEFAULTS[default]))


def powers_in(scope: Scope, grants: Iterable[RoleGrant], roles: Mapping[str, Role]) -> dict[UserId, int]:
    """Who has which power in the rooms of a scope: the highest of the roles that count there."""
    powers: dict[UserId, int] = {}
    for grant in grants:
        role = roles.get(grant.role)
        if role is not None and (role.everywhere or grant.scope == scope):
            powers[grant.user_id] = max(role.power, powers.get(grant.user_id, 0))
    return powers


def desired(room: DeclaredRoom, powers: Mapping[UserId, int]) -> JsonDict:
    """The declared content for a room, without the bot and without regard to the room's version."""
    events = dict.fromkeys(OURS_ALONE, BOT)
    users = dict(powers)
    if room.owner is not None:
        users[room.owner] = max(STEWARD, users.get(room.owner, 0))
    if room.is_for_reading:
        # Reacting, and taking one's own reaction back, is not posting.
        events |= {"m.reaction": 0, "m.room.redaction": 0}
    return {
        "users": users,
        "users_default": 0,
        "events": events,
        "events_default": BOT if room.is_space else STEWARD if room.is_for_reading else 0,
        "state_default": 90,
        "invite": 50,
        "kick": 50,
        "redact": 50,
        "ban": 75,
        "notifications": {"room": 50},
    }


def first_content(room: DeclaredRoom, powers: Mapping[UserId, int], creation: Creation, bot: UserId) -> JsonDict:
    """The content for ``createRoom``."""
    content = desired(room, {user: power for user, power in powers.items() if user not in creation.unlisted})
    if bot not in creation.unlisted:
        content["users"][bot] = BOT
    return content


def merge(creation: Creation, current: Mapping[str, Any] | None, wanted: Mapping[str, Any], bot: UserId) -> JsonDict:
    """As near to ``wanted`` as the bot's power allows; equal to ``current`` where it allows nothing.

    Unknown keys stay. Of the users not wanted, those stay who have as much power as the bot (it may not touch them)
    and those below zero (muted); all others lose theirs.
    """
    before = dict(current or {})
    own = level_of(creation, current, bot)
    if own < needed(current, POWER_LEVELS):
        return copy.deepcopy(before)
    after = copy.deepcopy(before)
    _merge_numbers(after, {k: v for k, v in wanted.items() if isinstance(v, int)}, own, DEFAULTS)
    for name in ("events", "notifications"):
        inner = dict(table(after, name))
        _merge_numbers(inner, wanted.get(name, {}), own, {})
        after[name] = inner
    after["users"] = _merge_users(creation, current, wanted["users"], bot, own)
    return after if can_still_undo(creation, current, after, bot) else copy.deepcopy(before)


def can_still_undo(creation: Creation, before: Mapping[str, Any] | None, after: Mapping[str, Any], bot: UserId) -> bool:
    """Could the bot take back what turns ``before`` into ``after``? If not, it must not be written."""
    own = level_of(creation, after, bot)
    if own < min(level_of(creation, before, bot), BOT) or own < needed(after, POWER_LEVELS):
        return False
    was, now = _flat(before or {}), _flat(after)
    if any(number(now[at], 0) > own for at in now if now[at] != was.get(at)):
        return False
    users_were, users = table(before or {}, "users"), table(after, "users")
    return all(number(users[u], 0) < own for u in users if u != bot and users[u] != users_were.get(u))


def number(value: Any, default: int) -> int:
    """A level as servers read it; room versions before 10 allowed numbers in quotes."""
    if isinstance(value, bool):
        return default
    if isinstance(value, str):
        try:
            return int(value)
        except ValueError:
            return default
    return value if isinstance(value, int) else default


def table(levels: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """An object inside the content; an empty one where something else stands."""
    found = levels.get(name)
    return found if isinstance(found, dict) else {}


def _flat(levels: Mapping[str, Any]) -> dict[tuple[str, str], Any]:
    """Every level apart from the users'."""
    outer = {("", name): level for name, level in levels.items() if not isinstance(level, dict)}
    inner = {(name, key): level for name in ("events", "notifications") for key, level in table(levels, name).items()}
    return outer | inner


def _merge_numbers(after: JsonDict, wanted: Mapping[str, Any], own: int, defaults: Mapping[str, int]) -> None:
    """A level may be changed if neither the old nor the new one is above the bot's own (authorization rules)."""
    for name, level in wanted.items():
        if after.get(name) != level and number(after.get(name), defaults.get(name, 0)) <= own and level <= own:
            after[name] = level


def _merge_users(
    creation: Creation, current: Mapping[str, Any] | None, wanted: Mapping[str, int], bot: UserId, own: int
) -> dict[str, Any]:
    was = table(current or {}, "users")
    kept = {user: level for user, level in was.items() if number(level, 0) >= own or number(level, 0) < 0}
    given = {user: level for user, level in wanted.items() if user not in kept and level < own}
    users = {user: level for user, level in {**kept, **given}.items() if user not in creation.unlisted and user != bot}
    if bot not in creation.unlisted:
        users[bot] = own  # written out, because it may have followed from users_default until now
    return users
