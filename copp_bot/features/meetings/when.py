"""WHEN, as people write it: a day, a time of day, and perhaps a zone. Pure.

The rule it keeps: the time of day and the zone are read here and only the day by ``dateparser``, which takes "18h" for
"eighteen hours ago" and drops a zone without a word (measured on 1.5.0). What may mean two things is given back as
both; nothing is guessed.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from dateparser.timezone_parser import pop_tz_offset_from_string

from copp_bot.core.errors import UserError
from copp_bot.core.i18n import gettext as _
from copp_bot.core.reply import clean, shorten
from copp_bot.features.meetings.dates import FARTHEST, read_days, weekdays
from copp_bot.features.meetings.times import WallTime, at

LONGEST = 100
"""Characters of WHEN."""
_ZONE = re.compile(r"(?<![\w/])([A-Za-z]+(?:/[A-Za-z0-9_+\-]+)+|UTC|GMT)\b")
_OFFSET = re.compile(r"\s([+\-])(\d{2}):?(\d{2})(?!\d)")
_PART = re.compile(
    r"\b(?:(?P<today>tonight|ce soir|ce matin|cet après-midi|this (?:morning|afternoon|evening))"
    r"|(?:in the |de l[’'] ?|du |l[’'])?(?:morning|afternoon|evening|matin|soir|après-midi))\b"
)
_EVENING = ("tonight", "soir", "evening", "afternoon", "après-midi")
_LEAD = r"(?:\b(?:at|à|vers|um)\s+|@\s*)?"
_HOURS = re.compile(
    rf"{_LEAD}(?:"
    r"(?P<half>\b\d{1,2})(?:[:.](?P<half_minutes>\d{2}))?\s*(?P<meridiem>[ap])\.?m\b\.?"
    r"|(?P<french>\b\d{1,2})\s*(?:h|heures?|hrs?)\b\s*(?P<french_minutes>\d{2}\b)?"
    r"|(?P<glued>\b\d{1,2})h(?P<glued_minutes>\d{2})\b"
    r"|(?:T|\b)(?P<clock>\d{1,2}):(?P<clock_minutes>\d{2})(?::00)?\b"
    r"|\b(?P<noon>noon|midday|midi)\b|\b(?P<midnight>midnight|minuit)\b)"
)
_BARE = re.compile(
    r"(?:(?:\b(?:at|à)\s+|@\s*)(\d{1,2})(?:\.(\d{2}))?\b(?:\s*o['’]?clock\b)?|\b(\d{1,2})\s*o['’]?clock\b)"
)
_FILLER = re.compile(r"(?:\b(?:on|the|at|le|à)\b|[(),@])")


class Doubt(StrEnum):
    """Why a time has to be asked about."""

    NONE = "none"
    WHICH = "which"
    """It may be read in several ways."""
    PAST = "past"
    SKIPPED = "skipped"
    REPEATED = "repeated"


@dataclass(frozen=True)
class Reading:
    """What was understood: one time without doubt, or those to choose from."""

    choices: tuple[WallTime, ...]
    doubt: Doubt = Doubt.NONE


@dataclass(frozen=True)
class _Clock:
    """A time of day. ``next_day`` is midnight at the end of the day that is named."""

    at: time
    next_day: bool = False


def read_when(text: str, now: datetime, zone: ZoneInfo, language: str) -> Reading:
    """The times that a text may mean.

    Args:
        now: aware UTC; the times are later, apart from those of a doubt about the past.
        zone: the writer's, where none is named.
        language: the writer's (ISO 639-1).

    Raises:
        UserError: it means no time, or one that does not exist.
    """
    text = " ".join(clean(text).split())
    if len(text) > LONGEST:
        raise UserError(_("That is too long for a date and time. For example: Thursday 18:00"))
    rest, zone = _take_zone(text, zone)
    rest, offset = _take_offset(rest)
    rest, clocks, is_today = _take_clock(rest)
    today = now.astimezone(zone).date()
    days = _days("today" if is_today and not rest else rest, today, language)
    walls = tuple(WallTime(_combined(day, clock), zone) for day in days for clock in clocks)
    return _settled(walls, offset, now)


def read_day(text: str, now: datetime, zone: ZoneInfo, language: str) -> date:
    """A day without a time, that can mean one only."""
    days = read_days(" ".join(clean(text).lower().split()), now.astimezone(zone).date(), language)
    if len(days) > 1:
        raise UserError(
            _("“{text}” may be several days. Write it for example as 2027-01-14.").format(text=shorten(text, 40))
        )
    return days[0]


def spelled(when: WallTime) -> str:
    """A time as it may be typed again, without a doubt left."""
    offset = ""
    if when.is_repeated:
        minutes = int(when.offset.total_seconds()) // 60
        offset = f" {'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
    return f"{when.wall:%Y-%m-%d %H:%M}{offset} {when.zone.key}"


def _take_zone(text: str, zone: ZoneInfo) -> tuple[str, ZoneInfo]:
    found = _ZONE.search(text)
    if found is not None:
        name = _zone_names().get(found[1].lower())
        if name is None:
            raise UserError(
                _("There is no time zone “{name}”. Write it like Europe/Paris, or leave it out for your own.").format(
                    name=shorten(found[1], 40)
                )
            )
        return text[: found.start()] + text[found.end() :], ZoneInfo(name)
    abbreviation = re.search(r"\b[A-Z]{3,5}\b", text)
    if (
        abbreviation
        and abbreviation[0].lower() not in weekdays()
        and pop_tz_offset_from_string(f"1 {abbreviation[0]}")[1]
    ):
        raise UserError(
            _("“{name}” does not say what the clocks do in summer. Write the zone like Europe/Paris.").format(
                name=abbreviation[0]
            )
        )
    return text, zone


def _take_offset(text: str) -> tuple[str, timedelta | None]:
    found = _OFFSET.search(text)
    if found is None:
        return text, None
    sign = -1 if found[1] == "-" else 1
    return text.replace(found[0], " "), sign * timedelta(hours=int(found[2]), minutes=int(found[3]))


def _take_clock(text: str) -> tuple[str, tuple[_Clock, ...], bool]:
    """What is left of the text, the times of day it may mean, and whether it says that it is today."""
    text = re.sub(r"(?<=\d)T(?=\d)", " ", text).lower()
    part = _PART.search(text)
    rest = _PART.sub(" ", text, count=1)
    is_late = part is not None and part[0].endswith(_EVENING)
    found = _HOURS.search(rest)
    bare = None if found else _BARE.search(rest)
    if found is not None:
        clocks = _clocks(found, is_late=is_late, is_said=part is not None)
    elif bare is not None:
        clocks = _bare_clocks(bare, is_late=is_late, is_said=part is not None)
    else:
        raise UserError(_("At what time? Write a day and a time, for example: Thursday 18:00"))
    taken = found or bare
    assert taken is not None
    rest = f"{rest[: taken.start()]} {rest[taken.end() :]}"
    if _HOURS.search(rest):
        raise UserError(_("Those are two times. Write when it begins, and after a | how long it takes: | 90 min"))
    rest = " ".join(_FILLER.sub(" ", rest).split())
    return rest, clocks, part is not None and part["today"] is not None


def _clocks(found: re.Match[str], *, is_late: bool, is_said: bool) -> tuple[_Clock, ...]:
    if found["noon"]:
        return (_Clock(time(12)),)
    if found["midnight"]:
        return (_Clock(time(0)),) if is_said else (_Clock(time(0)), _Clock(time(0), next_day=True))
    if found["half"]:
        hour = int(found["half"])
        _check_clock(1 <= hour <= 12, found[0])
        return (_clock(hour % 12 + (12 if found["meridiem"] == "p" else 0), found["half_minutes"], found[0]),)
    written = found["french"] or found["glued"] or found["clock"]
    minutes = found["french_minutes"] or found["glued_minutes"] or found["clock_minutes"]
    hour = int(written)
    return (_clock(hour + 12 if is_late and hour < 12 else hour, minutes, found[0]),)


def _bare_clocks(found: re.Match[str], *, is_late: bool, is_said: bool) -> tuple[_Clock, ...]:
    """``at 8`` is morning or evening, unless something else says which."""
    hour, minutes = int(found[1] or found[3]), found[2]
    if is_said or found[2] or not 1 <= hour <= 11:
        return (_clock(hour + 12 if is_late and hour < 12 else hour, minutes, found[0]),)
    return (_clock(hour + 12, minutes, found[0]), _clock(hour, minutes, found[0]))


def _clock(hour: int, minutes: str | None, said: str) -> _Clock:
    _check_clock(hour <= 23 and int(minutes or 0) <= 59, said)
    return _Clock(time(hour, int(minutes or 0)))


def _check_clock(is_right: bool, said: str) -> None:
    if not is_right:
        raise UserError(
            _("“{said}” is no time of day. Write it for example as 18:00, 6pm or 18h.").format(said=said.strip())
        )


def _days(rest: str, today: date, language: str) -> tuple[date, ...]:
    return read_days(rest, today, language) if rest else (today,)


def _combined(day: date, clock: _Clock) -> datetime:
    return datetime.combine(day, clock.at) + timedelta(days=clock.next_day)


def _settled(walls: tuple[WallTime, ...], offset: timedelta | None, now: datetime) -> Reading:
    """Of several times only those to come are meant; one that is left is looked at more closely."""
    ahead = tuple(wall for wall in walls if wall.instant > now)
    if not ahead:
        return Reading(_instead(walls[0], now), Doubt.PAST)
    if len(ahead) > 1:
        return Reading(tuple(sorted(ahead, key=lambda wall: wall.instant))[:4], Doubt.WHICH)
    (only,) = ahead
    if only.is_skipped:
        return Reading(only.readings(), Doubt.SKIPPED)
    if offset is not None:
        return Reading((_with_offset(only, offset),))
    if only.is_repeated:
        return Reading(only.readings(), Doubt.REPEATED)
    return Reading(ahead)


def _with_offset(wall: WallTime, offset: timedelta) -> WallTime:
    for reading in wall.readings() if wall.is_repeated else (wall,):
        if reading.offset == offset:
            return reading
    raise UserError(
        _("The clocks of {zone} are not at that distance from UTC then. Leave it out.").format(zone=wall.zone.key)
    )


def _instead(wall: WallTime, now: datetime) -> tuple[WallTime, ...]:
    """What may have been meant by a time that is over: its hour today or tomorrow, or its day of a later year."""
    today = at(now, wall.zone).wall.date()
    days = [today, today + timedelta(days=1)]
    if today - wall.wall.date() > timedelta(days=1):
        days.append(_same_day(wall.wall.date(), today))
    found = dict.fromkeys(WallTime(datetime.combine(day, wall.wall.time()), wall.zone) for day in days)
    ahead = [one for one in found if one.instant > now and not one.is_skipped and not one.is_repeated]
    return tuple(one for one in ahead if one.wall.date() - today <= FARTHEST)[:3]


def _same_day(day: date, today: date) -> date:
    """The next day of this name; the 29th of February has one every year here, the 28th."""
    for year in (today.year, today.year + 1):
        later = day.replace(year=year, day=min(day.day, 28) if (day.month, day.day) == (2, 29) else day.day)
        if later > today:
            return later
    return today


@cache
def _zone_names() -> dict[str, str]:
    return {name.lower(): name for name in available_timezones()}
