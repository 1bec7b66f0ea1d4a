"""The network edge of cases: the reported message is read from the homeserver before anyone decides who looks at it."""

from dataclasses import dataclass
from functools import partial
from typing import Any

from copp_bot.core.context import Effects, TaskEffect
from copp_bot.core.feature import Core, TaskKind
from copp_bot.core.ids import EventId, RoomId
from copp_bot.core.matrix import events
from copp_bot.core.matrix.port import Forbidden, Message, Missing
from copp_bot.features.cases import cards, service, store
from copp_bot.features.cases.service import Reported


@dataclass(frozen=True)
class Opening:
    """Reads the message, and puts the case on a desk."""

    core: Core

    async def run(self, payload: dict[str, Any]) -> TaskEffect:
        """A message that is gone is no reason to drop the case."""
        where = await self.core.database.read(lambda session: _where(store.by_id(session, payload["case"])))
        reported = await self._read(*where) if where else None
        return partial(self.done, payload=payload, reported=reported)

    def done(self, effects: Effects, *, payload: dict[str, Any], reported: Reported | None = None) -> None:
        """Decide who looks at it, and tell them."""
        case = store.by_id(effects.session, payload["case"])
        if case is not None and not case.desk:
            service.opened(effects, self.core.policy, case, reported)
            cards.send(effects, self.core, case, reported)

    def failed(self, effects: Effects, payload: dict[str, Any], _sentence: str) -> None:
        """The message could not be read; people look at the case without it."""
        self.done(effects, payload=payload)

    async def _read(self, room: RoomId, event: EventId) -> Reported | None:
        try:
            message = events.parse(await self.core.homeserver.event(room, event), room)
        except (Forbidden, Missing):
            return None
        return Reported(message.sender, message.body) if isinstance(message, Message) else None


def _where(case: store.CaseRow | None) -> tuple[RoomId, EventId] | None:
    if case is None or not case.room_id or not case.event_id:
        return None
    return RoomId(case.room_id), EventId(case.event_id)


def declare(core: Core) -> tuple[TaskKind, ...]:
    """The tasks of this feature."""
    opening = Opening(core)
    return (TaskKind(service.OPEN_TASK, opening.run, opening.failed),)
