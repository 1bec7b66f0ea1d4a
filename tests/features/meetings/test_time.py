"""Every meeting of a series once, through every change of the clocks from 2026 to 2030, with and without downtime."""

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from copp_bot.core import items
from copp_bot.core.effects import Batch, RowEffects
from copp_bot.core.errors import UserError
from copp_bot.core.ids import COMMUNITY, ItemId, RoomId
from copp_bot.core.store import items as items_store
from copp_bot.core.store import prompts as prompts_store
from copp_bot.core.store import said as said_store
from copp_bot.features.meetings import render, service, store
from copp_bot.features.meetings.jobs import Remind
from copp_bot.features.meetings.store import Answer
from copp_bot.features.meetings.times import Occurrence, Series, WallTime
from copp_bot.features.meetings.wishes import Wish
from tests.features.small_house import SmallHouse

ZONES = ("Europe/Paris", "Europe/Lisbon", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu")
BEGIN, END = datetime(2026, 1, 4, tzinfo=UTC), datetime(2031, 1, 1, tzinfo=UTC)
START = datetime(2026, 1, 4, 2, 30)  # noqa: DTZ001 - a Sunday, in the hour that clocks skip and repeat
ROOM = "coffee-shop"


def planned(house: SmallHouse, rule: str, zone: str, start: datetime = START, now: datetime = BEGIN) -> store.Meeting:
    """A meeting of the coffee shop, to which Goran comes."""
    goran, house.effects.now = house.member("goran"), now
    wish = Wish("Circle", "said")
    context = house.context(goran, ROOM)
    whose = service.Belonging(COMMUNITY, items.FOR_COMMUNITY)
    item = service.plan(context, wish, WallTime(start, ZoneInfo(zone)), rule, whose, context.message.event_id)
    service.answer(house.effects, items.row_id(item), goran, Answer.YES)
    row = store.get(house.session, items.row_id(item))
    assert row is not None
    return row


def run(house: SmallHouse, at: datetime) -> list[str]:
    """What the job says in the room and privately at a moment."""
    house.effects.now = at
    house.effects.sent.clear()
    Remind(house.core)(house.effects, at)
    return [target for target, _reply in house.effects.sent]


@pytest.mark.parametrize("zone", ZONES)
def test_every_meeting_is_reminded_of_twice(house: SmallHouse, zone: str) -> None:
    """A day and fifteen minutes before, on the days around every change of the clocks."""
    for day in _changes(zone):
        start = datetime.combine(day - timedelta(days=1), START.time())
        began = datetime.combine(start - timedelta(days=3), START.time(), UTC)
        row = planned(house, "FREQ=DAILY;COUNT=3", zone, start, began)
        reminded: Counter[datetime] = Counter()
        while row.due_at is not None and row.next_at is not None:
            at, begins = max(row.due_at, house.effects.now), row.next_at
            said = run(house, at)
            assert said == (["@goran:example.org", f"!{ROOM}"] if at < begins else [])
            reminded[begins] += 1
            assert not said or timedelta(0) < begins - at <= service.BEFORE[0]
        assert set(reminded.values()) == {3}  # two reminders, and the beginning itself
        days = sorted(begins.astimezone(ZoneInfo(zone)).date() for begins in reminded)
        assert days == [start.date() + timedelta(days=later) for later in range(3)]


def _changes(zone: str) -> list[date]:
    """The days on which the clocks change; one of each year where they never do."""
    days = [BEGIN.date() + timedelta(days=number) for number in range((END - BEGIN).days)]
    noons = [datetime.combine(day, time(12), ZoneInfo(zone)).utcoffset() for day in days]
    found = [day for day, before, after in zip(days[1:], noons, noons[1:], strict=False) if before != after]
    return found or [date(year, 7, 1) for year in range(2026, 2031)]


@pytest.mark.parametrize("zone", ZONES)
def test_the_clock_on_the_wall_stays(zone: str) -> None:
    """But for hours that are skipped, which begin as much later as the clocks jump."""
    series = Series(WallTime(datetime(2026, 1, 1, 2, 30), ZoneInfo(zone)), "FREQ=DAILY")  # noqa: DTZ001
    seen = [one for one in _until(series) if one.at.instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None) != one.name]
    assert len({one.name for one in _until(series)}) == 365 * 5 + 1
    assert all(one.at.is_skipped for one in seen) and len(seen) <= 5
    assert bool(seen) == (zone in ("Europe/Paris", "America/New_York"))


