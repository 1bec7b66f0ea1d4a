"""Every quarter of an hour: newcomers get a steward, and first posts without an answer are put before one."""

from dataclasses import dataclass
from datetime import datetime

from copp_bot.core.context import Effects
from copp_bot.core.feature import Core, Job
from copp_bot.core.i18n import deferred, reading_in
from copp_bot.core.ids import COMMUNITY
from copp_bot.core.readers import reader
from copp_bot.core.schedule import Every
from copp_bot.core.store import people as people_store
from copp_bot.core.store import rooms as rooms_store
from copp_bot.core.store import said as said_store
from copp_bot.features.stewards import render_unheard, unheard
from copp_bot.features.stewards.unheard import Nudge

STEWARDS_KEY = "stewards"


@dataclass(frozen=True)
class Unheard:
    """The job's work."""

    core: Core

    def __call__(self, effects: Effects, due: datetime) -> None:
        """Tell stewards whom they look after, and who waits."""
        for steward, rows in unheard.assign(effects, self.core.policy).items():
            names = people_store.names(effects.session, [row.user_id for row in rows])
            with reading_in(reader(effects.session, steward, self.core.rooms).language):
                effects.send(steward, render_unheard.render_yours(steward, rows, names))
        for nudge in unheard.nudges(effects, self.core.policy):
            self._nudge(effects, nudge)

    def _nudge(self, effects: Effects, nudge: Nudge) -> None:
        """Once about each post and steward, also when an older database comes back."""
        is_for_all = nudge.waiting.scope == COMMUNITY
        target = nudge.steward or (rooms_store.room_id(effects.session, STEWARDS_KEY) if is_for_all else None)
        about = f"unheard:{nudge.waiting.event_id}:{nudge.steward or STEWARDS_KEY}"
        if target is None or said_store.was_told(effects.session, about):
            return
        language = reader(effects.session, nudge.steward, self.core.rooms).language if nudge.steward else None
        with reading_in(language or self.core.rooms.language):
            effects.send(target, render_unheard.render_nudge(nudge, effects.now), about=[about])


def declare(core: Core) -> tuple[Job, ...]:
    """The jobs of this feature."""
    summary = deferred("Give newcomers a steward, and put unanswered first posts before one")
    return (Job("stewards.unheard", Every(15), Unheard(core), summary),)
