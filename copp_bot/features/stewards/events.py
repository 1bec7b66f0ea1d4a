"""The room edge: who has come, and what was taken back."""

from dataclasses import dataclass

from copp_bot.core.context import Effects, Place
from copp_bot.core.ids import EventId, UserId
from copp_bot.core.matrix.port import Membership
from copp_bot.features.stewards import service, unheard


@dataclass(frozen=True)
class Came:
    """Hears of memberships."""

    bot: UserId

    def __call__(self, effects: Effects, place: Place, change: Membership) -> None:
        """Note who is new."""
        unheard.came(effects, place, change, self.bot)


def redacted(effects: Effects, event_id: EventId) -> None:
    """A message is gone: what it said was done was not, and if it was a first post, the next one is."""
    service.take_back(effects, event_id)
    unheard.taken_back(effects, event_id)
