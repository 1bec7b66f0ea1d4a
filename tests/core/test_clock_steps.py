"""Everything that is scheduled, while the clock does what it likes: changes of the hour, steps, and days of downtime.

The rule it keeps: the real scheduler runs the declared jobs' rules on a clock of the test's own, and is rung by an
alarm that goes by that clock. What shall have run is worked out from where the clock has been.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from functools import cache
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest

from copp_bot.core.context import Effects
from copp_bot.core.feature import Job
from copp_bot.core.schedule import Every, Rule, Weekly
from copp_bot.core.scheduler import Scheduler
from storage.database import Database
from tests.core.rig import SetClock
from tests.features.built import built_features

pytestmark = pytest.mark.one_database  # the table is looked at on both in test_scheduler
ZONES = ("Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Casablanca")
FIRST, LAST = datetime(2026, 1, 1, tzinfo=UTC), datetime(2030, 12, 31, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
DECLARED = {str(job.rule): job for feature in built_features() for job in feature.jobs}
"""One declared job of each rule."""
BY_THE_WALL: dict[str, Rule] = {
    **{job.id: job.rule for job in DECLARED.values() if isinstance(job.rule, Weekly)},
    "in the hour that is skipped or repeated": Weekly(time(2, 30)),
    "at the very change": Weekly(time(3, 0), frozenset({7})),
}
BY_MINUTES: dict[str, Rule] = {job.id: job.rule for job in DECLARED.values() if isinstance(job.rule, Every)}


@dataclass(frozen=True)
class Trouble:
    """A step of the clock, or that the bot is off for a while."""

    name: str
    step: timedelta = timedelta()
    off: timedelta = timedelta()


TROUBLES = (
    Trouble("nothing else"),
    Trouble("an hour on", HOUR),
    Trouble("an hour back", -HOUR),
    Trouble("a day on", DAY),
    Trouble("a day back", -DAY),
    Trouble("three days off", off=3 * DAY),
    Trouble("three days off, and then a day back", -DAY, 3 * DAY),
)


@dataclass
class Alarm:
    """Stands where APScheduler would ring, and rings by the test's clock."""

    due: dict[str, tuple[datetime, Any, list[Any]]] = field(default_factory=dict)

    def add_job(self, call: Any, _trigger: str, *, run_date: datetime, args: list[Any], id: str, **_how: Any) -> None:
        """As ``AsyncIOScheduler`` takes it."""
        self.due[id] = (run_date, call, args)

    async def ring(self, now: datetime) -> None:
        """Ring for everything that is due."""
        for name, (run_date, call, args) in sorted(self.due.items()):
            if run_date <= now:
                del self.due[name]
                await call(*args)

    def next(self) -> datetime:
        """When it rings next."""
        return min(run_date for run_date, _call, _args in self.due.values())


@dataclass
class Bench:
    """One bot after the other on one database and one clock.

    Args:
        runs: job and due moment -> how often it ran.
        expected: what shall have run.
    """

    database: Database
    zone: ZoneInfo
    clock: SetClock
    rules: dict[str, Rule]
    runs: Counter[tuple[str, datetime]] = field(default_factory=Counter)
    expected: set[tuple[str, datetime]] = field(default_factory=set)

    async def start(self) -> None:
        """The bot starts: of what was missed the newest is caught up."""
        jobs = [Job(name, rule, self._job(name), "", "last") for name, rule in self.rules.items()]
        self.scheduler = Scheduler(jobs, self.database, self.clock, self.zone, lambda _batch: None)
        self.alarm = Alarm()
        self.scheduler._ringer = cast("Any", self.alarm)
        await self.scheduler.begin()

    async def pass_time(self, until: datetime) -> None:
        """The clock goes on as clocks do."""
        for name in self.rules:
            self.expected.update((name, due) for due in self._due(name, self.clock.moment, until))
        while self.alarm.next() <= until:
            self.clock.moment = self.alarm.next()
            await self.alarm.ring(self.clock.moment)
        self.clock.moment = until

    async def trouble(self, what: Trouble) -> None:
        """The bot is off for so long, or not; and the clock is put on or back."""
        since = self.clock.moment
        self.clock.moment += what.step + what.off
        for name in self.rules:
            missed = list(self._due(name, since, self.clock.moment))
            self.expected.update((name, due) for due in (missed[-1:] if what.off else missed[:1]))
        if what.off:
            await self.start()
        self.scheduler.look_at_the_clock(since)
        await self.alarm.ring(self.clock.moment)

    def wrong(self) -> list[str]:
        """What ran not at all, twice, or without being due."""
        twice = {one for one, count in self.runs.items() if count > 1}
        different = (self.expected ^ set(self.runs)) | twice
        return [f"{name} {due.isoformat()} x {self.runs[name, due]}" for name, due in sorted(different)]

    def _job(self, name: str) -> Any:
        def run(_effects: Effects, due: datetime) -> None:
            self.runs[name, due] += 1

        return run

    def _due(self, name: str, since: datetime, until: datetime) -> Iterator[datetime]:
        for occurrence in self.rules[name].after(since, self.zone):
            if occurrence.due_at > until:
                return
            yield occurrence.due_at


@cache
def changes(zone: ZoneInfo) -> list[datetime]:
    """The hours from 2026 to 2030 in which the offset changes; one of each year where it never does."""
    hours = (FIRST + number * HOUR for number in range((LAST - FIRST) // HOUR))
    found = [at for at in hours if at.astimezone(zone).utcoffset() != (at + HOUR).astimezone(zone).utcoffset()]
    return found or [FIRST.replace(year=year) for year in range(FIRST.year, LAST.year + 1)]


async def through(bench: Bench, trouble: Trouble, before: timedelta, after: timedelta) -> None:
    """The bot is up, the trouble comes an hour after the change, and then there is nothing more."""
    change = bench.clock.moment
    bench.clock.moment = change - before
    await bench.start()
    await bench.pass_time(change + HOUR)
    await bench.trouble(trouble)
    await bench.pass_time(bench.clock.moment + after)


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: trouble.name)
@pytest.mark.parametrize("name", ZONES)
async def test_around_every_change_of_the_hour(database_url: str, name: str, trouble: Trouble) -> None:
    """What goes by the wall clock: the report, the ends of groups, and jobs in the very hour that changes."""
    zone, database = ZoneInfo(name), Database(database_url)
    assert (len(changes(zone)) >= 10) == (name != "Asia/Kathmandu")
    for number, change in enumerate(changes(zone)):
        rules = {f"{number} {job}": rule for job, rule in BY_THE_WALL.items()}
        bench = Bench(database, zone, SetClock(change), rules)
        await through(bench, trouble, before=2 * DAY, after=4 * DAY)
        assert bench.expected and not bench.wrong(), (change, bench.wrong())
    database.close()


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: trouble.name)
async def test_what_goes_by_minutes(database_url: str, trouble: Trouble) -> None:
    """Looks of every minute, quarter and hour; they go by UTC, in every zone alike."""
    database = Database(database_url)
    bench = Bench(database, ZoneInfo("Europe/Paris"), SetClock(changes(ZoneInfo("Europe/Paris"))[0]), BY_MINUTES)
    await through(bench, trouble, before=3 * HOUR, after=HOUR + max(timedelta(), -trouble.step))
    assert len(bench.expected) > 300 and not bench.wrong(), bench.wrong()[:20]
    database.close()
