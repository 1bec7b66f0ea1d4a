"""What is said of meetings. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_date

from copp_bot.core.i18n import gettext as _
from copp_bot.core.ids import EventId, UserId
from copp_bot.core.reply import Line, Option, Part, Reply, bold, code, link, say, shorten
from copp_bot.core.words import text_language
from copp_bot.features.meetings.dates import FARTHEST
from copp_bot.features.meetings.repeat import rule_words
from copp_bot.features.meetings.service import Meeting
from copp_bot.features.meetings.store import Answer
from copp_bot.features.meetings.times import WallTime, at
from copp_bot.features.meetings.when import Doubt, Reading

KEYCAP = "\ufe0f\u20e3"
YES, MAYBE, NO = "✅", "❔", "❌"
MOST_ZONES = 5
TEXT = 200
"""Letters of the text in an answer."""


def render_planned(shown: Meeting) -> Reply:
    """It has been planned: everything, with who comes to be said by a reaction for as long as it is to come."""
    reply = render_meeting(shown, shown.start.zone, is_direct=False)
    change = (_("To change it: "), code(f"!meet move {shown.number} WHEN"), " · ", code(f"!meet cancel {shown.number}"))
    return say(
        *reply.lines,
        change,
        items=(shown.id,),
        options=_rsvp_options(shown.number),
        once=False,
        until=shown.start.instant + FARTHEST,
    )


def render_updated(shown: Meeting) -> Reply:
    """The announcement as it reads after an answer; the reactions under it stay."""
    planned = render_planned(shown)
    words = " · ".join(f"{option.key} {option.label}" for option in planned.options)
    return say(*planned.lines, words, items=(shown.id,))


def render_meeting(shown: Meeting, zone: ZoneInfo, is_direct: bool) -> Reply:
    """All about one. In the direct chat times are those of the reader's zone, in a room those of the meeting's."""
    when = shown.next.at if shown.next else shown.start
    seen = at(when.instant, zone) if is_direct else when
    state = _(" (cancelled)") if shown.is_cancelled else "" if shown.next else _(" (over)")
    lines: list[Line] = [(bold(f"{shown.number}: {shown.title}"), state, " – ", _period(seen, shown.duration))]
    elsewhere = _elsewhere(when, seen.zone, (shown.start.zone.key, *shown.zones) if is_direct else shown.zones)
    lines += [(_("That is "), elsewhere)] if elsewhere else []
    lines += [(_("Repeats "), rule_words(shown.rule, shown.start), ".")] if shown.rule else []
    lines += [(_("Where: "), _place(shown.place))] if shown.place else []
    lines += [(shorten(shown.text, TEXT),)] if shown.text else []
    lines.append((_coming(shown),))
    return say(*lines, items=(shown.id,))


def render_list(shown: Sequence[Meeting], zone: ZoneInfo, further: str | None, is_direct: bool) -> Reply:
    """What comes next; in the direct chat in the reader's zone."""
    last = _("Only what everyone here may read is shown. Ask me in our direct chat to look further.")
    if not shown:
        reply = say((_("Nothing is planned here. Plan something: "), code("!meet new Rhythm circle | Friday 18:00")))
        return reply if is_direct else reply.and_line(last)
    lines: list[Line] = [(_("Meetings to come. Reply with a number to see more of it:"),)]
    for number, one in enumerate(shown, 1):
        when = one.next.at if one.next else one.start
        when = at(when.instant, zone) if is_direct else when
        lines.append((f"{number}. {date_words(when)} – ", bold(shorten(one.title, 80)), f" ({one.number})"))
    return say(
        *lines,
        *(() if is_direct else (last,)),
        items=tuple(one.id for one in shown),
        choices=tuple(f"meet show {one.number}" for one in shown),
        options=(Option("➡️", _("more"), further),) if further else (),
        once=False,
    )


def render_question(reading: Reading, commands: Sequence[str], asked: UserId, source: EventId | None) -> Reply:
    """Which time is meant? Nothing is made or changed before that is answered."""
    sentences = {
        Doubt.WHICH: _("Which time do you mean?"),
        Doubt.PAST: _("That is over. Do you mean one of these?"),
        Doubt.SKIPPED: _("The clocks jump over that hour. Which time do you mean?"),
        Doubt.REPEATED: _("The clocks show that hour twice. Which one do you mean?"),
    }
    options = tuple(
        Option(f"{number}{KEYCAP}", _exact(choice), command)
        for number, (choice, command) in enumerate(zip(reading.choices, commands, strict=True), 1)
    )
    if not options:
        return say(_("That is over. Write it once more with a time to come."))
    nothing = _("Choose below, or answer with the number. Until then I do nothing.")
    return say(
        f"{sentences[reading.doubt]} {nothing}",
        options=options,
        choices=tuple(commands),
        asked=(asked,),
        source=source,
    )


def render_moved(shown: Meeting, when: WallTime, told: int) -> Reply:
    """It takes place at another time."""
    return say(
        (
            bold(shown.number),
            _(": “{title}” is now on {when}.").format(title=shown.title, when=_exact(when)),
            _told(told),
        ),
        items=(shown.id,),
    )


def render_cancelled(shown: Meeting, when: WallTime | None, told: int) -> Reply:
    """It is called off, or one of its series."""
    words = _(": “{title}” is cancelled.").format(title=shown.title)
    if when is not None:
        words = _(": “{title}” does not take place on {when}.").format(title=shown.title, when=_exact(when))
    return say((bold(shown.number), words, _told(told)), items=(shown.id,))


