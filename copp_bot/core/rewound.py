"""Notices that an older state of the homeserver has come back.

Measured on Synapse 1.163.2: a sync from a token of its lost future begins at the present without a word; what was said
between the restoration and that sync comes in no answer. So the homeserver is asked for the newest event that we know.
If it has none, the sync begins anew: with the state of every room, and with what is newer than anything we know.

The rule it keeps: what is done is not done again; what is gone there stays with us.
"""

import logging
from collections.abc import Iterable

from sqlmodel import Session

from copp_bot.core.clock import Clock
from copp_bot.core.effects import Batch, RowEffects
from copp_bot.core.feature import Restored
from copp_bot.core.ids import COMMUNITY
from copp_bot.core.intake import SINCE, TOKEN
from copp_bot.core.matrix.port import Forbidden, Missing, Sync
from copp_bot.core.store import inbox as store
from copp_bot.core.store import meta
from storage.database import Database

log = logging.getLogger(__name__)
NOTICED = "rewound"
"""The fact that this event is known to be gone."""


class Rewound:
    """Looks before the first sync, and before each that follows a failure.

    Args:
        listeners: what features do then, in the transaction of the notice.
    """

    def __init__(self, homeserver: Sync, database: Database, clock: Clock, listeners: Iterable[Restored]) -> None:
        self._homeserver = homeserver
        self._database = database
        self._clock = clock
        self._listeners = tuple(listeners)

    async def look(self) -> Batch | None:
        """Ask; what follows when an older state has come back, None when all is well.

        Raises:
            MatrixError: the homeserver cannot be asked.
        """
        newest = await self._database.read(_newest)
        if newest is None:
            return None
        try:
            await self._homeserver.event(newest.room_id, newest.event_id)
        except (Missing, Forbidden):  # of a room that is gone, Synapse says that we are not in it
            return await self._database.write(lambda session: self._noticed(session, newest))
        return None

    def _noticed(self, session: Session, newest: store.Newest) -> Batch:
        now = self._clock.now()
        log.warning("the homeserver is older than the database: %s is not there", newest.event_id)
        meta.put(session, NOTICED, newest.event_id)
        meta.drop(session, TOKEN)
        meta.put(session, SINCE, newest.sent_at.isoformat())
        effects = RowEffects(session, now, f"rewound:{newest.event_id}", Batch())
        effects.audit("homeserver.restored", COMMUNITY, actor=None, after={"until": newest.sent_at.isoformat()})
        for listener in self._listeners:
            listener(effects, newest.sent_at)
        effects.batch.flush(session)
        return effects.batch


def _newest(session: Session) -> store.Newest | None:
    """The newest event that the homeserver should have."""
    newest = store.newest(session)
    return newest if newest is None or meta.get(session, NOTICED) != newest.event_id else None
