"""Wall times, and the occurrences of a meeting that repeats. Pure.

The rule it keeps: a meeting is a zone's name and what the clock on the wall shows there; an instant is worked out when
it is needed, and nowhere is an offset kept. A recurring time that the clocks skip or repeat is read as RFC 5545 says
(section 3.3.5), so that calendars and the bot mean the same instant.
"""

import heapq
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr

DAY = timedelta(days=1)


@dataclass(frozen=True)
class WallTime:
    """What the clock shows in a zone. ``fold`` is 1 for the second of two alike (PEP 495)."""

    wall: datetime
    zone: ZoneInfo
    fold: int = 0

    @property
    def instant(self) -> datetime:
        """Aware UTC; in a gap the offset before it counts (RFC 5545, 3.3.5)."""
        return self._aware(self.fold).astimezone(UTC)

    @property
    def is_skipped(self) -> bool:
        """Do the clocks jump over it?"""
        return self.instant.astimezone(self.zone).replace(tzinfo=None) != self.wall

    @property
    def is_repeated(self) -> bool:
        """Do the clocks show it twice?"""
        return not self.is_skipped and self._aware(0).utcoffset() != self._aware(1).utcoffset()

    @property
    def offset(self) -> timedelta:
        """From UTC."""
        return self._aware(self.fold).utcoffset() or timedelta()

    def readings(self) -> tuple["WallTime", "WallTime"]:
        """The two that a skipped or repeated time may mean, the earlier first."""
        if not self.is_skipped:
            return WallTime(self.wall, self.zone, 0), WallTime(self.wall, self.zone, 1)
        instants = (self._aware(1).astimezone(UTC), self._aware(0).astimezone(UTC))
        return (at(instants[0], self.zone), at(instants[1], self.zone))

    def _aware(self, fold: int) -> datetime:
        return self.wall.replace(tzinfo=self.zone, fold=fold)


def at(instant: datetime, zone: ZoneInfo) -> WallTime:
    """What the clock shows in a zone at an instant."""
    local = instant.astimezone(zone)
    return WallTime(local.replace(tzinfo=None, fold=0), zone, local.fold)


@dataclass(frozen=True)
class Occurrence:
    """One time that a meeting takes place. ``name`` is the wall time that its rule gives, also after it was moved."""

    name: datetime
    at: WallTime


@dataclass(frozen=True)
class Series:
    """When a meeting takes place, once or again and again.

    Args:
        rule: an RFC 5545 ``RRULE`` value whose ``UNTIL`` is a wall time; empty for a meeting that happens once.
        changes: name of an occurrence -> when it takes place instead, or None for one that was cancelled.
    """

    start: WallTime
    rule: str = ""
    changes: Mapping[datetime, WallTime | None] = field(default_factory=dict)

    def after(self, instant: datetime) -> Iterator[Occurrence]:
        """Occurrences that begin later than ``instant``, in their order in time."""
        moved = [Occurrence(name, to) for name, to in self.changes.items() if to is not None]
        by_rule = (Occurrence(name, self._usual(name)) for name in self._names(instant) if name not in self.changes)
        merged = heapq.merge(by_rule, sorted(moved, key=_begins), key=_begins)
        return (occurrence for occurrence in merged if occurrence.at.instant > instant)

    def next(self, instant: datetime) -> Occurrence | None:
        """The first one later than ``instant``; None when it is over."""
        return next(self.after(instant), None)

    def named(self, name: datetime) -> Occurrence | None:
        """The occurrence of this name, unless it was cancelled."""
        is_there = name == self.start.wall
        if self.rule:
            is_there = bool(rrulestr(self.rule, dtstart=self.start.wall).between(name, name, inc=True))
        to = self.changes.get(name, self._usual(name))
        return Occurrence(name, to) if is_there and to is not None else None

    def _names(self, instant: datetime) -> Iterator[datetime]:
        """Wall times by the rule, from a day before the instant on, since zones are less than a day apart."""
        if not self.rule:
            return iter((self.start.wall,))
        since = instant.astimezone(self.start.zone).replace(tzinfo=None) - DAY
        names: Iterator[datetime] = rrulestr(self.rule, dtstart=self.start.wall).xafter(since, inc=True)
        return names

    def _usual(self, name: datetime) -> WallTime:
        return WallTime(name, self.start.zone, self.start.fold)


def _begins(occurrence: Occurrence) -> datetime:
    return occurrence.at.instant
