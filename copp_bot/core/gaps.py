"""Stretches of timeline that could not be read at once: tried again, or said aloud."""

import logging
from typing import Any

from copp_bot.core import timeline
from copp_bot.core.classify import Classifier
from copp_bot.core.context import Effects, TaskEffect
from copp_bot.core.counting import Counts
from copp_bot.core.feature import TaskKind
from copp_bot.core.i18n import gettext as _
from copp_bot.core.ids import RoomId
from copp_bot.core.intake import CLOSE_GAP, PAGES, Incoming, RoomBatch
from copp_bot.core.matrix.port import Homeserver, JsonDict
from copp_bot.core.reply import say
from copp_bot.core.store import inbox as store
from copp_bot.core.store import rooms as rooms_store

log = logging.getLogger(__name__)
SECRETARIAT_KEY = "secretariat"


class Gaps:
    """Closes recorded gaps. Whoever runs the task wakes the worker after its commit."""

    def __init__(self, homeserver: Homeserver, classifier: Classifier) -> None:
        self._homeserver = homeserver
        self._classifier = classifier

    def kind(self) -> TaskKind:
        """The task this part runs."""
        return TaskKind(CLOSE_GAP, self._close, self._lost)

    async def _close(self, payload: dict[str, Any]) -> TaskEffect:
        room_id, end = RoomId(payload["room"]), payload["end"]
        found: list[JsonDict] = []
        start: str | None = payload["start"]
        for _page in range(PAGES):
            page = await self._homeserver.messages(room_id, start or "", end, 100)
            found += page.events
            start = page.next_token
            if start is None:
                break
        else:
            raise LookupError("the gap is too long")
        messages = timeline.said(found[::-1])
        now_state = list(await self._homeserver.state(room_id))
        batch = RoomBatch(room_id, timeline.Ordered([], messages, now_state), is_new=False)
        mark = f"gap:{payload['start']}"

        def effect(effects: Effects) -> None:
            counts = Counts()
            rows = self._classifier.sort(effects.session, Incoming(mark, mark, [batch]), counts)
            counts.write(effects.session)
            store.add(effects.session, rows, effects.now)
            store.close_gap(effects.session, room_id, payload["start"], effects.now)

        return effect

    def _lost(self, effects: Effects, payload: dict[str, Any], _sentence: str) -> None:
        """Say aloud that something may have been missed."""
        store.lose_gap(effects.session, payload["room"], payload["start"])
        row = rooms_store.get(effects.session, payload["room"])
        secretariat = rooms_store.room_id(effects.session, SECRETARIAT_KEY)
        if secretariat is not None:
            name = row.name if row and row.name else payload["room"]
            words = _("I could not read some messages in “{room}” while I was away. Commands there may be lost.")
            effects.send(secretariat, say(words.format(room=name), notice=False))
