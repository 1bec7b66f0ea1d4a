"""Every minute: what is due about meetings, in their rooms and to those who come.

The rule it keeps: one query by an index, at most ``MOST`` meetings at a time; what is written next stands in the same
transaction as what was said, so that a restart neither repeats nor forgets. Nothing is said after a meeting has begun.
"""

import logging
from dataclasses import dataclass
from datetime import datetime

from copp_bot.core import items
from copp_bot.core.context import Effects, Place
from copp_bot.core.feature import Core, Job
from copp_bot.core.i18n import deferred, reading_in
from copp_bot.core.ids import COMMUNITY, UserId, group_of
from copp_bot.core.permissions import Standing, Viewer
from copp_bot.core.schedule import Every
from copp_bot.core.store import rooms as rooms_store
from copp_bot.core.store import said as said_store
from copp_bot.features.meetings import render, service, store, telling
from copp_bot.features.meetings.service import BEFORE, Meeting
from copp_bot.features.meetings.times import Occurrence

log = logging.getLogger(__name__)
MOST = 200


@dataclass(frozen=True)
class Remind:
    """The job's work."""

    core: Core

    def __call__(self, effects: Effects, due: datetime) -> None:
        """Look at each meeting that is due once, then write when it is due again."""
        for item, row in store.due(effects.session, effects.now, MOST):
            try:
                with effects.session.begin_nested():
                    self._remind(effects, item, row)
                    service.look_again(effects.session, row, effects.now)
            except Exception:  # one that cannot be read, its zone gone for example, must not silence the others
                log.exception("meeting %s is not looked at any more", item.number)
                store.put_away(effects.session, row)

    def _remind(self, effects: Effects, item: store.Item, row: store.Meeting) -> None:
        shown = service.describe(effects.session, item, effects.now)
        begins = shown.next
        is_early = begins is not None and effects.now < begins.at.instant - BEFORE[0]
        if begins is None or is_early or not store.is_live(item) or begins.at.instant != row.next_at:
            return
        about = _about(shown, begins, effects.now)
        if said_store.was_told(effects.session, about):
            return
        people = service.coming_people(effects.session, row)
        telling.remind(effects, shown, people, begins.at, self.core.rooms, self.core.settings.bot, about)
        self._tell_room(effects, shown, begins, about)

    def _tell_room(self, effects: Effects, shown: Meeting, begins: Occurrence, about: str) -> None:
        room = rooms_store.get(effects.session, shown.room_id or "")
        if room is None or shown.room_id is None:
            return
        bot, key = self.core.settings.bot, group_of(shown.audience)
        everyone = Viewer(UserId(bot), Standing.MEMBER, frozenset({key} if key else ()))
        place = Place(shown.room_id, None, COMMUNITY, room.readers)
        if shown.audience in items.audiences(effects.session, everyone, place, bot):
            with reading_in(self.core.rooms.language):
                left = begins.at.instant - effects.now
                reminder = render.render_reminder(shown, begins.at, left, None)
                effects.send(shown.room_id, reminder, about=(about,))


def declare(core: Core) -> tuple[Job, ...]:
    """The jobs of this feature."""
    summary = deferred("Remind of meetings that begin soon")
    return (Job("meetings.remind", Every(1), Remind(core), summary),)


def _about(shown: Meeting, begins: Occurrence, now: datetime) -> str:
    """The same for one reminder of one meeting, whenever it is said."""
    nearest = "soon" if begins.at.instant - now <= BEFORE[1] else "day"
    return f"meetings.remind:{shown.number}:{begins.at.instant.isoformat()}:{nearest}"
