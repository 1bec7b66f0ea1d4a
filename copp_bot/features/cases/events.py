"""The room edge: a message that was reported, or that reported it, is gone."""

from dataclasses import dataclass

from copp_bot.core.context import Effects
from copp_bot.core.feature import Core
from copp_bot.core.ids import EventId
from copp_bot.features.cases import cards, store


@dataclass(frozen=True)
class Redacted:
    """Hears of redactions."""

    core: Core

    def __call__(self, effects: Effects, event_id: EventId) -> None:
        """What it said stands in no card any more, nor what it said as a report; the case goes on."""
        store.take_words_back(effects.session, event_id)
        for case in store.of_message(effects.session, event_id):
            cards.update(effects, self.core, case)
