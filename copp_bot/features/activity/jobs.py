"""Monday at eight: the closed week goes to the Secretariat's room, and its voices become nobody's."""

from dataclasses import dataclass
from datetime import datetime, time

from copp_bot.core.context import Effects
from copp_bot.core.feature import Core, Job
from copp_bot.core.i18n import deferred, reading_in
from copp_bot.core.schedule import Weekly
from copp_bot.core.store import rooms as rooms_store
from copp_bot.features.activity import render, service

SECRETARIAT_KEY = "secretariat"
MONDAY = frozenset({1})


@dataclass(frozen=True)
class WeeklyReport:
    """The job's work."""

    core: Core

    def __call__(self, effects: Effects, due: datetime) -> None:
        """Report the week that was over when the job was due, then close it."""
        room = rooms_store.room_id(effects.session, SECRETARIAT_KEY)
        if room is not None:
            report = service.report(effects.session, self.core.rooms, due)
            with reading_in(self.core.rooms.language):
                effects.send(room, render.render_report(report, self.core.rooms), bulk=True)
        service.close_week(effects.session, due)


def declare(core: Core) -> tuple[Job, ...]:
    """The jobs of this feature."""
    summary = deferred("Send the week's numbers to the Secretariat's room")
    return (Job("activity.weekly", Weekly(time(8), MONDAY), WeeklyReport(core), summary, catch_up="last"),)
