"""Titles, languages and days, as people write them."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from copp_bot.core.describing import checked_language, checked_title
from copp_bot.core.errors import UserError
from copp_bot.core.until import parse_until

NOW, PARIS = datetime(2026, 11, 28, tzinfo=UTC), ZoneInfo("Europe/Paris")


TITLES = {
    '"un titre" #': "un titre",
    "Chansons , super !!": "Chansons, super !!",
    "“Songs of home”": "Songs of home",
    '"Songs" and "games"': '"Songs" and "games"',
    '"Songs" and more': '"Songs" and more',
    "L'été des «poètes»": "L'été des «poètes»",
    "'L'été'": "L'été",
    '"pipe': "pipe",
    '3" pipe': '3" pipe',
    "Wait ... , and see .": "Wait ..., and see.",
    "C # and # D": "C # and # D",
    " # ": "",
    '""': "",
}


@pytest.mark.parametrize(("said", "title"), TITLES.items())
def test_a_title(said: str, title: str) -> None:
    assert checked_title(said) == title


@pytest.mark.parametrize("said", ["fr", "FR", "fr-CA", "français", "Francais", "French", "fra", "fre"])
def test_a_language_by_code_or_name(said: str) -> None:
    assert checked_language(said) == "fr"


@pytest.mark.parametrize("said", ["klingon", "xx", "tlh", "f", ""])
def test_no_language(said: str) -> None:
    with pytest.raises(UserError, match="I do not know the language"):
        checked_language(said)


@pytest.mark.parametrize("said", ["2027-01-31", "31.01.2027", "31/01/2027", "31.1.2027", "31-01-2027."])
def test_the_whole_day_counts_however_it_is_written(said: str) -> None:
    assert parse_until(said, NOW, PARIS) == datetime(2027, 1, 31, 23, tzinfo=UTC)


def test_a_day_and_a_time() -> None:
    for said in ("2027-01-31T18:00", "31.01.2027T18:00"):
        assert parse_until(said, NOW, PARIS) == datetime(2027, 1, 31, 17, tzinfo=UTC)


@pytest.mark.parametrize("said", ["yesterday", "31.13.2027", "13/31/2027", "30.02.2027", "31.01/2027", "31.01.27"])
def test_no_day(said: str) -> None:
    with pytest.raises(UserError, match=f"“{said}” is not a date"):
        parse_until(said, NOW, PARIS)
