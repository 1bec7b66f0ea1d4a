"""The closed week in numbers.

The rule it keeps: days and weeks are UTC, people are counted in bands, a group that is not listed appears only as
part of the whole community's sums, and the key that could tell whose a voice was dies with the week.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sqlmodel import Session

from copp_bot.core.counting import MESSAGES, iso_week
from copp_bot.core.feature import RoomDirectory
from copp_bot.core.ids import COMMUNITY, group_of, group_scope
from copp_bot.features.activity import store

JOINS = "joins"
"""Measure: people who joined a space; counted by ``events.py``."""
WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Figures:
    """One scope's week: messages, different people who spoke, people who joined."""

    messages: int = 0
    voices: int = 0
    joins: int = 0


@dataclass(frozen=True)
class Week:
    """A week's figures: the whole community with all its groups, and each listed group."""

    monday: date
    whole: Figures
    groups: Mapping[str, Figures]


@dataclass(frozen=True)
class Report:
    """A closed week and the one before."""

    week: Week
    before: Week


def report(session: Session, rooms: RoomDirectory, now: datetime) -> Report:
    """The last week that is over at ``now``, and the one before it."""
    monday = last_closed(now)
    return Report(_week(session, rooms, monday), _week(session, rooms, monday - WEEK))


def last_closed(now: datetime) -> date:
    """The Monday of the last ISO week that is over (UTC)."""
    today = now.astimezone(UTC).date()
    return today - timedelta(days=today.weekday()) - WEEK


def close_week(session: Session, now: datetime) -> int:
    """Destroy the voice keys of all weeks that are over; returns how many there were."""
    return store.destroy_keys_before(session, iso_week(now.astimezone(UTC)))


def _week(session: Session, rooms: RoomDirectory, monday: date) -> Week:
    sunday, week = (
        monday + WEEK - timedelta(days=1),
        iso_week(datetime(monday.year, monday.month, monday.day, tzinfo=UTC)),
    )
    messages = store.sums(session, MESSAGES, monday, sunday)
    joins = store.sums(session, JOINS, monday, sunday)
    voices = store.voices(session, week)
    everywhere = sum(count for scope, count in messages.items() if scope == COMMUNITY or group_of(scope))
    whole = Figures(everywhere, store.all_voices(session, week), joins.get(COMMUNITY, 0))
    listed = [info.key for info in rooms.groups().values() if info.listed]
    return Week(monday, whole, {key: _figures(group_scope(key), messages, voices, joins) for key in listed})


def _figures(scope: str, messages: Mapping[str, int], voices: Mapping[str, int], joins: Mapping[str, int]) -> Figures:
    return Figures(messages.get(scope, 0), voices.get(scope, 0), joins.get(scope, 0))
