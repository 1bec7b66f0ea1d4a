"""What people change by hand in declared rooms: set back, or put before the Secretariat.

The rule it keeps: nobody is fought with. One thing in one room is set back three times an hour at most; then, or where
the declaration says ``drift: report``, a person is asked once and the bot leaves it, until it changes again or somebody
applies the declaration. What opens a door is set back in any case first. Only what someone else has set is drift: what
the bot has set itself waits for ``apply``.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlmodel import Session

from copp_bot.core.context import Effects, TaskEffect
from copp_bot.core.feature import Core
from copp_bot.core.i18n import reading_in
from copp_bot.core.ids import COMMUNITY, RoomKey, Scope, UserId
from copp_bot.core.matrix.port import MARKER, JsonDict
from copp_bot.core.own_acts import Found, write_found
from copp_bot.core.readers import reader
from copp_bot.core.reply import Reply
from copp_bot.core.store import meta
from copp_bot.core.store import rooms as rooms_store
from copp_bot.features.rooms import render, service
from copp_bot.features.rooms.service import Drift
from copp_bot.rooms import opened, power, state, store
from copp_bot.rooms.apply import Outcome, Surroundings, apply, look_and_plan, take
from copp_bot.rooms.declared import Declaration, DeclaredRooms
from copp_bot.rooms.memberships import otherwise
from copp_bot.rooms.observe import Observed, ObservedRoom, read_state
from copp_bot.rooms.plan import Follow, SetState, Write, about, differences, writes
from copp_bot.rooms.power import Creation, RoleGrant

MOST_REPAIRS, WITHIN = 3, timedelta(hours=1)
DOORS = frozenset({power.POWER_LEVELS, state.JOIN_RULES, state.HISTORY, state.GUESTS, MARKER})
"""What lets people in or gives them power."""
LEFT = "rooms.left:"
"""Name of the fact that someone was asked about this; its value is a digest of what it says."""
SECRETARIAT = "secretariat"


@dataclass(frozen=True)
class Keeping:
    """Looks at rooms and keeps them as declared."""

    core: Core
    rooms: DeclaredRooms

    async def mend(self, payload: dict[str, Any]) -> TaskEffect | None:
        """Look at one thing in one room, and set it back or ask."""
        drift = Drift(**payload)
        declared = self.rooms.declaration
        seen = await self._room(drift, declared)
        if seen is None:
            return None
        observed, room = seen
        step = self._step(declared, observed, drift, await self._grants())
        is_asked, count = await self.core.database.read(lambda session: _memory(session, self._since(), drift, room))
        if step is None or is_asked:
            return None
        may_repair = declared.repairs_drift or drift.type in DOORS
        if not may_repair or count >= MOST_REPAIRS:
            return partial(self._ask, drift=drift, room=room, step=step, fought=may_repair)
        if (reason := await take(step, self._around(), observed)) is not None:
            return partial(self._ask, drift=drift, room=room, step=step, fought=False, reason=reason)
        return partial(self._mended, drift=drift, room=room, is_first=count == 0)

    async def look(self, payload: dict[str, Any]) -> TaskEffect | None:
        """Look at every room: what was opened by command, rooms that were replaced, what nobody heard of."""
        core, around = self.core, self._around()
        # before the first sync is taken in, what it brings is no difference, and would be known before what was said
        known = await core.database.read(store.stays) if core.synced.is_set() else None
        self.rooms.become(await opened.whole(self.rooms.folder, core.homeserver, core.settings.bot, core.database))
        declared = self.rooms.declaration
        observed, steps = await look_and_plan(declared, around)
        tell: TaskEffect = _nothing
        if moves := [step for step in writes(steps) if isinstance(step, Follow)]:
            tell = await self._follow(moves, declared)
            observed, steps = await look_and_plan(declared, around)
        now = self.core.clock.now()
        if observed.ids != await self.core.database.read(store.ids):
            await self.core.database.write(lambda session: store.record(session, declared, observed, now))
        drifts = [drift for step in writes(steps) if (drift := _by_hand(step, observed))]
        return partial(_looked, tell=tell, drifts=drifts, found=() if known is None else otherwise(known, observed))

    async def restore(self, payload: dict[str, Any]) -> TaskEffect:
        """Make the rooms as declared, after an older state of the homeserver has come back."""
        around = self._around()
        known = await self.core.database.read(store.stays)
        outcome = await apply(self.rooms.declaration, around)
        observed, _steps = await look_and_plan(self.rooms.declaration, around)
        since = datetime.fromisoformat(payload["since"])
        return partial(self._restored, outcome=outcome, since=since, found=otherwise(known, observed))

    async def _follow(self, moves: Sequence[Follow], declared: Declaration) -> TaskEffect:
        """Follow rooms that were replaced, and bring what hangs on them along; what is to be said of it."""
        keys = {step.key for step in moves}
        keys |= {room.key for room in declared.all if room.parent in keys}
        outcome = await apply(declared, self._around(), only=keys)
        followed = [step.key for step in moves if outcome.rooms.get(step.key) == step.new]
        return partial(self._followed, moves=moves, followed=followed, refused=outcome.refused)

    async def _room(self, drift: Drift, declared: Declaration) -> tuple[Observed, ObservedRoom] | None:
        """The room as it is now, among the others by their ids."""
        ids, bot = await self.core.database.read(store.ids), self.core.settings.bot
        room_id, room = ids.get(drift.key), declared.room(drift.key)
        if room_id is None or room is None:
            return None
        events = _with_our_marker(await self.core.homeserver.state(room_id), drift.key, bot)
        seen = read_state(room_id, events, bot)
        if not isinstance(seen, ObservedRoom):
            return None
        nothing = Creation("", frozenset())
        others = {RoomKey(key): ObservedRoom(at, RoomKey(key), nothing, {}) for key, at in ids.items()}
        aliases = {}
        if drift.type == state.ALIAS and room.alias:
            full = f"#{room.alias}:{bot.split(':', 1)[1]}"
            aliases[room.alias] = await self.core.homeserver.resolve_alias(full)
        return Observed(bot, {**others, RoomKey(drift.key): seen}, aliases=aliases), seen

    def _step(
        self, declared: Declaration, observed: Observed, drift: Drift, grants: Sequence[RoleGrant]
    ) -> Write | None:
        wanted = (drift.type, drift.state_key)
        steps = differences(declared, observed, RoomKey(drift.key), grants)
        return next((step for step in steps if about(step, observed.ids) == wanted), None)

    async def _grants(self) -> tuple[RoleGrant, ...]:
        now = self.core.clock.now()
        return await self.core.database.read(lambda session: store.grants(session, now))

    def _since(self) -> datetime:
        return self.core.clock.now() - WITHIN

    def _around(self) -> Surroundings:
        return service.surroundings(self.core)

    def _ask(
        self,
        effects: Effects,
        *,
        drift: Drift,
        room: ObservedRoom,
        step: Write,
        fought: bool,
        reason: str | None = None,
    ) -> None:
        """Put it before the Secretariat, once for what it says now."""
        meta.put(effects.session, _fact(drift, room), _digest(drift, room))
        with reading_in(self.rooms.language):
            title = self.rooms.title(drift.key)
            by = UserId(room.senders.get((drift.type, drift.state_key), ""))
            notes = [] if reason is None else [reason]
            card = render.render_drift(title, by, (step.sentence, *_words(step, room), *notes), fought=fought)
            self._tell(effects, card)

    def _mended(self, effects: Effects, *, drift: Drift, room: ObservedRoom, is_first: bool) -> None:
        """Note it, and tell who has changed it, the first time within the hour."""
        meta.drop(effects.session, _fact(drift, room))
        by = UserId(room.senders.get((drift.type, drift.state_key), ""))
        if by == self.core.settings.bot:
            return  # nobody's hand: a role has come to its end, and what the bot set before follows it
        scope = Scope(store.scope_of(effects.session, room.room_id) or COMMUNITY)
        effects.audit(store.MENDED, scope, actor=None, target=by or None, after=drift.entry(room.room_id))
        if is_first and rooms_store.is_joined(effects.session, room.room_id, by):
            with reading_in(reader(effects.session, by, self.core.rooms).language):
                effects.send(by, render.render_set_back(self.rooms.title(drift.key)).towards(by))

    def _restored(self, effects: Effects, *, outcome: Outcome, since: datetime, found: Sequence[Found]) -> None:
        write_found(effects.session, found, effects.now)
        after = {"done": outcome.done, "refused": len(outcome.refused), "memberships": len(found)}
        effects.audit("rooms.restored", COMMUNITY, actor=None, after=after)
        with reading_in(self.rooms.language):
            self._tell(effects, render.render_restored(since, outcome, len(found)))

    def _followed(
        self, effects: Effects, *, moves: Sequence[Follow], followed: Sequence[str], refused: Sequence[str]
    ) -> None:
        """Say which rooms were followed, and once which were not and why."""
        with reading_in(self.rooms.language):
            for step in moves:
                if step.key in followed:
                    after = {"from": step.old.room_id, "to": step.new}
                    effects.audit("rooms.followed", COMMUNITY, actor=None, after=after)
                    self._tell(effects, render.render_followed(self.rooms.title(step.key)))
                    continue
                drift = Drift(step.key, state.TOMBSTONE, "")
                name, digest = _fact(drift, step.old), _digest(drift, step.old)
                if meta.get(effects.session, name) != digest:
                    meta.put(effects.session, name, digest)
                    why = next((said for said in refused if said.startswith(step.sentence)), step.sentence)
                    by = UserId(step.old.senders.get((state.TOMBSTONE, ""), ""))
                    self._tell(effects, render.render_not_followed(self.rooms.title(step.key), by, why))

    def _tell(self, effects: Effects, reply: Reply) -> None:
        room = rooms_store.room_id(effects.session, SECRETARIAT)
        if room is not None:
            effects.send(room, reply)


def forget_questions(effects: Effects) -> None:
    """Somebody has applied the declaration: what was left to a person is kept again."""
    for name in meta.beginning(effects.session, LEFT):
        meta.drop(effects.session, LEFT + name)


def _by_hand(step: Write, observed: Observed) -> Drift | None:
    """The drift that a step mends; None for what the bot has set itself, and for what is not there at all."""
    seen = observed.rooms.get(step.key)
    try:
        kind, state_key = about(step, observed.ids)
    except state.UnknownRoom:
        return None
    sender = seen.senders.get((kind, state_key)) if seen else None
    return Drift(step.key, kind, state_key) if sender not in (None, observed.bot) else None


def _nothing(effects: Effects) -> None:
    """No room was replaced."""


def _looked(effects: Effects, *, tell: TaskEffect, drifts: Sequence[Drift], found: Sequence[Found]) -> None:
    tell(effects)
    write_found(effects.session, found, effects.now)
    for drift in drifts:
        service.mend(effects, drift, f"{effects.now:%Y-%m-%dT%H:%M}")


def _memory(session: Session, since: datetime, drift: Drift, room: ObservedRoom) -> tuple[bool, int]:
    """Was someone asked about just this, and how often was it set back lately?"""
    is_asked = meta.get(session, _fact(drift, room)) == _digest(drift, room)
    return is_asked, store.repairs(session, drift.entry(room.room_id), since)


def _words(step: Write, room: ObservedRoom) -> list[str]:
    """A name or a topic can be read out: what it says, and what it should say."""
    field = {state.NAME: "name", state.TOPIC: "topic"}.get(step.type) if isinstance(step, SetState) else None
    if field is None or not isinstance(step, SetState):
        return []
    current = (room.content(step.type) or {}).get(field)
    return [render.difference(str(current or ""), str(step.content.get(field)))]


def _fact(drift: Drift, room: ObservedRoom) -> str:
    return f"{LEFT}{room.room_id} {drift.type} {drift.state_key}"


def _digest(drift: Drift, room: ObservedRoom) -> str:
    said = json.dumps(room.content(drift.type, drift.state_key), sort_keys=True, default=repr)
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def _with_our_marker(events: Sequence[JsonDict], key: str, bot: UserId) -> list[JsonDict]:
    """The state of a room that the mirror knows as ours, also when someone has written over its marker."""
    kept = [raw for raw in events if raw.get("type") != MARKER or raw.get("sender") == bot]
    if len(kept) == len(events):
        return kept
    return [*kept, {"type": MARKER, "state_key": "", "sender": bot, "content": {"key": key}}]
