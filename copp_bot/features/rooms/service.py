"""Which tasks follow from the mirror. The rules themselves are ``rooms.rights`` and ``rooms.power``."""

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from copp_bot.core.context import Context, Effects, Place
from copp_bot.core.feature import Core
from copp_bot.core.ids import COMMUNITY, RoomId, Scope, UserId
from copp_bot.core.matrix.port import JsonDict
from copp_bot.rooms import by_role, power, store
from copp_bot.rooms.apply import Surroundings
from copp_bot.rooms.declared import ROLES, Declaration, DeclaredRoom
from copp_bot.rooms.power import Creation, RoleGrant
from copp_bot.rooms.rights import BRING, misplaced

PLAN_TASK, APPLY_TASK, POWER_TASK = "rooms.plan", "rooms.apply", "rooms.power"
BRING_TASK, REMOVE_TASK = "rooms.bring", "rooms.remove"
MEND_TASK, LOOK_TASK, RESTORE_TASK = "rooms.mend", "rooms.look", "rooms.restore"
LANE = "rooms"
"""Plans and applications run one after the other."""


@dataclass(frozen=True)
class Drift:
    """One thing in one room that may not be as declared: a state event by type and state key."""

    key: str
    type: str
    state_key: str

    def entry(self, room_id: RoomId) -> dict[str, str]:
        """As the trail has it."""
        return {"room_id": room_id, "type": self.type, "state_key": self.state_key}


def request(ctx: Context, kind: str) -> None:
    """Have the rooms compared or made; the task edits the answer to this command."""
    payload = {
        "answer": ctx.answer,
        "asker": ctx.viewer.user_id,
        "language": ctx.viewer.language,
        "is_shared": is_discreet(ctx.place) and not ctx.place.is_direct,
    }
    ctx.effects.task(kind, payload, lane=LANE)


def is_discreet(place: Place) -> bool:
    """May names of unlisted groups be read here? In direct chats and in rooms of role holders."""
    return place.is_direct or (place.readers or "").startswith(ROLES)


def move(effects: Effects, declared: Declaration, bot: UserId, people: Collection[UserId] | None = None) -> None:
    """Write a task for every person in the wrong place.

    Args:
        people: only these; None looks at everybody.
    """
    for due in misplaced(store.snapshot(effects.session, declared, bot, effects.now, people)):
        kind = BRING_TASK if due.kind == BRING else REMOVE_TASK
        payload = {"user_id": due.user_id, "room_id": due.room_id, "reason": due.reason}
        # The day is part of the marker, so that what was given up is tried again tomorrow.
        marker = f"{due.marker}:{effects.now:%Y-%m-%d}"
        effects.task(kind, payload, marker=marker, lane=f"rooms:{due.room_id}:{due.user_id}")
        if due.kind == BRING and store.is_space(effects.session, due.room_id):
            # nothing but a role brings into a space; noted before it is done, so that it is known whatever comes
            by_role.note(effects.session, due.user_id, due.room_id)


def mend(effects: Effects, drift: Drift, why: str) -> None:
    """Have one thing in one room looked at, and set back if it is not as declared.

    Args:
        why: what it follows from; the same is looked at once.
    """
    lane = f"{MEND_TASK}:{drift.key}:{drift.type}:{drift.state_key}"
    effects.task(MEND_TASK, asdict(drift), marker=f"{lane}:{why}", lane=lane)


def look(effects: Effects) -> None:
    """Have every room looked at."""
    effects.task(LOOK_TASK, {}, marker=f"{LOOK_TASK}:{effects.cause}", lane=LANE)


def restored(effects: Effects, since: datetime) -> None:
    """Have the rooms made as declared again, of a homeserver that has forgotten everything since then."""
    effects.task(RESTORE_TASK, {"since": since.isoformat()}, marker=f"{RESTORE_TASK}:{effects.cause}", lane=LANE)


def adjust_power(effects: Effects, declared: Declaration, bot: UserId) -> None:
    """Have every room looked at whose mirrored power levels do not follow the grants in force."""
    grants = store.grants(effects.session, effects.now)
    for key, (_room_id, creation, levels) in store.mirrored_power(effects.session).items():
        room = declared.room(key)
        if room and levels is not None and is_wrong(declared, room, creation, levels, grants, bot):
            facts = [levels, sorted(grants, key=repr), store.last_grant(effects.session)]
            digest = hashlib.sha256(json.dumps(facts, default=repr, sort_keys=True).encode()).hexdigest()[:16]
            # The hour is part of it, so that a write that was given up is tried again.
            mend(effects, Drift(key, power.POWER_LEVELS, ""), f"{digest}:{effects.now:%Y-%m-%dT%H}")


def surroundings(core: Core) -> Surroundings:
    """What planning and applying need."""
    creators = [UserId(user) for user in core.settings.emergency_creators]
    return Surroundings(core.homeserver, core.database, core.clock, creators)


def is_wrong(
    declared: Declaration,
    room: DeclaredRoom,
    creation: Creation,
    levels: Mapping[str, Any],
    grants: Collection[RoleGrant],
    bot: UserId,
) -> bool:
    """Would the bot write other power levels into this room?"""
    return power.merge(creation, levels, wanted_power(declared, room, grants), bot) != levels


def wanted_power(declared: Declaration, room: DeclaredRoom, grants: Collection[RoleGrant]) -> JsonDict:
    """The declared power levels with the grants in force."""
    return power.desired(room, power.powers_in(room.scope, grants, declared.roles))


def concerned(declared: Declaration, scope: Scope | None) -> tuple[DeclaredRoom, ...]:
    """The rooms whose power a change in this scope may touch; roles of the community may count everywhere."""
    return tuple(room for room in declared.all if scope in (None, COMMUNITY) or room.scope == scope)
