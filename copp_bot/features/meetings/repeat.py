"""How a meeting repeats, from words in English and French to an RFC 5545 ``RRULE`` value and back. Pure.

The rule it keeps: the first meeting is one of the series. A weekday in the words that is not that of the first meeting
is said to be a mistake, not quietly moved.
"""

import re
from datetime import datetime, time
from typing import NamedTuple

from babel.dates import format_date, get_day_names

from copp_bot.core.errors import UserError
from copp_bot.core.i18n import gettext as _
from copp_bot.core.i18n import ngettext
from copp_bot.core.reply import clean, shorten
from copp_bot.core.words import text_language
from copp_bot.features.meetings.dates import weekdays
from copp_bot.features.meetings.times import WallTime
from copp_bot.features.meetings.when import read_day

MOST_TIMES = 500
_CODES = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_NUMBERS = {"two": 2, "second": 2, "other": 2, "three": 3, "third": 3, "four": 4, "fourth": 4,
            "deux": 2, "trois": 3, "quatre": 4}  # fmt: skip
_ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "last": -1,
             "premier": 1, "deuxième": 2, "troisième": 3, "quatrième": 4, "dernier": -1}  # fmt: skip
_VERB = re.compile(r"^(?:repeats?|répéter|répété|se répète)\b:?\s*")
_UNTIL = re.compile(r"\b(?:until|till|jusqu[’'](?:à|au|en))\s+(.+)$")
_TIMES = re.compile(r"\b(\d{1,9})\s*(?:times|fois)\b")
_NTH = re.compile(rf"\b({'|'.join(_ORDINALS)})\s+(\w+)")
_WEEKS = re.compile(r"(?:weekly|every week|chaque semaine|toutes les semaines)")
_SEVERAL = re.compile(r"(?:every|toutes les)\s+(\w+)\s+(?:weeks?|semaines)|(fortnightly|biweekly|une semaine sur deux)")
_EVERY_DAY = re.compile(r"(?:every|each|chaque|tous les)\s+(?:(\w+)\s+)?(\w+)|un (\w+) sur (\w+)")


class _Rule(NamedTuple):
    """The parts of a rule that say on which days."""

    frequency: str
    interval: int = 1
    by_day: str = ""


def read_rule(text: str, start: WallTime, now: datetime, language: str) -> str:
    """The ``RRULE`` value (RFC 5545, 3.3.10) of some words; ``UNTIL`` is a wall time of the meeting's zone.

    Raises:
        UserError: they are not understood, do not fit the first meeting, or make too many.
    """
    said = _VERB.sub("", " ".join(clean(text).lower().split()))
    until, count = _UNTIL.search(said), _TIMES.search(said)
    core = _TIMES.sub("", _UNTIL.sub("", said)).strip(" ,.")
    rule = _core(core, start)
    parts = [f"FREQ={rule.frequency}", *([f"INTERVAL={rule.interval}"] if rule.interval > 1 else [])]
    parts += [f"BYDAY={rule.by_day}"] if rule.by_day else []
    parts += [f"COUNT={_count(count[1])}"] if count else []
    parts += [_until(until[1], start, now, language)] if until and not count else []
    return ";".join(parts)


def moved_rule(rule: str, start: WallTime) -> str:
    """The rule of a series whose first meeting is now another: a weekday of the month follows it."""
    if "FREQ=MONTHLY" not in rule:
        return rule
    return re.sub(r"BYDAY=[^;]+", f"BYDAY={_nth_of(start)}", rule)


def rule_words(rule: str, start: WallTime) -> str:
    """A rule as a sentence in the reader's language; empty for none."""
    if not rule:
        return ""
    parts = dict(part.split("=") for part in rule.split(";"))
    words = _rhythm(parts, start)
    if "COUNT" in parts:
        count = int(parts["COUNT"])
        words += ", " + ngettext("{count} time", "{count} times", count).format(count=count)
    if "UNTIL" in parts:
        day = datetime.strptime(parts["UNTIL"][:8], "%Y%m%d").date()  # noqa: DTZ007 - a day has no zone
        words += ", " + _("until {date}").format(date=format_date(day, "d MMMM y", locale=text_language()))
    return words


