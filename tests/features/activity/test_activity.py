"""The closed week: sums, bands, hidden groups, and keys that die."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

import pytest

from copp_bot.core.counting import Counts, iso_week
from copp_bot.core.ids import EventId
from copp_bot.core.matrix.port import Membership
from copp_bot.core.store import meta
from copp_bot.core.store.activity import voice_key_name
from copp_bot.core.words import band
from copp_bot.features.activity import render, service
from copp_bot.features.activity.events import Joined
from copp_bot.features.activity.jobs import WeeklyReport
from copp_bot.features.activity.service import Figures, Report, Week
from tests.features.small_house import BOT, NOW, SmallHouse, declared, user

MONDAY = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
"""When the report of the week from 16 to 22 November is due."""
LAST_WEEK, WEEK_BEFORE = MONDAY - timedelta(days=3), MONDAY - timedelta(days=10)


def happened(house: SmallHouse, at: datetime, messages: Mapping[str, int], people: int = 1) -> None:
    """So many messages in each scope, by the same people everywhere."""
    counts = Counts()
    for scope, number in messages.items():
        counts.add(at, scope, "messages", number)
        for one in range(people):
            counts.voice(at, scope, user(f"p{one}"))
    counts.write(house.session)
    house.session.flush()


def report(house: SmallHouse, now: datetime = MONDAY) -> Report:
    """What is reported then."""
    return service.report(house.session, declared().directory(), now)


def test_sums_and_voices(house: SmallHouse) -> None:
    """Who writes in two places is one person of the whole."""
    happened(house, LAST_WEEK, {"community": 10, "group:rhythm": 5, "group:hush": 7}, people=6)
    happened(house, WEEK_BEFORE, {"community": 3})
    found = report(house)
    assert found.week.whole == Figures(messages=22, voices=6)
    assert found.before.whole == Figures(messages=3, voices=1)
    assert found.week.groups["rhythm"] == Figures(messages=5, voices=6)


def test_a_hidden_group_is_only_a_part_of_the_whole(house: SmallHouse) -> None:
    """Neither named nor counted by itself."""
    happened(house, LAST_WEEK, {"group:hush": 7777})
    found = report(house)
    plain = render.render_report(found, declared().directory()).plain
    assert "hush" not in found.week.groups and "Hush" not in plain and plain.count("7777") == 1


@pytest.mark.parametrize(
    ("now", "monday"),
    [
        (MONDAY, date(2026, 11, 16)),
        (datetime(2026, 11, 22, 23, 59, tzinfo=UTC), date(2026, 11, 9)),
        (datetime(2026, 11, 23, 0, 0, tzinfo=UTC), date(2026, 11, 16)),
        (datetime(2027, 1, 3, tzinfo=UTC), date(2026, 12, 21)),
        (datetime(2027, 1, 4, tzinfo=UTC), date(2026, 12, 28)),
    ],
)
def test_which_week_is_closed(now: datetime, monday: date) -> None:
    """ISO weeks in UTC, over the turn of the year."""
    assert service.last_closed(now) == monday


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "none"),
        (1, "1–4"),
        (4, "1–4"),
        (5, "5–9"),
        (9, "5–9"),
        (10, "10–19"),
        (20, "20–49"),
        (50, "50+"),
        (9999, "50+"),
    ],
)
def test_bands(count: int, words: str) -> None:
    """People are never counted exactly."""
    assert band(count) == words


def test_the_weekly_job(house: SmallHouse) -> None:
    """To the Secretariat's room; afterwards no key of a closed week is left."""
    happened(house, LAST_WEEK, {"community": 10}, people=3)
    happened(house, MONDAY, {"community": 1})
    WeeklyReport(house.core)(house.effects, MONDAY)
    (sent,) = house.sent_to("!secretariat")
    assert "16 Nov 2026 to 22 Nov 2026" in sent.plain and "messages: 10 (0)" in sent.plain and "1–4" in sent.plain
    assert meta.get(house.session, voice_key_name(iso_week(LAST_WEEK))) is None
    assert meta.get(house.session, voice_key_name(iso_week(MONDAY))) is not None
    assert report(house).week.whole.voices == 3


def test_closing_touches_nothing_else(house: SmallHouse) -> None:
    """Other facts stay; a year's end is no obstacle."""
    for name in ("sync_token", "voice", voice_key_name("2026-W53"), voice_key_name("2027-W01")):
        meta.put(house.session, name, "x")
    house.session.flush()
    assert service.close_week(house.session, datetime(2027, 1, 4, tzinfo=UTC)) == 1
    assert meta.get(house.session, voice_key_name("2026-W53")) is None
    assert meta.get(house.session, voice_key_name("2027-W01")) and meta.get(house.session, "voice")


def test_never_more_than_twelve_lines() -> None:
    """With forty groups, the busiest first."""
    groups = {f"g{number:02}": Figures(messages=number) for number in range(40)}
    week = Week(date(2026, 11, 16), Figures(), groups)
    reply = render.render_report(Report(week, Week(date(2026, 11, 9), Figures(), {})), declared().directory())
    assert len(reply.lines) <= 12 and "g39" in reply.plain and "g00" not in reply.plain


@pytest.mark.parametrize(
    ("key", "membership", "was", "who", "counts"),
    [
        ("root", "join", None, "anna", [("joins", "community", 1)]),
        ("rhythm", "join", "invite", "anna", [("joins", "group:rhythm", 1)]),
        ("rhythm/home", "join", None, "anna", []),
        ("reception", "join", None, "anna", []),
        ("root", "invite", None, "anna", []),
        ("root", "leave", "join", "anna", []),
        ("root", "join", "join", "anna", []),
        ("root", "join", None, "copp", []),
    ],
)
def test_joins_are_counted(
    house: SmallHouse, key: str, membership: str, was: str | None, who: str, counts: list[tuple[str, str, int]]
) -> None:
    """Of spaces, once; not of the bot."""
    place = house.place(key)
    change = Membership(EventId("$x"), place.room_id, user(who), NOW, user_id=user(who), membership=membership, was=was)
    Joined(BOT)(house.effects, place, change)
    assert house.effects.counts == counts
