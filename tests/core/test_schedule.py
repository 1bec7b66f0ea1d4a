"""Wall time to instants, through every change of the clocks until 2030."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, pairwise, takewhile
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copp_bot.core.schedule import Every, Weekly, instant

ZONES = ["Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Casablanca"]
FIRST, LAST = date(2026, 1, 1), date(2030, 12, 31)
DAYS = (LAST - FIRST).days + 1


def changes(zone: ZoneInfo) -> list[datetime]:
    """The UTC midnights before the clocks change."""
    days = [datetime.combine(FIRST, time(), UTC) + timedelta(days=number) for number in range(DAYS)]
    day = timedelta(days=1)
    return [at for at in days if at.astimezone(zone).utcoffset() != (at + day).astimezone(zone).utcoffset()]


def walls(midnight: datetime, zone: ZoneInfo) -> dict[datetime, datetime]:
    """Every minute that the clocks show around a change -> the instant at which it is shown first."""
    shown: dict[datetime, datetime] = {}
    for minute in range(-48 * 60, 72 * 60):
        at = midnight + timedelta(minutes=minute)
        shown.setdefault(at.astimezone(zone).replace(tzinfo=None), at)
    return shown


@pytest.mark.parametrize("name", ZONES)
def test_every_wall_time_of_days_with_a_change(name: str) -> None:
    zone = ZoneInfo(name)
    assert (len(changes(zone)) >= 10) == (name != "Asia/Kathmandu")
    for midnight in changes(zone):
        shown = walls(midnight, zone)
        begin = datetime.combine(midnight.astimezone(zone).date(), time())
        for minute in range(0, 48 * 60, 5):
            wall = following = begin + timedelta(minutes=minute)
            while following not in shown:
                following += timedelta(minutes=1)  # skipped: the first minute that is shown after it
            assert instant(wall, zone) == shown[following], wall


@pytest.mark.parametrize("name", ZONES)
@pytest.mark.parametrize("at", [time(2, 30), time(0, 0), time(1, 45), time(3, 0), time(23, 59)])
def test_a_daily_job_has_each_day_once(name: str, at: time) -> None:
    zone = ZoneInfo(name)
    begin = datetime.combine(FIRST, time(), zone).astimezone(UTC) - timedelta(seconds=1)
    end = datetime.combine(LAST + timedelta(days=1), time(), zone).astimezone(UTC)
    found = list(takewhile(lambda o: o.due_at < end, Weekly(at).after(begin, zone)))
    assert [o.name[:10] for o in found] == [(FIRST + timedelta(days=n)).isoformat() for n in range(DAYS)]
    assert all(a.due_at < b.due_at for a, b in pairwise(found))


@pytest.mark.parametrize("name", ZONES)
def test_a_weekly_job_has_each_week_once(name: str) -> None:
    zone = ZoneInfo(name)
    rule = Weekly(time(2, 30), frozenset({7}))
    found = list(islice(rule.after(datetime(2026, 1, 1, tzinfo=UTC), zone), 260))
    days = [date.fromisoformat(o.name[:10]) for o in found]
    assert all(day.isoweekday() == 7 for day in days)
    assert all((b - a).days == 7 for a, b in pairwise(days))


MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2030, 12, 31)).map(lambda m: m.replace(tzinfo=UTC))  # noqa: DTZ001
RULES = st.one_of(
    st.integers(1, 3000).map(Every),
    st.builds(Weekly, st.times().map(lambda t: t.replace(second=0, microsecond=0)), st.just(frozenset({1, 7}))),
)


@given(RULES, MOMENTS, st.sampled_from(ZONES), st.integers(0, 100_000))
def test_it_does_not_matter_from_when_one_looks(rule: Every | Weekly, moment: datetime, name: str, later: int) -> None:
    zone = ZoneInfo(name)
    then = moment + timedelta(minutes=later) / 10
    early = [o for o in islice(rule.after(moment, zone), 40) if o.due_at > then]
    assert early == list(islice(rule.after(then, zone), len(early)))
    assert all(o.due_at > moment for o in early)


@given(MOMENTS, st.sampled_from(ZONES))
def test_the_moment_itself_is_not_after_it(moment: datetime, name: str) -> None:
    zone = ZoneInfo(name)
    due = next(Every(30).after(moment, zone)).due_at
    assert next(Every(30).after(due, zone)).due_at == due + timedelta(minutes=30)
