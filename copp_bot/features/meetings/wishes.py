"""The parts of ``!meet new TITLE | WHEN | …``: read, checked, nothing stored. Pure."""

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from copp_bot.core.errors import UserError
from copp_bot.core.fetch import web_address
from copp_bot.core.i18n import gettext as _
from copp_bot.core.reply import clean, shorten
from storage.search.words import sound

LONGEST_TITLE, LONGEST_PLACE, LONGEST_LINE = 200, 300, 300
MOST_LINES = 30
"""Lines below the first."""
MOST_PLACES = 10_000
USUAL = timedelta(hours=1)
SHORTEST, LONGEST = timedelta(minutes=5), timedelta(hours=24)
_REPEAT = re.compile(
    r"(?:repeats?|répéter|répété|every|each|chaque|tous les|toutes les|weekly|monthly|daily)\b", re.IGNORECASE
)
_WHERE = re.compile(r"(?:where|où|lieu)\b:?\s*(.*)", re.IGNORECASE | re.DOTALL)
_PLACES = re.compile(r"(?:places|max|seats)\b:?\s*(\d{1,9})", re.IGNORECASE)
_DURATION = re.compile(
    r"(?:(?P<days>\d{1,4})\s*(?:d|days?|jours?))?\s*"
    r"(?:(?P<hours>\d{1,4}(?:[.,]\d)?)\s*(?:h|hrs?|hours?|heures?))?\s*"
    r"(?:(?P<minutes>\d{1,6})\s*(?:m|min|mins|minutes?)?)?",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Wish:
    """A meeting in the words of who plans it.

    Args:
        when: as typed.
        repeat: as typed; empty for a meeting that happens once.
        place: a web address or words; empty when it was left out.
        capacity: how many may take part; None for any number.
        lines: what stood below the first line.
    """

    title: str
    when: str
    duration: timedelta = USUAL
    repeat: str = ""
    place: str = ""
    capacity: int | None = None
    lines: tuple[str, ...] = ()


def read_wish(text: str) -> Wish:
    """What was asked for; a UserError for words that cannot be taken."""
    first, *more = text.split("\n")  # other signs that end a line are taken out below
    title, when, *parts = [*(part.strip() for part in first.split("|")), ""][: max(2, first.count("|") + 1)]
    if not when:
        raise UserError(
            _("Write a title and a time with | between them: !meet new Rhythm circle | Thursday 18:00 | 90 min")
        )
    read = [_part(part) for part in parts if part]
    names = [name for name, _value in read]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UserError(_("Two parts say the same thing ({name}). Leave one out.").format(name=twice))
    lines = tuple(read_line(line) for line in more if line.strip())
    if len(lines) > MOST_LINES:
        raise UserError(_("A meeting has at most {most} lines of text.").format(most=MOST_LINES))
    return Wish(title=read_title(title), when=when, lines=lines, **dict(read))


def retyped(wish: Wish, when: str) -> str:
    """The wish as a command with a time that leaves no doubt."""
    minutes = int(wish.duration.total_seconds()) // 60
    parts = [wish.title, when, f"{minutes} min"]
    parts += [f"repeat {wish.repeat}"] if wish.repeat else []
    parts += [f"where {wish.place}"] if wish.place else []
    parts += [f"places {wish.capacity}"] if wish.capacity else []
    first = " | ".join(parts)
    return "\n".join((f"meet new {first}", *wish.lines))


def read_title(text: str) -> str:
    """A title in one line."""
    title = " ".join(clean(sound(text)).split()).strip("\"“”«»' ")
    if not title:
        raise UserError(_("What is the meeting called? Begin with its title: !meet new Rhythm circle | Thursday 18:00"))
    return _within(title, LONGEST_TITLE, _("That title"))


def read_line(text: str) -> str:
    """A line below the first."""
    return _within(" ".join(clean(sound(text)).split()), LONGEST_LINE, _("That line"))


def read_duration(text: str) -> timedelta:
    """``90 min``, ``1h30``, ``2 hours``; a bare number is minutes."""
    found = _DURATION.fullmatch(text.strip())
    if found is None or not any(found.groups()):
        raise UserError(_("I do not know what “{text}” is for. {usage}").format(text=shorten(text, 60), usage=_usage()))
    duration = timedelta(
        days=int(found["days"] or 0),
        hours=float((found["hours"] or "0").replace(",", ".")),
        minutes=int(found["minutes"] or 0),
    )
    if not SHORTEST <= duration <= LONGEST:
        raise UserError(_("A meeting takes from 5 minutes to 24 hours, for example: | 90 min"))
    return duration


def _part(text: str) -> tuple[str, Any]:
    """One of the parts after the time, by the word it begins with."""
    where, places = _WHERE.fullmatch(text), _PLACES.fullmatch(text)
    if where is not None:
        return "place", _place(where[1])
    if places is not None:
        return "capacity", _capacity(int(places[1]))
    if _REPEAT.match(text):
        return "repeat", re.sub(r"^(?:repeats?|répéter|répété)\b:?\s*", "", text, flags=re.IGNORECASE)
    return "duration", read_duration(text)


def _place(text: str) -> str:
    place = " ".join(clean(sound(text)).split())
    if place.lower().startswith(("http:", "https:")) and web_address(place) is None:
        raise UserError(_("I cannot take that address as a place: copy it once more from your browser."))
    return _within(place, LONGEST_PLACE, _("That place"))


def _capacity(places: int) -> int:
    if not 1 <= places <= MOST_PLACES:
        raise UserError(_("A meeting has 1 to {most} places.").format(most=MOST_PLACES))
    return places


def _within(text: str, limit: int, what: str) -> str:
    if len(text) > limit:
        raise UserError(
            _("{what} has {length} characters; {limit} is the most. Give a shorter one.").format(
                what=what, length=len(text), limit=limit
            )
        )
    return text


def _usage() -> str:
    return _("After title and time may come: 90 min, repeat weekly, where https://…, places 12; each after a |")
