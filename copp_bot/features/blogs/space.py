"""Making someone's own space with a blog room in it, at their first post for all members or on asking.

The rule it keeps: it may be cut off anywhere and run again: it is declared first, and ``rooms.apply`` looks for the
marker before it makes a room. Who is no member any more when it runs gets none.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from copp_bot.core.context import Effects, TaskEffect
from copp_bot.core.errors import UserError
from copp_bot.core.feature import Core, TaskKind
from copp_bot.core.i18n import gettext as _
from copp_bot.core.i18n import reading_in
from copp_bot.core.ids import RoomId, TxnId, UserId, localpart
from copp_bot.core.matrix.port import Forbidden, Missing
from copp_bot.core.people import load_viewer
from copp_bot.core.permissions import Standing
from copp_bot.core.readers import reader
from copp_bot.core.store import rooms as rooms_store
from copp_bot.features.blogs import render
from copp_bot.rooms import opened, personal
from copp_bot.rooms.apply import Surroundings, apply
from copp_bot.rooms.declared import DeclaredRooms, declared_rooms
from copp_bot.rooms.personal import Personal

SPACE = "blogs.space"
"""Task kind."""


def request(effects: Effects, owner: UserId, answer: TxnId | None = None) -> None:
    """Have it made: once by itself, and whenever its owner asks (``answer`` is then edited)."""
    lane = f"{SPACE}:{personal.key_of(owner)}"
    payload = {"owner": owner, "answer": answer}
    effects.task(SPACE, payload, marker=None if answer else lane, lane=lane)


def rooms_of(session: Session, owner: UserId) -> tuple[RoomId, RoomId] | None:
    """The space and the blog room of someone, where they are there."""
    space = rooms_store.room_id(session, personal.key_of(owner))
    room = rooms_store.room_id(session, personal.blog_key(owner))
    return (space, room) if space is not None and room is not None else None


@dataclass(frozen=True)
class Making:
    """Declares it, makes its rooms, and brings the owner in."""

    core: Core
    rooms: DeclaredRooms

    async def make(self, payload: dict[str, Any]) -> TaskEffect:
        """Make what is not there; the same run twice does the same."""
        core, owner = self.core, UserId(payload["owner"])
        name = await core.database.read(lambda session: self._name(session, owner))
        await core.database.write(lambda session: personal.keep(session, Personal(owner, name)))
        await opened.refresh(self.rooms, core.database)
        creators = [UserId(user) for user in core.settings.emergency_creators]
        around = Surroundings(core.homeserver, core.database, core.clock, creators)
        keys = (personal.key_of(owner), personal.blog_key(owner))
        outcome = await apply(self.rooms.declaration, around, only=keys)
        there = [outcome.rooms[key] for key in keys if key in outcome.rooms]
        if len(there) < len(keys):
            raise UserError(" ".join(outcome.refused) or _("The homeserver did not make the rooms."))
        for room in there:
            await self._bring(room, owner)
        return lambda effects: self._made(effects, payload)

    def failed(self, effects: Effects, payload: dict[str, Any], sentence: str) -> None:
        """Say it to who has asked; who has not asked misses nothing."""
        if payload["answer"]:
            effects.edit(TxnId(payload["answer"]), render.render_no_space(sentence))

    def _name(self, session: Session, owner: UserId) -> str:
        viewer = load_viewer(session, owner, self.core.clock.now())
        if viewer.standing is not Standing.MEMBER:
            raise UserError(_("That is for members of the community."))
        return viewer.name or localpart(owner)

    async def _bring(self, room: RoomId, owner: UserId) -> None:
        """Join the owner where the operator has allowed it, else invite them; once they have left they stay away."""
        members: Mapping[UserId, str] = await self.core.homeserver.members(room)
        if owner in members:
            return
        with suppress(Forbidden, Missing):
            if self.core.homeserver.administration is not None:
                await self.core.homeserver.administration.force_join(room, owner)
            else:
                await self.core.homeserver.invite(room, owner)

    def _made(self, effects: Effects, payload: dict[str, Any]) -> None:
        owner = UserId(payload["owner"])
        there = rooms_of(effects.session, owner)
        if there is None:
            return
        with reading_in(reader(effects.session, owner, self.rooms).language):
            reply = render.render_space(*there, _server(self.core))
            if payload["answer"]:
                effects.edit(TxnId(payload["answer"]), reply)
            else:
                effects.send(owner, reply)


def _server(core: Core) -> str:
    return core.settings.bot.partition(":")[2]


def kind(core: Core) -> TaskKind:
    """The task kind."""
    making = Making(core, declared_rooms(core.rooms))
    return TaskKind(SPACE, making.make, making.failed)
