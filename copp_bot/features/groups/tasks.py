"""The network edge of groups: inviting people into spaces, and taking out who leaves.

The rule it keeps: what the server says counts. The task looks at the members before it invites, so that it may
run again after a crash, and it does nothing for someone who has lost the community in between.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from copp_bot.core.context import Effects, TaskEffect
from copp_bot.core.feature import Core, TaskKind
from copp_bot.core.i18n import gettext as _
from copp_bot.core.i18n import reading_in
from copp_bot.core.ids import RoomId, TxnId, UserId
from copp_bot.core.matrix.port import Forbidden, Missing, RateLimited
from copp_bot.core.matrix.restraint import LONGEST_SHARED
from copp_bot.core.people import ROOT_KEY
from copp_bot.core.readers import reader
from copp_bot.core.store import rooms as rooms_store
from copp_bot.features.groups import opening, render, service
from copp_bot.features.groups.asking import show_decided
from copp_bot.features.groups.making import Making
from copp_bot.features.groups.outcomes import Outcome
from copp_bot.features.groups.service import Decided
from copp_bot.rooms import by_role
from copp_bot.rooms.declared import declared_rooms


@dataclass(frozen=True)
class Entering:
    """Invites people, or lets in who asked."""

    core: Core

    async def run(self, payload: dict[str, Any]) -> TaskEffect:
        """Bring each person into each space, in order; one refusal does not stop the others."""
        members = {room: await self.core.homeserver.members(room) for room in {payload["root"], *payload["rooms"]}}
        may = members[payload["root"]].get(payload["actor"]) == "join"
        users = [UserId(user) for user in payload["users"]]
        outcomes = await self._bring_all(users, payload, members) if may else dict.fromkeys(users, Outcome.REFUSED)
        return partial(self.done, payload=payload, outcomes=outcomes)

    def done(self, effects: Effects, *, payload: dict[str, Any], outcomes: Mapping[UserId, Outcome]) -> None:
        """Say in the answer what became of everyone, and tell those who had asked."""
        key, scope = payload["key"], service.scope_of(payload["key"])
        outcomes = {user: _kept(effects, user, payload["rooms"], outcome) for user, outcome in outcomes.items()}
        with reading_in(payload["language"] or self.core.rooms.language):
            effects.edit(TxnId(payload["answer"]), render.render_outcomes(outcomes, key, self.core.rooms))
        for user, outcome in outcomes.items():
            if outcome in (Outcome.INVITED, Outcome.JOINED, Outcome.KEPT):
                effects.audit("group.invited", scope, actor=payload["actor"], target=user)
            if payload["asked"] and key:
                self._tell(effects, user, key, outcome, UserId(payload["actor"]))
            elif key is None and outcome is Outcome.INVITED and rooms_store.has_direct_chat(effects.session, user):
                with reading_in(reader(effects.session, user, self.core.rooms).language):
                    effects.send(user, render.render_you_may_come(user, self.core.rooms.title(ROOT_KEY)))

    def failed(self, effects: Effects, payload: dict[str, Any], sentence: str) -> None:
        """Say in the answer that it did not work."""
        effects.edit(TxnId(payload["answer"]), render.render_failed(sentence))

    def _tell(self, effects: Effects, user: UserId, key: str, outcome: Outcome, by: UserId) -> None:
        info = self.core.rooms.groups().get(key)
        if info is None:
            return
        is_in = outcome in (Outcome.INVITED, Outcome.JOINED, Outcome.ALREADY, Outcome.KEPT)
        if not is_in:
            show_decided(effects, self.core.rooms, user, info, Decided.FAILED, by)
        with reading_in(reader(effects.session, user, self.core.rooms).language):
            said = render.render_you_are_in(user, info, outcome) if is_in else render.render_not_let_in(user, info)
            effects.send(user, said)

    async def _bring_all(
        self, users: Sequence[UserId], payload: dict[str, Any], members: Mapping[RoomId, Mapping[UserId, str]]
    ) -> dict[UserId, Outcome]:
        """A person whose own invitations have to wait for minutes does not keep the others waiting.

        Raises:
            RateLimited: some are left, for whom the task runs again.
        """
        outcomes: dict[UserId, Outcome] = {}
        waits: list[RateLimited] = []
        for user in users:
            try:
                outcomes[user] = await self._bring(user, payload, members)
            except RateLimited as error:
                waits.append(error)
                if error.retry_after <= LONGEST_SHARED:
                    break  # everybody's wait
        if waits:
            raise min(waits, key=lambda error: error.retry_after)
        return outcomes

    async def _bring(
        self, user: UserId, payload: dict[str, Any], members: Mapping[RoomId, Mapping[UserId, str]]
    ) -> Outcome:
        if _server(user) != _server(self.core.homeserver.user_id):
            return Outcome.ELSEWHERE
        if not payload["asked"] and all(members[room].get(user) == "invite" for room in payload["rooms"]):
            return Outcome.INVITED  # by an earlier attempt
        try:
            await self.core.homeserver.profile_name(user)
        except Missing:
            return Outcome.UNKNOWN
        if payload["root"] not in payload["rooms"] and members[payload["root"]].get(user) != "join":
            return Outcome.STRANGER
        outcome = Outcome.REFUSED
        for room in map(RoomId, payload["rooms"]):
            outcome = await self._into(user, room, members[room].get(user), payload["asked"])
            if outcome in (Outcome.BANNED, Outcome.REFUSED):
                break
        return outcome

    async def _into(self, user: UserId, room: RoomId, membership: str | None, asked: bool) -> Outcome:
        if membership == "join":
            return Outcome.ALREADY
        if membership == "ban":
            return Outcome.BANNED
        if asked and await self._joined(room, user):
            return Outcome.JOINED
        try:
            await self.core.homeserver.invite(room, user)
        except (Forbidden, Missing):
            return Outcome.REFUSED
        return Outcome.INVITED

    async def _joined(self, room: RoomId, user: UserId) -> bool:
        """Who has asked need not be asked back, where the operator allowed joining people."""
        if self.core.homeserver.administration is None:
            return False
        try:
            await self.core.homeserver.administration.force_join(room, user)
        except (Forbidden, Missing):
            return False
        return True


@dataclass(frozen=True)
class Leaving:
    """Takes someone out of a group's space at their own wish; the rooms follow."""

    core: Core

    async def run(self, payload: dict[str, Any]) -> None:
        """Make them leave; nothing happens when they are not there."""
        await self.core.homeserver.kick(RoomId(payload["room"]), UserId(payload["user"]), _("by their own wish"))


def _kept(effects: Effects, user: UserId, rooms: Sequence[str], outcome: Outcome) -> Outcome:
    """Who was there by a role alone is wanted there themselves from now on."""
    was_by_role = [by_role.forget(effects.session, user, RoomId(room)) for room in rooms]
    return Outcome.KEPT if outcome is Outcome.ALREADY and any(was_by_role) else outcome


def _server(user_id: UserId) -> str:
    return user_id.partition(":")[2]


def declare(core: Core) -> tuple[TaskKind, ...]:
    """The tasks of this feature."""
    entering, making = Entering(core), Making(core, declared_rooms(core.rooms))
    return (
        TaskKind(opening.OPEN_TASK, making.open, making.failed),
        TaskKind(opening.SET_TASK, making.set_closed, making.failed),
        TaskKind(service.INVITE_TASK, entering.run, entering.failed),
        TaskKind(service.LEAVE_TASK, Leaving(core).run),
    )