def _until(series: Series) -> list[Occurrence]:
    found = []
    for one in series.after(datetime(2025, 12, 31, tzinfo=UTC)):
        if one.name.year > 2030:
            break
        found.append(one)
    return found


def test_three_days_of_downtime(house: SmallHouse) -> None:
    """What is late is said once, the nearest only; of what has begun nothing is said; the series goes on."""
    row = planned(house, "FREQ=DAILY", "Europe/Paris", datetime(2026, 3, 20, 18, 0))  # noqa: DTZ001
    assert run(house, datetime(2026, 3, 20, 16, 50, tzinfo=UTC)) == ["@goran:example.org", f"!{ROOM}"]
    assert run(house, datetime(2026, 3, 20, 16, 51, tzinfo=UTC)) == []
    assert run(house, datetime(2026, 3, 23, 17, 0, tzinfo=UTC)) == []
    assert row.next_at == datetime(2026, 3, 24, 17, 0, tzinfo=UTC)
    assert run(house, datetime(2026, 3, 24, 16, 45, tzinfo=UTC)) == ["@goran:example.org", f"!{ROOM}"]


def test_a_restart_says_nothing_twice(house: SmallHouse) -> None:
    """What is next stands in the same transaction."""
    row = planned(house, "", "Europe/Paris", datetime(2026, 3, 20, 18, 0))  # noqa: DTZ001
    due = datetime(2026, 3, 20, 16, 45, tzinfo=UTC)
    assert len(run(house, due)) == 2 and run(house, due) == []
    run(house, due + timedelta(minutes=15))
    assert (row.due_at, row.next_at) == (None, None)


def test_who_left_is_not_reminded(house: SmallHouse) -> None:
    """Neither in a room that others came to, nor privately."""
    row = planned(house, "", "Europe/Paris", datetime(2026, 3, 20, 18, 0))  # noqa: DTZ001
    goran = house.member("goran")
    house.membership(goran, "root", "leave")
    assert row.due_at is not None and run(house, row.due_at) == []
    house.membership(goran, ROOM, "leave")
    house.member("lucia")
    assert row.due_at is not None and run(house, row.due_at) == [f"!{ROOM}"]


def test_places_and_the_waiting_list(house: SmallHouse) -> None:
    """Who gives a place away gives it to the first who waits; saying the same again keeps one's place."""
    row = planned(house, "", "Europe/Paris", datetime(2026, 3, 20, 18, 0))  # noqa: DTZ001
    row.capacity = 1
    item_id, (lucia, joao) = row.item_id, (house.member("lucia"), house.member("joao"))
    goran = house.member("goran")
    for minute, person in enumerate((lucia, joao, lucia)):
        house.effects.now = BEGIN + timedelta(minutes=minute + 1)
        assert service.answer(house.effects, ItemId(item_id), person, Answer.YES) == []
    assert service.count_answers(house.session, row) == service.Answers(1, 0, 0, 2)
    assert service.answer(house.effects, ItemId(item_id), goran, Answer.NO) == [lucia]
    assert service.count_answers(house.session, row) == service.Answers(1, 0, 1, 1)


def test_one_of_a_series_moves_and_one_is_cancelled(house: SmallHouse) -> None:
    """The others stay; a new time for the whole series begins anew."""
    row = planned(house, "FREQ=WEEKLY;COUNT=4", "Europe/Paris", datetime(2026, 3, 1, 18, 0))  # noqa: DTZ001
    paris, item_id = ZoneInfo("Europe/Paris"), ItemId(row.item_id)
    moved = WallTime(datetime(2026, 3, 27, 9, 0), paris)  # noqa: DTZ001
    service.move(house.effects, item_id, moved, datetime(2026, 3, 8, 18, 0))  # noqa: DTZ001
    service.cancel(house.effects, item_id, datetime(2026, 3, 15, 18, 0))  # noqa: DTZ001
    walls = [one.at.wall.isoformat() for one in store.series(house.session, row).after(BEGIN)]
    assert walls == ["2026-03-01T18:00:00", "2026-03-22T18:00:00", "2026-03-27T09:00:00"]
    service.move(house.effects, item_id, WallTime(datetime(2026, 4, 2, 9, 0), paris), None)  # noqa: DTZ001
    assert len(list(store.series(house.session, row).after(BEGIN))) == 4
    service.cancel(house.effects, item_id, None)
    assert (row.is_cancelled, row.due_at, row.next_at) == (True, None, None)


