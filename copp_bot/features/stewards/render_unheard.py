"""Newcomers and unanswered first posts as messages. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from copp_bot.core.i18n import gettext as _
from copp_bot.core.i18n import ngettext
from copp_bot.core.ids import UserId
from copp_bot.core.reply import Line, Option, Part, Reply, event_link, person, say
from copp_bot.features.stewards.store import NewcomerRow
from copp_bot.features.stewards.unheard import Heard, Newcomer, Nudge, Waiting

MOST = 20


def render_yours(steward: UserId, rows: Sequence[NewcomerRow], names: Mapping[UserId, str]) -> Reply:
    """Whom you look after from now on; one reaction writes down that you have welcomed the only one."""
    shown = [UserId(row.user_id) for row in rows[:MOST]]
    parts: list[Part] = []
    for user in shown:
        parts += [person(user, names.get(user)), ", "]
    more = [_(" and {count} more").format(count=len(rows) - MOST)] if len(rows) > MOST else []
    head = ngettext("New in the community, and yours to look after: ", "New in the community, and yours: ", len(rows))
    return say(
        (head, *parts[:-1], *more),
        _("Say hello to them in Reception, in your own words. Who waits for an answer: !unheard"),
        options=(_welcomed(shown[0]),) if len(rows) == 1 else (),
        notice=False,
        mentions=(steward,),
    )


def render_nudge(nudge: Nudge, now: datetime) -> Reply:
    """Nobody has answered yet; would you?"""
    one = nudge.waiting
    return say(
        (
            person(one.user_id, one.name),
            _(" wrote here for the first time {time} ago, and nobody has answered yet: ").format(time=_ago(one, now)),
            _post(one),
        ),
        _("A reply or a mention from any person is enough."),
        options=(_welcomed(one.user_id),) if nudge.steward else (),
        notice=False,
        mentions=(nudge.steward,) if nudge.steward else (),
    )


def render_unheard(waiting: Sequence[Waiting], heard: Heard, now: datetime) -> Reply:
    """Who waits, the longest first, and how it went lately."""
    lines: list[Line] = [
        (person(one.user_id, one.name), _(" – for {time}: ").format(time=_ago(one, now)), _post(one))
        for one in waiting[:MOST]
    ]
    if not lines:
        lines.append((_("Every first post has been answered by a person."),))
    if len(waiting) > MOST:
        lines.append((_("and {count} more").format(count=len(waiting) - MOST),))
    return Reply((*lines, *_lately(heard)))


def render_newcomers(came: Sequence[Newcomer], now: datetime) -> Reply:
    """Who came in the last two weeks."""
    if not came:
        return say(_("Nobody has come in the last two weeks."))
    lines = [_newcomer(one, now) for one in came[:MOST]]
    if len(came) > MOST:
        lines.append((_("and {count} more").format(count=len(came) - MOST),))
    return Reply(tuple(lines))


def _newcomer(one: Newcomer, now: datetime) -> Line:
    facts = [_("member") if one.is_member else _("waits in Reception")]
    facts.append(_("came {time} ago").format(time=_span(one.row.arrived_at, now)))
    facts.append(_("looked after by {steward}").format(steward=one.steward) if one.steward else _("no steward yet"))
    if one.row.posted_at is None:
        facts.append(_("has not written yet"))
    elif one.row.answered_at is None:
        facts.append(_("waits for an answer"))
    else:
        facts.append(_("was answered after {time}").format(time=_span(one.row.posted_at, one.row.answered_at)))
    return (person(one.row.user_id, one.name), " – " + " · ".join(facts))


def _lately(heard: Heard) -> Sequence[Line]:
    if not heard.posts:
        return ()
    said = _("Last four weeks: {in_time} of {posts} answered within 48 hours").format(
        in_time=heard.in_time, posts=heard.posts
    )
    return ((said + (_(", half of them within {hours:.0f} hours").format(hours=heard.hours) if heard.hours else ""),),)


def _welcomed(user: UserId) -> Option:
    return Option("🤝", _("write down that I have welcomed them"), f"did welcomed {user}")


def _post(one: Waiting) -> Part:
    return event_link(one.room or _("the message"), one.room_id, one.event_id)


def _ago(one: Waiting, now: datetime) -> str:
    return _span(one.since, now)


def _span(since: datetime, until: datetime) -> str:
    hours = int((until - since).total_seconds() // 3600)
    if hours < 1:
        return _("less than an hour")
    if hours < 48:
        return ngettext("{count} hour", "{count} hours", hours).format(count=hours)
    return ngettext("{count} day", "{count} days", hours // 24).format(count=hours // 24)
