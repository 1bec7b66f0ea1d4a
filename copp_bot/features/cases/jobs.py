"""Every hour: cases that nobody has touched for a day are called to mind."""

from dataclasses import dataclass
from datetime import datetime

from copp_bot.core.context import Effects
from copp_bot.core.feature import Core, Job
from copp_bot.core.i18n import deferred, reading_in
from copp_bot.core.ids import UserId
from copp_bot.core.readers import reader
from copp_bot.core.schedule import Every
from copp_bot.features.cases import render, routing, service


@dataclass(frozen=True)
class Reminders:
    """The job's work."""

    core: Core

    def __call__(self, effects: Effects, due: datetime) -> None:
        """The owner is reminded; without one, the desk."""
        for case in service.overdue(effects):
            is_owned = service.owner_may(effects, self.core.policy, case)
            targets = [UserId(case.owner or "")] if is_owned else routing.targets(effects, self.core.policy, case)
            for target in targets:
                person = UserId(target) if target.startswith("@") else None
                language = reader(effects.session, person, self.core.rooms).language if person else None
                with reading_in(language or self.core.rooms.language):
                    effects.send(target, render.render_reminder(case, person))


def declare(core: Core) -> tuple[Job, ...]:
    """The jobs of this feature."""
    return (Job("cases.remind", Every(60), Reminders(core), deferred("Call open cases to mind")),)
