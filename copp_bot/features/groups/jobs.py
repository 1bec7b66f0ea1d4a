"""Every morning: a group whose last day is over is put before the Secretariat, once; nothing closes by itself."""

from dataclasses import dataclass
from datetime import datetime, time

from copp_bot.core.context import Effects
from copp_bot.core.feature import Core, Job
from copp_bot.core.i18n import deferred, reading_in
from copp_bot.core.schedule import Weekly
from copp_bot.core.store import rooms as rooms_store
from copp_bot.features.groups import render_opening, store

SECRETARIAT = "secretariat"


@dataclass(frozen=True)
class Ends:
    """The job's work."""

    core: Core

    def __call__(self, effects: Effects, due: datetime) -> None:
        """Ask about every group whose last day was before the day of the job."""
        room = rooms_store.room_id(effects.session, SECRETARIAT)
        today = due.astimezone(self.core.rooms.zone).date()
        for info in self.core.rooms.groups().values():
            is_over = info.until is not None and info.until < today and not info.closed
            if room is None or not is_over or not store.remind(effects.session, info.key, str(info.until)):
                continue
            with reading_in(self.core.rooms.language):
                effects.send(room, render_opening.render_over(info))


def declare(core: Core) -> tuple[Job, ...]:
    """The jobs of this feature."""
    summary = deferred("Ask the Secretariat about groups whose last day is over")
    return (Job("groups.ends", Weekly(time(9)), Ends(core), summary),)
