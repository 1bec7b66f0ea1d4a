"""Every minute: people in the wrong rooms, and power levels that do not follow. Every hour: a look at every room."""

from dataclasses import dataclass
from datetime import datetime

from copp_bot.core.context import Effects
from copp_bot.core.feature import Core, Job
from copp_bot.core.i18n import deferred
from copp_bot.core.ids import UserId
from copp_bot.core.schedule import Every
from copp_bot.features.rooms import service
from copp_bot.rooms.declared import DeclaredRooms


@dataclass(frozen=True)
class Check:
    """One look at the mirror; the homeserver is asked nothing."""

    rooms: DeclaredRooms
    bot: UserId

    def run(self, effects: Effects, due_at: datetime) -> None:
        """Write a task for everything that is out of place."""
        declared = self.rooms.declaration
        service.move(effects, declared, self.bot)
        service.adjust_power(effects, declared, self.bot)


def look(effects: Effects, due_at: datetime) -> None:
    """Have every room looked at: what changed while nobody listened."""
    service.look(effects)


def declare(core: Core, rooms: DeclaredRooms) -> tuple[Job, ...]:
    """The jobs of this feature."""
    check = Check(rooms, core.settings.bot)
    summary = deferred("Bring people into the rooms they belong to, and take them out of the others")
    looking = deferred("Look whether the rooms are as declared, and set back or report what was changed by hand")
    return (
        Job("rooms.rights", Every(1), check.run, summary),
        Job("rooms.look", Every(60), look, looking),
    )
