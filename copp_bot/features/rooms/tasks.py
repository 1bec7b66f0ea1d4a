"""The network edge: plans, applications, and moving people.

The rule it keeps: a move is checked again when it is made, because what it followed from may have changed meanwhile.
"""

import logging
from dataclasses import dataclass
from functools import partial
from typing import Any

from copp_bot.core import backoff
from copp_bot.core.context import Effects, TaskEffect
from copp_bot.core.feature import Core, TaskKind
from copp_bot.core.i18n import reading_in
from copp_bot.core.ids import COMMUNITY, RoomId, Scope, TxnId, UserId
from copp_bot.core.matrix.port import MatrixError, UnknownToken
from copp_bot.core.reply import Reply, say
from copp_bot.features.rooms import render, service
from copp_bot.features.rooms.keeping import Keeping, forget_questions
from copp_bot.rooms import store
from copp_bot.rooms.apply import Outcome, Surroundings, apply, look_and_plan, set_power
from copp_bot.rooms.declared import DeclaredRooms
from copp_bot.rooms.rights import BRING, REMOVE, misplaced

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Hands:
    """Plans and applies when somebody asks for it."""

    core: Core
    rooms: DeclaredRooms

    async def plan(self, payload: dict[str, Any]) -> TaskEffect:
        """Compare, and edit the answer."""
        with reading_in(payload["language"]):
            _observed, steps = await look_and_plan(self.rooms.declaration, self._around())
            return partial(_answer, payload=payload, reply=render.render_plan(steps))

    async def apply(self, payload: dict[str, Any]) -> TaskEffect:
        """Take all steps, and edit the answer."""
        with reading_in(payload["language"]):
            outcome = await apply(self.rooms.declaration, self._around())
            return partial(_applied, payload=payload, outcome=outcome, reply=render.render_outcome(outcome))

    async def power(self, payload: dict[str, Any]) -> TaskEffect | None:
        """Write the power levels that follow from the grants in force, room by room; then people follow, too.

        ``payload`` may name a ``scope``, to leave out rooms that the change cannot touch.
        """
        now = self.core.clock.now()
        grants = await self.core.database.read(lambda session: store.grants(session, now))
        mirrored = await self.core.database.read(store.mirrored_power)
        declared = self.rooms.declaration
        refused: MatrixError | None = None
        for room in service.concerned(declared, payload.get("scope")):
            if room.key not in mirrored:
                continue
            room_id, creation, _levels = mirrored[room.key]
            wanted = service.wanted_power(declared, room, grants)
            try:
                await set_power(self.core.homeserver, room_id, creation, wanted, self.core.settings.bot)
            except UnknownToken:
                raise
            except MatrixError as error:
                if backoff.is_passing(error):
                    raise
                refused = error  # the other rooms are not to wait for this one
        if refused is not None:
            raise refused
        return self._bring_who_may

    def _bring_who_may(self, effects: Effects) -> None:
        """What a role opens or closes is not to wait for the next check."""
        service.move(effects, self.rooms.declaration, self.core.settings.bot)

    def _around(self) -> Surroundings:
        return service.surroundings(self.core)


@dataclass(frozen=True)
class Moves:
    """Brings people in and takes them out."""

    core: Core
    rooms: DeclaredRooms

    async def bring(self, payload: dict[str, Any]) -> TaskEffect | None:
        """Join the person where the operator has allowed it, else invite them."""
        user_id, room_id = UserId(payload["user_id"]), RoomId(payload["room_id"])
        if not await self._is_due(BRING, user_id, room_id):
            return None
        if not await self._join(room_id, user_id):
            await self.core.homeserver.invite(room_id, user_id, payload["reason"])
        return partial(_moved, action="rooms.brought", user_id=user_id, room_id=room_id)

    async def remove(self, payload: dict[str, Any]) -> TaskEffect | None:
        """Make the person leave, or take the invitation back."""
        user_id, room_id = UserId(payload["user_id"]), RoomId(payload["room_id"])
        if not await self._is_due(REMOVE, user_id, room_id):
            return None
        await self.core.homeserver.kick(room_id, user_id, payload["reason"])
        return partial(_moved, action="rooms.removed", user_id=user_id, room_id=room_id)

    async def _join(self, room_id: RoomId, user_id: UserId) -> bool:
        administration = self.core.homeserver.administration
        if administration is None:
            return False
        try:
            await administration.force_join(room_id, user_id)
        except UnknownToken:
            raise
        except MatrixError as error:
            if backoff.is_passing(error):
                raise
            log.info("could not join someone directly, inviting instead: %s", backoff.reason(error))
            return False
        return True

    async def _is_due(self, kind: str, user_id: UserId, room_id: RoomId) -> bool:
        now, bot = self.core.clock.now(), self.core.settings.bot
        snapshot = await self.core.database.read(
            lambda session: store.snapshot(session, self.rooms.declaration, bot, now, [user_id])
        )
        return any(due.kind == kind and due.room_id == room_id for due in misplaced(snapshot))


def _answer(effects: Effects, *, payload: dict[str, Any], reply: Reply) -> None:
    """Edit the answer; what is too long for a shared room goes to the one who asked."""
    with reading_in(payload["language"]):
        if payload["is_shared"] and len(reply.lines) > render.LINES:
            effects.send(UserId(payload["asker"]), reply)
            reply = render.render_shortened(reply)
        effects.edit(TxnId(payload["answer"]), reply)


def _applied(effects: Effects, *, payload: dict[str, Any], outcome: Outcome, reply: Reply) -> None:
    after = {"done": outcome.done, "refused": len(outcome.refused)}
    forget_questions(effects)
    effects.audit("rooms.applied", COMMUNITY, actor=UserId(payload["asker"]), after=after)
    _answer(effects, payload=payload, reply=reply)


def _moved(effects: Effects, *, action: str, user_id: UserId, room_id: RoomId) -> None:
    scope = store.scope_of(effects.session, room_id)
    effects.audit(action, Scope(scope or COMMUNITY), actor=None, target=user_id, after={"room_id": room_id})


def _failed(effects: Effects, payload: dict[str, Any], sentence: str) -> None:
    effects.edit(TxnId(payload["answer"]), say(sentence))


def declare(core: Core, rooms: DeclaredRooms) -> tuple[TaskKind, ...]:
    """The tasks of this feature."""
    hands, moves, keeping = Hands(core, rooms), Moves(core, rooms), Keeping(core, rooms)
    return (
        TaskKind(service.PLAN_TASK, hands.plan, _failed),
        TaskKind(service.APPLY_TASK, hands.apply, _failed),
        TaskKind(service.POWER_TASK, hands.power),
        TaskKind(service.MEND_TASK, keeping.mend),
        TaskKind(service.LOOK_TASK, keeping.look),
        TaskKind(service.RESTORE_TASK, keeping.restore),
        TaskKind(service.BRING_TASK, moves.bring, is_bulk=True),
        TaskKind(service.REMOVE_TASK, moves.remove),
    )
