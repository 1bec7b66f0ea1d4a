"""WHEN as people write it, read on Thursday 26 November 2026 at noon in Paris."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from copp_bot.core.errors import UserError
from copp_bot.features.meetings.repeat import moved_rule, read_rule
from copp_bot.features.meetings.times import WallTime
from copp_bot.features.meetings.when import Doubt, read_when, spelled
from copp_bot.features.meetings.wishes import read_wish, retyped

NOW = datetime(2026, 11, 26, 11, 0, tzinfo=UTC)
PARIS = ZoneInfo("Europe/Paris")
TUESDAY = WallTime(datetime(2026, 12, 8, 18, 0), PARIS)  # noqa: DTZ001 - what the clock shows


def read(text: str, language: str = "en") -> tuple[Doubt, list[str]]:
    """The doubt, and the times as they may be typed again, without the zone of Paris."""
    reading = read_when(text, NOW, PARIS, language)
    return reading.doubt, [spelled(choice).removesuffix(" Europe/Paris") for choice in reading.choices]


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("Friday 18:00", "2026-11-27 18:00"),
        ("vendredi 18h", "2026-11-27 18:00"),
        ("vendredi à 18 h 30", "2026-11-27 18:30"),
        ("tomorrow at 5pm", "2026-11-27 17:00"),
        ("demain à 17h", "2026-11-27 17:00"),
        ("5 p.m. tomorrow", "2026-11-27 17:00"),
        ("2027-01-14 18:00 Europe/Athens", "2027-01-14 18:00 Europe/Athens"),
        ("2027-01-14T18:00 europe/athens", "2027-01-14 18:00 Europe/Athens"),
        ("in two weeks at noon", "2026-12-10 12:00"),
        ("dans deux semaines à midi", "2026-12-10 12:00"),
        ("14 January 18:00", "2027-01-14 18:00"),
        ("le 14 janvier 2027 à 18 h", "2027-01-14 18:00"),
        ("mardi 1er décembre à 18h", "2026-12-01 18:00"),
        ("14.01.2027 at 18.00", "2027-01-14 18:00"),
        ("26 November 18:00", "2026-11-26 18:00"),
        ("25 November 18:00", "2027-11-25 18:00"),
        ("tonight at 8", "2026-11-26 20:00"),
        ("ce soir à 8h", "2026-11-26 20:00"),
        ("demain après-midi à 3h", "2026-11-27 15:00"),
        ("après-demain 14h", "2026-11-28 14:00"),
        ("Thursday 11:00", "2026-12-03 11:00"),
        ("next Thursday 18:00", "2026-12-03 18:00"),
        ("18:00", "2026-11-26 18:00"),
        ("2027-10-31 02:30 +01:00", "2027-10-31 02:30 +01:00"),
        ("tomorrow UTC 18:00", "2026-11-27 18:00 UTC"),
    ],
)
def test_clear_times(said: str, meant: str) -> None:
    """One time, and written out it is read alike."""
    assert read(said) == (Doubt.NONE, [meant])
    assert read(meant, "fr") == (Doubt.NONE, [meant])


@pytest.mark.parametrize(
    ("said", "doubt", "choices"),
    [
        ("Thursday 18:00", Doubt.WHICH, ["2026-11-26 18:00", "2026-12-03 18:00"]),
        ("next Friday 18:00", Doubt.WHICH, ["2026-11-27 18:00", "2026-12-04 18:00"]),
        ("monday at 9", Doubt.WHICH, ["2026-11-30 09:00", "2026-11-30 21:00"]),
        ("3/4 18:00", Doubt.WHICH, ["2027-03-04 18:00", "2027-04-03 18:00"]),
        ("Friday midnight", Doubt.WHICH, ["2026-11-27 00:00", "2026-11-28 00:00"]),
        ("yesterday 10:00", Doubt.PAST, ["2026-11-27 10:00"]),
        ("11:00", Doubt.PAST, ["2026-11-27 11:00"]),
        ("2026-01-14 18:00", Doubt.PAST, ["2026-11-26 18:00", "2026-11-27 18:00", "2027-01-14 18:00"]),
        ("2027-03-28 02:30", Doubt.SKIPPED, ["2027-03-28 01:30", "2027-03-28 03:30"]),
        ("2027-10-31 02:30", Doubt.REPEATED, ["2027-10-31 02:30 +02:00", "2027-10-31 02:30 +01:00"]),
    ],
)
def test_doubts_are_asked_about(said: str, doubt: Doubt, choices: list[str]) -> None:
    """Each choice leaves no doubt."""
    assert read(said) == (doubt, choices)
    for choice in choices:
        assert read(choice) == (Doubt.NONE, [choice])


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("30 February 18:00", "I cannot read “30 february” as a day"),
        ("2027-02-29 18:00", "as a day"),
        ("30 février 18h", "as a day"),
        ("9999-12-31 23:00", "9999 is too far away"),
        ("in 400 years 18:00", "too far away"),
        ("Friday 26 November 18:00", "2026-11-26 is not the weekday you wrote"),
        ("lundi en huit 18h", "is not the weekday you wrote"),
        ("monday 9", "At what time?"),
        ("next week 18:00", "as a day"),
        ("friday 25:00", "“25:00” is no time of day"),
        ("friday 13pm", "is no time of day"),
        ("tomorrow 18:00-19:30", "Those are two times"),
        ("14 January 18:00 EST", "“EST” does not say"),
        ("14 January 18:00 Europe/Atlantis", "There is no time zone “Europe/Atlantis”"),
        ("2027-10-31 02:30 +05:00", "not at that distance"),
        ("bananas 18:00", "as a day"),
        ("x" * 5000, "too long"),
    ],
)
def test_what_is_no_time(said: str, sentence: str) -> None:
    """A sentence with what to write."""
    with pytest.raises(UserError) as error:
        read(said)
    assert sentence in error.value.sentence


@pytest.mark.parametrize(
    ("said", "rule"),
    [
        ("weekly", "FREQ=WEEKLY"),
        ("every second Tuesday until 30 June", "FREQ=WEEKLY;INTERVAL=2;UNTIL=20270630T235959"),
        ("un mardi sur deux", "FREQ=WEEKLY;INTERVAL=2"),
        ("tous les mardis jusqu'au 30 juin", "FREQ=WEEKLY;UNTIL=20270630T235959"),
        ("toutes les deux semaines, 6 fois", "FREQ=WEEKLY;INTERVAL=2;COUNT=6"),
        ("every 3 weeks", "FREQ=WEEKLY;INTERVAL=3"),
        ("monthly", "FREQ=MONTHLY;BYDAY=2TU"),
        ("le deuxième mardi du mois", "FREQ=MONTHLY;BYDAY=2TU"),
        ("daily 5 times", "FREQ=DAILY;COUNT=5"),
    ],
)
def test_rhythms(said: str, rule: str) -> None:
    """RFC 5545 rules."""
    assert read_rule(said, TUESDAY, NOW, "en") == rule


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("every Thursday", "is not on that weekday"),
        ("monthly on the last Tuesday", "is not that day of its month"),
        ("daily 1000000 times", "1 to 500 meetings"),
        ("weekly until 1 December", "end before its first meeting"),
        ("weekly until 9999-01-01", "too far away"),
        ("every 99 weeks", "up to 52 weeks"),
        ("whenever", "I cannot read “whenever” as a rhythm"),
    ],
)
def test_what_is_no_rhythm(said: str, sentence: str) -> None:
    """A sentence with what to write."""
    with pytest.raises(UserError) as error:
        read_rule(said, TUESDAY, NOW, "en")
    assert sentence in error.value.sentence


def test_a_weekday_of_the_month_follows_the_first_meeting() -> None:
    """The fifth is the last."""
    moved = WallTime(datetime(2026, 12, 31, 18, 0), PARIS)  # noqa: DTZ001 - what the clock shows
    assert moved_rule("FREQ=MONTHLY;BYDAY=2TU;COUNT=3", moved) == "FREQ=MONTHLY;BYDAY=-1TH;COUNT=3"


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("Title alone", "with | between them"),
        ("|tomorrow 18:00", "What is the meeting called?"),
        ("A|B|0 min", "from 5 minutes to 24 hours"),
        ("A|B|40 days", "from 5 minutes to 24 hours"),
        ("A|B|bananas", "I do not know what “bananas” is for"),
        ("A|B|1h|90 min", "Two parts say the same thing"),
        ("A|B|places 0", "1 to 10000 places"),
        ("A|B|where http://me:secret@example.org", "I cannot take that address"),
        ("x" * 5000 + "|B", "5000 characters; 200 is the most"),
        ("A|B|where " + "x" * 400, "400 characters; 300 is the most"),
        ("A|B" + "\nline" * 31, "at most 30 lines"),
    ],
)
def test_wishes_that_cannot_be_taken(said: str, sentence: str) -> None:
    """A sentence with what to write."""
    with pytest.raises(UserError) as error:
        read_wish(said)
    assert sentence in error.value.sentence


def test_a_wish_is_typed_again_whole() -> None:
    """What a choice stands for loses nothing, and no line can be slipped into a title."""
    wish = read_wish("A\u2028BEGIN:VEVENT | Thursday 18:00 | 1h30 | repeat weekly | where Room 4 | places 12\nOne\nTwo")
    assert wish.title == "A BEGIN:VEVENT"
    assert read_wish(retyped(wish, "Thursday 18:00").removeprefix("meet new ")) == wish