def _core(core: str, start: WallTime) -> _Rule:
    nth = _NTH.search(core)
    if nth and nth[2] in weekdays() and not core.startswith("every"):
        return _monthly_on(_ORDINALS[nth[1]], weekdays()[nth[2]], start)
    if re.fullmatch(r"monthly|every month|chaque mois|tous les mois", core):
        return _Rule("MONTHLY", by_day=_nth_of(start))
    if re.fullmatch(r"daily|every day|chaque jour|tous les jours", core):
        return _Rule("DAILY")
    if _WEEKS.fullmatch(core):
        return _Rule("WEEKLY")
    several = _SEVERAL.fullmatch(core)
    if several:
        return _Rule("WEEKLY", 2 if several[2] else _interval(several[1]))
    return _weekly_on(core, start)


def _weekly_on(core: str, start: WallTime) -> _Rule:
    found = _EVERY_DAY.fullmatch(core)
    day = weekdays().get((found[2] or found[3]).removesuffix("s")) if found else None
    if found is None or day is None:
        raise UserError(
            _(
                "I cannot read “{text}” as a rhythm. Write for example: repeat weekly, repeat every second Tuesday, "
                "repeat monthly, each with until 30 June or 5 times."
            ).format(text=shorten(core, 60))
        )
    _check_weekday(day, start)
    several = found[1] or found[4]
    return _Rule("WEEKLY", _interval(several) if several else 1)


def _monthly_on(nth: int, day: int, start: WallTime) -> _Rule:
    _check_weekday(day, start)
    is_last = (start.wall.day + 7) > _days_in_month(start.wall)
    if nth != (start.wall.day - 1) // 7 + 1 and not (nth == -1 and is_last):
        raise UserError(
            _("The first meeting, on {date}, is not that day of its month. Begin with one that is.").format(
                date=start.wall.date().isoformat()
            )
        )
    return _Rule("MONTHLY", by_day=f"{nth}{_CODES[day]}")


def _nth_of(start: WallTime) -> str:
    """``2TU``; of a fifth one, which most months have not, the last."""
    nth = (start.wall.day - 1) // 7 + 1
    return f"{nth if nth < 5 else -1}{_CODES[start.wall.weekday()]}"


def _days_in_month(day: datetime) -> int:
    following = day.replace(year=day.year + day.month // 12, month=day.month % 12 + 1, day=1)
    return (following - day.replace(day=1)).days


def _check_weekday(day: int, start: WallTime) -> None:
    if day != start.wall.weekday():
        raise UserError(
            _("The first meeting, on {date}, is not on that weekday. Begin with one that is.").format(
                date=start.wall.date().isoformat()
            )
        )


def _interval(word: str) -> int:
    number = _NUMBERS.get(word, int(word) if word.isdigit() and len(word) < 3 else 0)
    if not 1 <= number <= 52:
        raise UserError(_("A series can rest up to 52 weeks, for example: repeat every 2 weeks"))
    return number


def _count(digits: str) -> int:
    if not 1 <= int(digits) <= MOST_TIMES:
        raise UserError(_("A series can have 1 to {most} meetings.").format(most=MOST_TIMES))
    return int(digits)


def _until(text: str, start: WallTime, now: datetime, language: str) -> str:
    day = read_day(text, now, start.zone, language)
    if day < start.wall.date():
        raise UserError(_("The series would end before its first meeting. Write a later day after “until”."))
    return f"UNTIL={datetime.combine(day, time(23, 59, 59)):%Y%m%dT%H%M%S}"


def _rhythm(parts: dict[str, str], start: WallTime) -> str:
    interval = int(parts.get("INTERVAL", "1"))
    if parts["FREQ"] == "DAILY":
        return _("every day")
    if parts["FREQ"] == "WEEKLY":
        day = _day_name(start.wall.weekday())
        if interval == 1:
            return _("every {weekday}").format(weekday=day)
        return _("every {count} weeks on {weekday}").format(count=interval, weekday=day)
    nth, code = int(parts["BYDAY"][:-2]), parts["BYDAY"][-2:]
    names = {1: _("first"), 2: _("second"), 3: _("third"), 4: _("fourth"), -1: _("last")}
    return _("every month on the {nth} {weekday}").format(nth=names[nth], weekday=_day_name(_CODES.index(code)))


def _day_name(day: int) -> str:
    return str(get_day_names("wide", locale=text_language())[day])
