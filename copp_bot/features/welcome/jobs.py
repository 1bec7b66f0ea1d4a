"""Every quarter of an hour: one greeting in Reception for all who have come, one card for the stewards."""

from dataclasses import dataclass
from datetime import datetime

from copp_bot.core.context import Effects
from copp_bot.core.feature import Core, Job
from copp_bot.core.i18n import deferred, reading_in
from copp_bot.core.schedule import Every
from copp_bot.core.store import rooms as rooms_store
from copp_bot.features.welcome import render, service

STEWARDS_KEY = "stewards"


@dataclass(frozen=True)
class Welcome:
    """The job's work."""

    core: Core

    def __call__(self, effects: Effects, due: datetime) -> None:
        """Greet who has come since, once for ever."""
        arrivals = service.greet(effects, self.core.settings.bot)
        if arrivals is None:
            return
        language = self.core.rooms.language
        with reading_in(language):
            text = self.core.rooms.text("welcome", language)
            about = [service.mark(arrival.user_id) for arrival in arrivals.all]
            effects.send(arrivals.room, render.render_greeting(arrivals.all, text), about=about)
            stewards = rooms_store.room_id(effects.session, STEWARDS_KEY)
            if arrivals.waiting and stewards is not None:
                effects.send(stewards, render.render_waiting(arrivals.waiting))


def declare(core: Core) -> tuple[Job, ...]:
    """The jobs of this feature."""
    return (Job("welcome", Every(15), Welcome(core), deferred("Greet who has come to Reception")),)
