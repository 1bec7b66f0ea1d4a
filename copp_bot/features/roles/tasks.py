"""The grants' mirror: a state event in the stewards' room, so that a lost database demotes nobody."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlmodel import Session

from copp_bot.core.context import Effects, TaskEffect
from copp_bot.core.feature import Core, TaskKind
from copp_bot.core.ids import COMMUNITY, RoomId
from copp_bot.core.matrix.port import MARKER, JsonDict
from copp_bot.core.store import rooms as rooms_store
from copp_bot.features.roles import service, store

GRANTS_EVENT = "org.copp_bot.grants"
"""Type of the state event. Content: ``grants``, a list of ``user``, ``role``, ``scope``, ``until`` (ISO 8601, null)."""
MIRROR_ROOM = "stewards"
RESTORE_TASK = "roles.restore"


@dataclass(frozen=True)
class Mirror:
    """Keeps the state event and the table alike."""

    core: Core

    async def write(self, payload: dict[str, Any]) -> TaskEffect | None:
        """Write the grants in force into the room, unless it says so already or is not there yet."""
        room = await self.core.database.read(_known_room)
        if room is None:
            return None
        now = self.core.clock.now()
        content = await self.core.database.read(lambda session: service.mirror_content(session, now))
        if self._own(await self.core.homeserver.state(room), GRANTS_EVENT) != content:
            await self.core.homeserver.set_state(room, GRANTS_EVENT, "", content)
        return None

    async def restore(self, payload: dict[str, Any]) -> TaskEffect | None:
        """At start: fill an empty table from the room, else bring the room up to date."""
        if not await self.core.database.read(store.is_empty):
            return await self.write(payload)
        for room in await self.core.homeserver.joined_rooms():
            state = await self.core.homeserver.state(room)
            marker = self._own(state, MARKER)
            content = self._own(state, GRANTS_EVENT)
            if marker is not None and marker.get("key") == MIRROR_ROOM and content is not None:
                return partial(_restore, content=content)
        return None

    def _own(self, state: Sequence[JsonDict], event_type: str) -> JsonDict | None:
        """The content of a state event that the bot itself has set; anybody's else would be a way to a role."""
        for raw in state:
            if (raw["type"], raw.get("state_key")) == (event_type, "") and raw[
                "sender"
            ] == self.core.homeserver.user_id:
                return dict(raw["content"])
        return None


def _known_room(session: Session) -> RoomId | None:
    return rooms_store.room_id(session, MIRROR_ROOM)


def _restore(effects: Effects, *, content: dict[str, Any]) -> None:
    scopes = service.restore(effects.session, content, effects.now)
    if scopes:
        effects.audit("grants.restored", COMMUNITY, actor=None, after={"scopes": list(scopes)})
    for scope in scopes:
        effects.task(service.POWER_TASK, {"scope": scope})


def started(effects: Effects) -> None:
    """At every start the table and the mirror are compared."""
    effects.task(RESTORE_TASK, {}, lane=service.MIRROR_TASK)


def declare(core: Core) -> tuple[TaskKind, ...]:
    """The tasks of this feature."""
    mirror = Mirror(core)
    return (TaskKind(service.MIRROR_TASK, mirror.write), TaskKind(RESTORE_TASK, mirror.restore))
