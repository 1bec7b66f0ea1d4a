"""Days as people write them in English and French. Pure.

``dateparser`` knows the words; what it guesses is looked at again here, because it answers everything: it takes
"monday 9" for the ninth of this month and the date of today for that of next year (measured on 1.5.0).
"""

import re
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from functools import cache

from babel.dates import get_day_names
from dateparser.date import DateDataParser

from copp_bot.core.errors import UserError
from copp_bot.core.i18n import gettext as _
from copp_bot.core.reply import shorten

LANGUAGES = ("en", "fr")
FARTHEST = timedelta(days=5 * 366)
"""How far ahead something may be planned."""
WEEK = timedelta(days=7)
_NEXT = re.compile(r"^next\s+|\s+prochaine?$")
_VAGUE = re.compile(r"(?:next |this |la |le |cette |ce )?(?:week|month|year|semaine|mois|année)\b")
_SLASHED = re.compile(r"(\d{1,2})/(\d{1,2})((?:/\d{2,4})?)")
_YEAR = re.compile(r"\d{4}")
_EXTRA = {"tues": 1, "weds": 2, "thur": 3, "thurs": 3}
"""Short forms that are written, though no locale has them."""


@cache
def weekdays() -> dict[str, int]:
    """Names of days, long and short, in every language that is read -> Monday is 0."""
    found = dict(_EXTRA)
    for language in LANGUAGES:
        for width in ("wide", "abbreviated"):
            found |= {name.lower().rstrip("."): day for day, name in get_day_names(width, locale=language).items()}
    return found


def read_days(text: str, today: date, language: str) -> tuple[date, ...]:
    """The days that a text may mean, the likeliest first: one where it is clear.

    Args:
        language: which one is tried first where both know a word.

    Raises:
        UserError: it means no day, one that does not exist, or one that is too far away.
    """
    text = text.strip(" ,.")
    weekday = weekdays().get(_NEXT.sub("", text))
    if weekday is not None:
        return _of_weekday(weekday, today, is_next=_NEXT.search(text) is not None)
    found = tuple(dict.fromkeys(_parsed(spelled, today, language) for spelled in _spellings(text)))
    for day in found:
        _check(text, day, today)
    return found


def _of_weekday(weekday: int, today: date, *, is_next: bool) -> tuple[date, ...]:
    """On a Thursday, Thursday may be today; "next Thursday" is not the next one for everybody."""
    ahead = today + timedelta(days=(weekday - today.weekday()) % 7)
    if ahead == today:
        return (ahead + WEEK,) if is_next else (ahead, ahead + WEEK)
    return (ahead, ahead + WEEK) if is_next else (ahead,)


def _spellings(text: str) -> tuple[str, ...]:
    """``3/4`` is the third of April for most, and the fourth of March for some."""
    found = _SLASHED.search(text)
    if found is None or found[1] == found[2] or int(found[1]) > 12 or int(found[2]) > 12:
        return (text,)
    swapped = f"{found[2]}/{found[1]}{found[3]}"
    return (text, text.replace(found[0], swapped))


def _parsed(text: str, today: date, language: str) -> date:
    found = None
    if not (_VAGUE.match(text) or len(text) < 3):
        found = _parser(today, language).get_date_data(text)
    if found is None or found.date_obj is None:
        raise UserError(
            _(
                "I cannot read “{text}” as a day of the calendar. Write it for example as Thursday, 14 January, "
                "2027-01-14 or in two weeks."
            ).format(text=shorten(text, 60))
        )
    day: date = found.date_obj.date()
    is_a_year_off = (day.year, day.month, day.day) == (today.year + 1, today.month, today.day)
    return today if is_a_year_off and found.period == "day" and not _YEAR.search(text) else day


def _parser(today: date, language: str) -> DateDataParser:
    settings = {
        "RELATIVE_BASE": datetime.combine(today, time()),
        "PREFER_DATES_FROM": "future",
        "RETURN_AS_TIMEZONE_AWARE": False,
        "DATE_ORDER": "DMY",
        "PARSERS": ["relative-time", "absolute-time"],
        "REQUIRE_PARTS": ["day"],
    }
    order: Sequence[str] = sorted(LANGUAGES, key=lambda known: known != language)
    return DateDataParser(languages=order, settings=settings, use_given_order=True)


def _check(text: str, day: date, today: date) -> None:
    if day - today > FARTHEST:
        raise UserError(_("{year} is too far away: plan at most five years ahead.").format(year=day.year))
    said = {weekdays()[word] for word in re.findall(r"[^\W\d_]+", text) if word in weekdays()}
    if said and day.weekday() not in said:
        raise UserError(
            _("{date} is not the weekday you wrote. Write the day again, for example as 2027-01-14.").format(
                date=day.isoformat()
            )
        )
