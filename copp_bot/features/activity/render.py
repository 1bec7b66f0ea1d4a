"""The week as at most twelve lines."""

from datetime import date, timedelta

from babel.dates import format_date

from copp_bot.core.feature import RoomDirectory
from copp_bot.core.i18n import gettext as _
from copp_bot.core.reply import Line, Reply, bold, say
from copp_bot.core.words import band, scope_title, text_language
from copp_bot.features.activity.service import WEEK, Figures, Report

MOST_GROUPS = 7


def render_report(report: Report, rooms: RoomDirectory) -> Reply:
    """Sums of the whole, then the busiest listed groups, each beside the week before."""
    week, before = report.week, report.before
    busiest = sorted(week.groups, key=lambda key: (-week.groups[key].messages, key))
    lines: list[Line] = [
        (
            bold(
                _("The community's week, {first} to {last}").format(
                    first=_day(week.monday), last=_day(_sunday(week.monday))
                )
            ),
        ),
        (_messages(week.whole, before.whole),),
        (_people(week.whole, before.whole),),
    ]
    for key in busiest[:MOST_GROUPS]:
        now, then = week.groups[key], before.groups.get(key, Figures())
        lines.append((bold(scope_title(rooms, f"group:{key}")), f" · {_messages(now, then)} · {_people(now, then)}"))
    if len(busiest) > MOST_GROUPS:
        lines.append((_("and {count} quieter groups").format(count=len(busiest) - MOST_GROUPS),))
    known = _(
        "In brackets the week before. People are counted in bands, days are UTC. The next week is counted on {day}."
    )
    lines.append((known.format(day=_day(week.monday + 2 * WEEK)),))
    return say(*lines)


def _messages(now: Figures, then: Figures) -> str:
    return _("messages: {now} ({then})").format(now=now.messages, then=then.messages)


def _people(now: Figures, then: Figures) -> str:
    return _("people who wrote: {voices} ({voices_then}) · newly joined: {joins} ({joins_then})").format(
        voices=band(now.voices), voices_then=band(then.voices), joins=band(now.joins), joins_then=band(then.joins)
    )


def _day(day: date) -> str:
    return format_date(day, "d MMM y", locale=text_language())


def _sunday(monday: date) -> date:
    return monday + timedelta(days=6)
