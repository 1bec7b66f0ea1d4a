"""Words that several features say alike."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from copp_bot.core.until import parse_until
from copp_bot.core.words import ending

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


def test_the_day_that_was_named_is_the_day_that_is_told() -> None:
    athens, paris = ZoneInfo("Europe/Athens"), ZoneInfo("Europe/Paris")
    until = parse_until("2027-01-31", NOW, athens)
    assert ending(until, athens) == " until 31 Jan 2027"
    assert ending(until, paris) == " until 31 Jan 2027, 23:00"
    assert ending(parse_until("2027-01-31T18:00", NOW, athens), athens) == " until 31 Jan 2027, 18:00"
    assert ending(None, paris) == ""
