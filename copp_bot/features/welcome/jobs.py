"""Every quarter of an hour: one greeting in Reception for all who have come, one card for the stewards."""

from dataclasses import dataclass
from datetime import datetime

from copp_bot.core.context import Effects
from copp_bot.core.feature import Core, Job
from copp_bot.core.i18n import deferred, reading_in
from copp_bot.core.ids import COMMUNITY, UserId
from copp_bot.core.schedule import Every
from copp_bot.core.store import duty
from copp_bot.core.store import people as people_store
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
            greeting = render.render_greeting(arrivals.all, text, _on_duty(effects))
            effects.send(arrivals.room, greeting, about=about)
            stewards = rooms_store.room_id(effects.session, STEWARDS_KEY)
            if arrivals.waiting and stewards is not None:
                effects.send(stewards, render.render_waiting(arrivals.waiting))


def _on_duty(effects: Effects) -> tuple[UserId, str | None] | None:
    """Who signs: whoever has been on duty longest, never someone who is away."""
    there = duty.on_duty(effects.session, COMMUNITY, effects.now)
    if not there:
        return None
    steward = UserId(there[0].user_id)
    return steward, people_store.names(effects.session, [steward]).get(steward)


def declare(core: Core) -> tuple[Job, ...]:
    """The jobs of this feature."""
    return (Job("welcome", Every(15), Welcome(core), deferred("Greet who has come to Reception")),)
