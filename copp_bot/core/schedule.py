"""When a job is due: wall time in a named zone, turned into instants here and nowhere else."""

from calendar import day_name
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Occurrence:
    """One due moment. ``name`` is unique for the job and does not depend on how often the hour strikes."""

    name: str
    due_at: datetime


@dataclass(frozen=True)
class Every:
    """Every so many minutes, counted from 1970 UTC (for a divisor of the day: from midnight)."""

    minutes: int

    def __str__(self) -> str:
        return "every minute" if self.minutes == 1 else f"every {self.minutes} minutes"

    def after(self, moment: datetime, zone: ZoneInfo) -> Iterator[Occurrence]:
        """Occurrences later than ``moment``, without end."""
        step = timedelta(minutes=self.minutes)
        due = EPOCH + step * ((moment - EPOCH) // step + 1)
        while True:
            yield Occurrence(due.strftime("%Y-%m-%dT%H:%MZ"), due)
            due += step


@dataclass(frozen=True)
class Weekly:
    """On some weekdays (ISO: Monday is 1) at a wall time; all seven make it daily.

    A time that the clocks skip falls on the first moment after the gap; one that they repeat happens the first time.
    """

    at: time
    weekdays: frozenset[int] = frozenset(range(1, 8))

    def __str__(self) -> str:
        days = ", ".join(day_name[day - 1] for day in sorted(self.weekdays))
        return f"{'daily' if len(self.weekdays) == 7 else days} at {self.at:%H:%M}"

    def after(self, moment: datetime, zone: ZoneInfo) -> Iterator[Occurrence]:
        """Occurrences later than ``moment``, without end."""
        day = moment.astimezone(zone).date() - timedelta(days=1)
        while True:
            if day.isoweekday() in self.weekdays:
                due = instant(datetime.combine(day, self.at), zone)
                if due > moment:
                    yield Occurrence(f"{day.isoformat()}T{self.at:%H:%M}[{zone.key}]", due)
            day += timedelta(days=1)


Rule = Every | Weekly


def instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """The UTC instant of a wall time: the first of two where clocks go back, the end of the gap where they go on."""
    aware = wall.replace(tzinfo=zone, fold=0)
    back = aware.astimezone(UTC).astimezone(zone)
    if back.replace(tzinfo=None) == wall:
        return aware.astimezone(UTC)
    before = wall.replace(tzinfo=zone, fold=1).utcoffset()  # offset after the gap, by PEP 495
    after = aware.utcoffset()
    shift = abs((before or timedelta()) - (after or timedelta()))
    gap_end = _first_after_gap(wall, zone, shift)
    return gap_end.astimezone(UTC)


def _first_after_gap(wall: datetime, zone: ZoneInfo, shift: timedelta) -> datetime:
    """The moment at which the clocks jump, found by halving (PEP 495: fold=0 uses the offset before the gap)."""
    low = (wall - shift).replace(tzinfo=zone).astimezone(UTC)
    high = (wall + shift).replace(tzinfo=zone).astimezone(UTC)
    offset_before = low.astimezone(zone).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        if middle.astimezone(zone).utcoffset() == offset_before:
            low = middle
        else:
            high = middle
    return high.replace(microsecond=0)
