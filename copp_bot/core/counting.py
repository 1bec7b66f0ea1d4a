"""Sums per day and scope, gathered in memory and written with the transaction they belong to."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session

from copp_bot.core.ids import UserId
from copp_bot.core.store import activity as store

MESSAGES = "messages"


@dataclass
class Counts:
    """What happened, not yet written."""

    sums: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    voices: set[tuple[str, str, UserId]] = field(default_factory=set)

    def add(self, at: datetime, scope: str, measure: str, by: int = 1) -> None:
        """Add to the sum of the day."""
        self.sums[(at.date().isoformat(), scope, measure)] += by

    def voice(self, at: datetime, scope: str, user_id: UserId) -> None:
        """Someone spoke; who is not written."""
        self.voices.add((iso_week(at), scope, user_id))

    def merge(self, other: "Counts") -> None:
        """Take over another's."""
        self.sums.update(other.sums)
        self.voices |= other.voices

    def write(self, session: Session) -> None:
        """Write the sums, and the voices as keyed hashes."""
        store.add(session, self.sums)
        store.add_voices(session, self.voices)


def iso_week(moment: datetime) -> str:
    """The ISO 8601 week, ``2026-W48``."""
    year, week, _ = moment.isocalendar()
    return f"{year}-W{week:02}"
