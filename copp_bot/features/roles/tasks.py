"""The grants' mirror: a state event in the stewards' room, so that a lost database demotes nobody."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from sqlmodel import Session

from copp_bot.core.context import Effects, TaskEffect
from copp_bot.core.effects import Batch, RowEffects
from copp_bot.core.feature import Core, TaskKind
from copp_bot.core.ids import COMMUNITY, RoomId, UserId
from copp_bot.core.matrix.port import MARKER, Homeserver, JsonDict
from copp_bot.core.store import rooms as rooms_store
from copp_bot.features.roles import service, store
from storage.database import Database

GRANTS_EVENT = "org.copp_bot.grants"
"""Type of the state event. Content: ``grants``, a list of ``user``, ``role``, ``scope``, ``until`` (ISO 8601, null)."""
MIRROR_ROOM = "stewards"


@dataclass(frozen=True)
class Mirror:
    """Keeps the state event and the table alike."""

    core: Core

    async def write(self, payload: dict[str, Any]) -> TaskEffect | None:
        """Write the grants in force into the room, unless it says so already or is not there yet.

        A table that never held any has nothing to say: it may be that of a lost database.
        """
        room = await self.core.database.read(_known_room)
        if room is None or await self.core.database.read(store.is_empty):
            return None
        now = self.core.clock.now()
        content = await self.core.database.read(lambda session: service.mirror_content(session, now))
        if _own(await self.core.homeserver.state(room), GRANTS_EVENT, self.core.homeserver.user_id) != content:
            await self.core.homeserver.set_state(room, GRANTS_EVENT, "", content)
        return None


async def recover(homeserver: Homeserver, database: Database, now: datetime) -> None:
    """Fill an empty table from the room, before anybody's power follows from it."""
    if await database.read(store.is_empty) and (content := await _mirrored(homeserver)) is not None:
        await database.write(partial(_recover, content=content, now=now))


async def _mirrored(homeserver: Homeserver) -> JsonDict | None:
    """What the stewards' room says of the grants."""
    for room in await homeserver.joined_rooms():
        state = await homeserver.state(room)
        marker, content = (_own(state, kind, homeserver.user_id) for kind in (MARKER, GRANTS_EVENT))
        if marker is not None and marker.get("key") == MIRROR_ROOM and content is not None:
            return content
    return None


def _own(state: Sequence[JsonDict], event_type: str, bot: UserId) -> JsonDict | None:
    """The content of a state event that the bot itself has set; anybody's else would be a way to a role."""
    for raw in state:
        if (raw["type"], raw.get("state_key"), raw["sender"]) == (event_type, "", bot):
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


def _recover(session: Session, *, content: dict[str, Any], now: datetime) -> None:
    effects = RowEffects(session, now, f"grants:{now.isoformat()}", Batch())
    _restore(effects, content=content)
    effects.batch.flush(session)


def started(effects: Effects) -> None:
    """At every start the room is brought up to date; an empty table was filled before (``recover``)."""
    effects.task(service.MIRROR_TASK, {}, lane=service.MIRROR_TASK)


def declare(core: Core) -> tuple[TaskKind, ...]:
    """The tasks of this feature."""
    mirror = Mirror(core)
    return (TaskKind(service.MIRROR_TASK, mirror.write),)
