"""Every minute: grants whose time has passed come to their end, and those of people who have left."""

from dataclasses import dataclass
from datetime import datetime

from copp_bot.core.context import Effects
from copp_bot.core.feature import Core, Job
from copp_bot.core.i18n import deferred
from copp_bot.core.schedule import Every
from copp_bot.features.roles import notices, service


@dataclass(frozen=True)
class EndRunOut:
    """The job's work."""

    core: Core

    def __call__(self, effects: Effects, due: datetime) -> None:
        """End what has run out, and tell those who held it."""
        for ended in service.end_run_out(effects, self.core.policy):
            notices.tell_ended(effects, self.core, ended)
        notices.tell_of_leaving(effects, self.core, service.end_outside(effects, self.core.policy))


def declare(core: Core) -> tuple[Job, ...]:
    """The jobs of this feature."""
    return (Job("roles.end", Every(1), EndRunOut(core), deferred("End roles whose time has passed")),)
