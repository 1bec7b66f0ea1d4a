"""The network edge of opening and closing: the declaration is kept first, then the rooms are made so.

The rule it keeps: it may be cut off anywhere and run again; who asked must still be allowed to when it runs; and what
the homeserver refuses is said, stays declared, and is tried again by ``!rooms apply``.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlmodel import Session

from copp_bot.core.context import Effects, TaskEffect
from copp_bot.core.errors import UserError
from copp_bot.core.feature import Core
from copp_bot.core.i18n import reading_in
from copp_bot.core.ids import COMMUNITY, RoomId, Scope, TxnId, UserId, group_scope
from copp_bot.core.matrix.port import Forbidden, Missing
from copp_bot.core.people import load_viewer
from copp_bot.core.permissions import Grant, refusal
from copp_bot.core.readers import reader
from copp_bot.core.store import people as people_store
from copp_bot.features.groups import opening, render, render_opening
from copp_bot.rooms import opened
from copp_bot.rooms.apply import Outcome, Surroundings, apply
from copp_bot.rooms.declared import DeclaredRooms
from copp_bot.rooms.opened import Opened

POWER_TASK, MIRROR_TASK = "rooms.power", "roles.mirror"
"""What follows a change of grants, in other features."""


@dataclass(frozen=True)
class Making:
    """Opens, closes, and opens again."""

    core: Core
    rooms: DeclaredRooms

    async def open(self, payload: dict[str, Any]) -> TaskEffect:
        """Declare the group or topical room, make its rooms, and ask its steward in."""
        await self._check(payload, opening.NEW)
        new = opened.read(payload["key"], payload["entry"])
        if new is None:
            raise UserError(opening.no_plan(payload["key"]))
        await self.core.database.write(lambda session: opened.keep(session, new))
        outcome = await self._apply(new.key)
        space = outcome.rooms.get(new.key)
        is_invited = bool(payload["steward"] and space and await self._invited(space, UserId(payload["steward"])))
        return partial(self._opened, payload=payload, new=new, outcome=outcome, is_invited=is_invited)

    async def set_closed(self, payload: dict[str, Any]) -> TaskEffect:
        """Close, or open again; the power levels of its rooms follow."""
        await self._check(payload, opening.CLOSE)
        key, is_closed = payload["key"], payload["closed"]
        await self.core.database.write(lambda session: opened.close(session, key, is_closed))
        return partial(self._set, payload=payload, outcome=await self._apply(key))

    def failed(self, effects: Effects, payload: dict[str, Any], sentence: str) -> None:
        """Say in the answer that it did not work."""
        effects.edit(TxnId(payload["answer"]), render.render_failed(sentence))

    async def _check(self, payload: dict[str, Any], permission: str) -> None:
        """The person who asked may have lost their role in between."""
        now, actor = self.core.clock.now(), UserId(payload["actor"])

        def refused(session: Session) -> str | None:
            return refusal(self.core.policy, load_viewer(session, actor, now), permission)

        sentence = await self.core.database.read(refused)
        if sentence is not None:
            raise UserError(sentence)

    async def _apply(self, key: str) -> Outcome:
        await opened.refresh(self.rooms, self.core.database)
        declared, core = self.rooms.declaration, self.core
        creators = [UserId(user) for user in core.settings.emergency_creators]
        around = Surroundings(core.homeserver, core.database, core.clock, creators)
        return await apply(declared, around, only={room.key for room in opened.rooms_of(declared, key)})

    async def _invited(self, space: RoomId, user: UserId) -> bool:
        try:
            await self.core.homeserver.invite(space, user)
        except (Forbidden, Missing):
            return False
        return True

    def _opened(
        self, effects: Effects, *, payload: dict[str, Any], new: Opened, outcome: Outcome, is_invited: bool
    ) -> None:
        actor, steward = UserId(payload["actor"]), payload["steward"]
        after = {"key": new.key, "title": new.entry.title}
        effects.audit("group.opened", self._scope(new.key), actor=actor, after=after)
        if steward:
            self._grant(effects, new.key, actor, UserId(steward))
        with reading_in(payload["language"] or self.rooms.language):
            reply = render_opening.render_opened(new, outcome.refused, UserId(steward) if is_invited else None)
            effects.edit(TxnId(payload["answer"]), reply)

    def _grant(self, effects: Effects, key: str, actor: UserId, steward: UserId) -> None:
        scope = group_scope(key)
        grant = Grant(opening.STEWARD, scope)
        if grant not in people_store.grants(effects.session, steward, effects.now):
            people_store.add_grant(effects.session, steward, grant, actor, effects.now)
            effects.audit("role.granted", scope, actor=actor, target=steward, after={"role": opening.STEWARD})
            effects.task(POWER_TASK, {"scope": scope})
            effects.task(MIRROR_TASK, {}, lane=MIRROR_TASK)
        with reading_in(reader(effects.session, steward, self.rooms).language):
            effects.send(steward, render_opening.render_you_lead(steward, self.rooms.title(key)))

    def _set(self, effects: Effects, *, payload: dict[str, Any], outcome: Outcome) -> None:
        key, is_closed = payload["key"], payload["closed"]
        action = "group.closed" if is_closed else "group.reopened"
        effects.audit(action, self._scope(key), actor=UserId(payload["actor"]), after={"key": key})
        with reading_in(payload["language"] or self.rooms.language):
            reply = render_opening.render_set(key, self.rooms.title(key), is_closed, outcome.refused)
            effects.edit(TxnId(payload["answer"]), reply)

    def _scope(self, key: str) -> Scope:
        return group_scope(key) if key in self.rooms.groups() else COMMUNITY