def test_an_older_state_that_comes_back_knows_what_was_said(house: SmallHouse) -> None:
    """By what the message in the room is about."""
    row = planned(house, "", "Europe/Paris", datetime(2026, 3, 20, 18, 0))  # noqa: DTZ001
    item = items_store.get(house.session, ItemId(row.item_id))
    assert item is not None and row.due_at is not None
    about = f"meetings.remind:{items.short_id(service.LETTER, item)}:2026-03-20T17:00:00+00:00:day"
    said_store.remember(house.session, {}, [about], BEGIN, BEGIN.isoformat())
    assert run(house, row.due_at) == []
    assert len(run(house, row.due_at)) == 2  # the one fifteen minutes before


def test_one_that_cannot_be_read_does_not_silence_the_others(house: SmallHouse) -> None:
    """A zone that is not known any more."""
    broken = planned(house, "", "Europe/Paris", datetime(2026, 3, 20, 17, 0))  # noqa: DTZ001
    sound = planned(house, "", "Europe/Paris", datetime(2026, 3, 20, 18, 0))  # noqa: DTZ001
    assert broken.due_at is not None and sound.due_at is not None
    broken.zone = "Mars/Phobos"
    assert run(house, sound.due_at) == ["@goran:example.org", f"!{ROOM}"]
    assert broken.due_at is None and run(house, house.effects.now) == []


def test_what_is_over_or_cancelled_takes_no_answer(house: SmallHouse) -> None:
    """A sentence with what to do."""
    row = planned(house, "", "Europe/Paris", datetime(2026, 3, 20, 18, 0))  # noqa: DTZ001
    item = items_store.get(house.session, ItemId(row.item_id))
    assert item is not None
    with pytest.raises(UserError, match="is over"):
        service.check_to_come(service.describe(house.session, item, datetime(2026, 3, 20, 17, 0, tzinfo=UTC)))
    service.cancel(house.effects, ItemId(row.item_id), None)
    with pytest.raises(UserError, match="is cancelled"):
        service.check_to_come(service.describe(house.session, item, BEGIN))


def test_an_announcement_is_answered_for_as_long_as_its_meeting(house: SmallHouse) -> None:
    """And not for a week."""
    row = planned(house, "", "Europe/Paris", datetime(2026, 3, 20, 18, 0))  # noqa: DTZ001
    item = items_store.get(house.session, ItemId(row.item_id))
    assert item is not None
    reply = render.render_planned(service.describe(house.session, item, BEGIN))
    batch = Batch()
    RowEffects(house.session, BEGIN, "$cause", batch).send(RoomId(f"!{ROOM}"), reply)
    (prompt,) = prompts_store.newest(house.session, [f"!{ROOM}"], 1)
    assert prompt.expires_at > datetime(2026, 3, 20, 17, 0, tzinfo=UTC)


def test_what_a_steward_changes_leaves_a_trace(house: SmallHouse) -> None:
    """What the organiser does is theirs; other members are told who may."""
    row = planned(house, "", "Europe/Paris", datetime(2026, 3, 20, 18, 0))  # noqa: DTZ001
    item = items_store.get(house.session, ItemId(row.item_id))
    goran, lucia = house.member("goran"), house.member("lucia")
    matteo = house.member("matteo", roles=(("steward", "community"),))
    assert item is not None
    with pytest.raises(UserError, match="Only the person who planned it"):
        service.may_change(house.context(lucia, ROOM), item)
    for person in (goran, matteo):
        service.may_change(house.context(person, ROOM), item)
        service.leave_trace(house.context(person, ROOM), item, "meeting.cancel")
    assert house.effects.trail == [("meeting.cancel", COMMUNITY, matteo, goran)]
