"""The scheduler: each occurrence once, whatever the clock and the power supply do."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from copp_bot.core.context import Effects
from copp_bot.core.effects import Batch
from copp_bot.core.feature import Job
from copp_bot.core.ids import RoomId
from copp_bot.core.reply import say
from copp_bot.core.schedule import Every, Weekly
from copp_bot.core.scheduler import Scheduler
from copp_bot.core.store import schedule as store
from storage.database import Database
from tests.core.rig import SetClock
from tests.world import WAIT_SECONDS

PARIS = ZoneInfo("Europe/Paris")
START = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
DAILY = Weekly(time(9, 0))


class Office:
    """A database and a clock; schedulers come and go."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = SetClock(START)
        self.ran: list[datetime] = []
        self.said: list[str] = []

    def run(self, effects: Effects, due_at: datetime) -> None:
        """A job that notes when it was due."""
        self.ran.append(due_at)
        effects.send(RoomId("!room"), say("report"))

    def scheduler(self, *jobs: Job) -> Scheduler:
        """A new process."""
        return Scheduler(jobs, self.database, self.clock, PARIS, self._committed)

    def _committed(self, batch: Batch) -> None:
        self.said += [row["txn_id"] for row in batch.outgoing]


@pytest.fixture
def office(database_url: str) -> Iterator[Office]:
    """Everything but a scheduler."""
    database = Database(database_url)
    yield Office(database)
    database.close()


def job(office: Office, catch_up: str = "last", rule: Weekly | Every = DAILY) -> Job:
    """The job under test."""
    return Job("report", rule, office.run, "a report", catch_up)


@pytest.mark.parametrize(("catch_up", "days"), [("each", [25, 26, 27]), ("last", [27]), ("none", [])])
@pytest.mark.parametrize("ran_before", [True, False])
async def test_after_three_days_of_downtime(office: Office, catch_up: str, days: list[int], ran_before: bool) -> None:
    wanted = job(office, catch_up)
    scheduler = office.scheduler(wanted)
    await scheduler.catch_up(wanted)
    assert office.ran == []
    if ran_before:
        first = next(DAILY.after(START - timedelta(days=1), PARIS))
        await scheduler.run_one(wanted, first)
        office.ran.clear()
    office.clock.move(timedelta(days=3))
    for _ in range(2):
        await office.scheduler(wanted).catch_up(wanted)
    assert [due.day for due in office.ran] == days


async def test_two_rings_of_one_occurrence(office: Office) -> None:
    wanted = job(office)
    occurrence = next(DAILY.after(START, PARIS))
    one, other = office.scheduler(wanted), office.scheduler(wanted)
    await asyncio.gather(*(scheduler.run_one(wanted, occurrence) for scheduler in (one, other, one)))
    assert len(office.ran) == 1
    assert len(set(office.said)) == len(office.said) == 1


@pytest.mark.parametrize("back", [timedelta(hours=1), timedelta(days=1)])
@pytest.mark.parametrize("catch_up", ["each", "last", "none"])
async def test_a_clock_that_is_put_back_runs_nothing_twice(office: Office, back: timedelta, catch_up: str) -> None:
    rule = Every(30)
    wanted = job(office, catch_up, rule)
    for step in [timedelta(minutes=30)] * 4 + [-back] + [timedelta(minutes=30)] * 60:
        moment = office.clock.now()
        await office.scheduler(wanted).catch_up(wanted)
        for occurrence in rule.after(moment, PARIS):  # what APScheduler rings for until the next step
            if occurrence.due_at > moment + step:
                break
            await office.scheduler(wanted).run_one(wanted, occurrence)
        office.clock.move(step)
    assert len(office.ran) == len(set(office.ran))
    steps = (max(office.ran) - min(office.ran)) / timedelta(minutes=30)
    assert len(office.ran) == steps + 1


async def test_a_clock_that_is_put_back_is_noticed(
    office: Office, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """While it runs; what follows from that is in test_clock_steps."""
    monkeypatch.setattr("copp_bot.core.scheduler.LOOK_SECONDS", 0.01)
    running = asyncio.create_task(office.scheduler().run())
    async with asyncio.timeout(WAIT_SECONDS):
        while "put back" not in caplog.text:
            await asyncio.sleep(0.02)
            office.clock.moment -= timedelta(hours=1)
    running.cancel()


async def test_a_job_that_raises_is_recorded_and_stops_no_other(office: Office) -> None:
    def fails(effects: Effects, _due_at: datetime) -> None:
        effects.send(RoomId("!room"), say("half"))
        raise ValueError("ours")

    bad = Job("bad", Every(10), fails, "fails", "each")
    good = job(office, "each", Every(10))
    for each in (bad, good):
        await office.scheduler(bad, good).catch_up(each)
    office.clock.move(timedelta(minutes=30))
    running = asyncio.create_task(office.scheduler(bad, good).run())
    async with asyncio.timeout(WAIT_SECONDS):
        while len(office.said) < 3:
            await office.database.write(lambda _session: None)
    running.cancel()
    recorded = await office.database.read(lambda session: store.newest(session, "bad", 10))
    assert [(row.outcome, row.error) for row in recorded] == [("failed", "ValueError")] * 3
    assert len(office.said) == 3


@pytest.mark.parametrize("zone", ["Europe/Paris", "Australia/Lord_Howe", "Africa/Casablanca"])
async def test_through_a_year_of_clock_changes_each_day_once(office: Office, zone: str) -> None:
    wanted = job(office, "each", Weekly(time(2, 15)))
    scheduler = Scheduler([wanted], office.database, office.clock, ZoneInfo(zone), lambda _batch: None)
    await scheduler.catch_up(wanted)
    for _ in range(40):
        office.clock.move(timedelta(days=9, hours=5))
        await scheduler.catch_up(wanted)
    days = [due.astimezone(ZoneInfo(zone)).date() for due in office.ran]
    assert days == [days[0] + timedelta(days=number) for number in range(len(days))]
    assert len(days) in (368, 369)


@pytest.mark.parametrize(("minutes", "kept"), [(60, store.KEEP), (10, 6 * 48 + 1)])
async def test_the_table_is_pruned_without_running_anything_again(office: Office, minutes: int, kept: int) -> None:
    """So many are kept, and all of two days."""
    wanted = job(office, "each", Every(minutes))
    await office.scheduler(wanted).catch_up(wanted)
    office.clock.move(timedelta(minutes=minutes * 300))
    await office.scheduler(wanted).catch_up(wanted)
    await office.scheduler(wanted).catch_up(wanted)
    assert len(office.ran) == 300
    assert len(await office.database.read(lambda session: store.newest(session, "report", 1000))) == kept