def render_told(shown: Meeting, when: WallTime, zone: ZoneInfo, person: UserId, is_on: bool) -> Reply:
    """To one who has answered, in their zone."""
    moved = _("“{title}” ({id}) is now on {when}. Still coming? ")
    off = _("“{title}” ({id}) of {when} is called off.")
    words = (moved if is_on else off).format(title=shown.title, id=shown.number, when=_exact(at(when.instant, zone)))
    line: Line = (words, code(f"!meet rsvp {shown.number} yes")) if is_on else (words,)
    return say(line, notice=False, mentions=(person,), items=(shown.id,))


def render_answered(shown: Meeting, said: Answer, zone: ZoneInfo, is_waiting: bool) -> Reply:
    """The answer has been taken; when it is, on the reader's clock."""
    words = {
        Answer.YES: _("You are coming to “{title}” ({id}), {when}."),
        Answer.MAYBE: _("You may be coming to “{title}” ({id}), {when}."),
        Answer.NO: _("You are not coming to “{title}” ({id}), {when}."),
    }[said]
    if said is Answer.YES and is_waiting:
        words = _("“{title}” ({id}), {when}, is full. You are on the waiting list; I tell you when there is a place.")
    when = shown.next.at if shown.next else shown.start
    return say(
        words.format(title=shown.title, id=shown.number, when=_exact(at(when.instant, zone))),
        (_("To change that: "), code(f"!meet rsvp {shown.number} yes|maybe|no")),
        items=(shown.id,),
    )


def render_noted() -> Reply:
    """Where others read along, who comes is not repeated."""
    return say(_("Noted. I have written to you in our direct chat."))


def render_place_free(shown: Meeting, zone: ZoneInfo, person: UserId) -> Reply:
    """Somebody else cannot come."""
    when = shown.next.at if shown.next else shown.start
    words = _("There is a place for you at “{title}” ({id}), {when}.").format(
        title=shown.title, id=shown.number, when=_exact(at(when.instant, zone))
    )
    return say(words, notice=False, mentions=(person,), items=(shown.id,))


def render_reminder(shown: Meeting, begins: WallTime, left: timedelta, person: UserId | None) -> Reply:
    """It begins soon: to a room, or to one person."""
    soon = _("“{title}” ({id}) begins in {count} minutes, at {when}.")
    later = _("“{title}” ({id}) is on {when}.")
    minutes = -(-int(left.total_seconds()) // 60)
    words = (soon if minutes <= 60 else later).format(
        title=shown.title, id=shown.number, count=minutes, when=_exact(begins)
    )
    where: Line = (_(" Where: "), _place(shown.place)) if shown.place else ()
    mentions = (person,) if person else ()
    return say((words, *where), notice=False, mentions=mentions, items=(shown.id,))


def render_withdrawn(number: str, person: UserId) -> Reply:
    """Its command was redacted: without its words."""
    words = _("{id} was withdrawn by the one who planned it: it does not take place.").format(id=number)
    return say(words, notice=False, mentions=(person,))


def render_changed(number: str) -> Reply:
    """An edited command has changed it."""
    return say((_("I have changed {id} as you wrote. See it: ").format(id=number), code(f"!meet show {number}")))


def date_words(when: WallTime) -> str:
    """``Thursday 14 January 2027, 18:00 (Paris)``."""
    day = format_date(when.wall.date(), "EEEE d MMMM y", locale=text_language())
    return f"{day}, {when.wall:%H:%M} ({_city(when.zone.key)})"


def _period(when: WallTime, duration: timedelta) -> str:
    day = format_date(when.wall.date(), "EEEE d MMMM y", locale=text_language())
    end = at(when.instant + duration, when.zone)
    return f"{day}, {when.wall:%H:%M}–{end.wall:%H:%M} ({_city(when.zone.key)})"


def _exact(when: WallTime) -> str:
    """With the distance from UTC where the clocks show the hour twice."""
    if not when.is_repeated:
        return date_words(when)
    hours = when.offset.total_seconds() / 3600
    return f"{date_words(when)[:-1]}, UTC{hours:+g})"


def _elsewhere(when: WallTime, but: ZoneInfo, zones: Sequence[str]) -> str:
    """The same moment on other clocks: ``19:00 Athens · 17:00 Lisbon, London``, with the day where it is another."""
    own = at(when.instant, but).wall
    clocks: dict[datetime, list[str]] = {}
    for zone in dict.fromkeys(zones):
        there = at(when.instant, ZoneInfo(zone)).wall
        if there != own:
            clocks.setdefault(there, []).append(_city(zone))
    return " · ".join(f"{_clock(there, own)} {', '.join(clocks[there][:3])}" for there in sorted(clocks)[:MOST_ZONES])


def _clock(there: datetime, own: datetime) -> str:
    day = "" if there.date() == own.date() else format_date(there.date(), "EEEE ", locale=text_language())
    return f"{day}{there:%H:%M}"


def _city(zone: str) -> str:
    return zone.rsplit("/", 1)[-1].replace("_", " ")


def _place(place: str) -> Part:
    return link(place, place) if " " not in place else place


def _coming(shown: Meeting) -> str:
    said = shown.answers
    words = _("Coming: {yes} yes, {maybe} maybe, {no} no").format(yes=said.yes, maybe=said.maybe, no=said.no)
    if shown.capacity is not None:
        words += _(", {waiting} waiting; {capacity} places").format(waiting=said.waiting, capacity=shown.capacity)
    return f"{words}."


def _rsvp_options(number: str) -> tuple[Option, ...]:
    words = ((YES, _("yes"), "yes"), (MAYBE, _("maybe"), "maybe"), (NO, _("no"), "no"))
    return tuple(Option(key, label, f"meet rsvp {number} {said}") for key, label, said in words)


def _told(count: int) -> str:
    return _(" I tell those who have answered.") if count else ""
