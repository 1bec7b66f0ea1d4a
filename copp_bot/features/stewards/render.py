"""Duty, roster and team as answers. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from copp_bot.core.feature import RoomDirectory
from copp_bot.core.i18n import gettext as _
from copp_bot.core.i18n import ngettext
from copp_bot.core.ids import Scope, UserId
from copp_bot.core.reply import Line, Part, Reply, bold, code, person, say
from copp_bot.core.words import ending, moment, scope_title
from copp_bot.features.stewards.service import Started, Steward, Team
from copp_bot.features.stewards.store import Deeds, HandoverRow, SevenRoles

Names = Mapping[UserId, str]
THIN = 2
"""A role that fewer people carried is thin."""


def render_started(started: Started, names: Names, rooms: RoomDirectory, zone: ZoneInfo) -> Reply:
    """You are there now; who else is, and what the last one left."""
    until = ending(started.until, zone)
    lines: list[Line] = [
        (_("You are on duty for {scope}{until}.").format(scope=scope_title(rooms, started.scope), until=until),),
    ]
    if started.others:
        lines.append((_("With you: "), *_people(started.others, names)))
    if started.note is not None:
        lines.append(_note(started.note, names, zone))
    if not started.until:
        lines.append((_("When you leave: "), code("!handover NOTE"), _(" or "), code("!duty off")))
    return Reply(tuple(lines))


def render_ended(scope: Scope, left: Sequence[UserId], names: Names, rooms: RoomDirectory) -> Reply:
    """You are away now; who is still there."""
    lines: list[Line] = [(_("You are off duty for {scope}. Thank you.").format(scope=scope_title(rooms, scope)),)]
    return Reply((*lines, _still_there(left, names)))


def render_handed_over(left: Sequence[UserId], names: Names) -> Reply:
    """The note is kept; who is still there."""
    return say(
        _("Your note is kept for whoever is on duty next, and you are off duty. Thank you."), _still_there(left, names)
    )


def render_handover(author: UserId, names: Names, text: str, scope: Scope, rooms: RoomDirectory) -> Reply:
    """The note, for the others who serve."""
    head = _(" hands over ({scope}): ").format(scope=scope_title(rooms, scope))
    return say((person(author, names.get(author)), head, text))


def render_roster(
    stewards: Sequence[Steward], note: HandoverRow | None, names: Names, now: datetime, zone: ZoneInfo
) -> Reply:
    """Who serves: on duty or away, with language, their own clock, and how much they did this week."""
    if not stewards:
        return say(_("Nobody serves here yet. The lead steward can change that: !role grant @user steward"))
    lines = [_steward(one, now, zone) for one in stewards]
    if note is not None:
        lines.append(_note(note, names, zone))
    return Reply(tuple(lines))


def render_noted(role: SevenRoles, target: UserId | None, names: Names) -> Reply:
    """What is in the log now."""
    whom: tuple[Part, ...] = (" ", person(target, names.get(target))) if target else ()
    return say(
        (_("Noted: "), bold(role_words(role)), *whom, ". ", _("Thank you. To take it back, delete your message."))
    )


def render_team(team: Team, names: Names, rooms: RoomDirectory) -> Reply:
    """Each of the seven roles with those who carried it; what is thin; whom nobody serves."""
    lines: list[Line] = [(bold(_("The seven roles, last four weeks")),)]
    lines += [_role(role, done, names) for role, done in team.roles.items()]
    if team.unspoken:
        words = ", ".join(f"{language} ({count})" for language, count in team.unspoken.items())
        lines.append((_("Languages that members read and no steward does: {languages}").format(languages=words),))
    if team.unserved:
        titles = ", ".join(scope_title(rooms, f"group:{key}") for key in team.unserved)
        lines.append((_("Groups without a steward of their own: {groups}").format(groups=titles),))
    busy: list[Part] = [_("This week: ")]
    for one in team.stewards:
        busy += [person(one.user_id, one.name), f" {one.load}", " · "]
    lines.append(tuple(busy[:-1]) if team.stewards else (_("Nobody serves yet."),))
    return Reply(tuple(lines), private=True)


def role_words(role: SevenRoles) -> str:
    """The role as people say it."""
    return {
        SevenRoles.WELCOMED: _("welcomed"),
        SevenRoles.INTERACTED: _("interacted"),
        SevenRoles.CONNECTED: _("connected"),
        SevenRoles.INTEGRATED: _("integrated"),
        SevenRoles.STIMULATED: _("stimulated"),
        SevenRoles.DROVE: _("drove"),
        SevenRoles.COACHED: _("coached"),
    }[role]


def _role(role: SevenRoles, done: Sequence[Deeds], names: Names) -> Line:
    if not done:
        return (bold(role_words(role)), _(": nobody yet"))
    parts: list[Part] = [bold(role_words(role)), ": "]
    for deed in done:
        parts += [person(deed.user_id, names.get(deed.user_id)), f" {deed.count}", ", "]
    return (*parts[:-1], _(" – thin") if len(done) < THIN else "")


def _steward(one: Steward, now: datetime, zone: ZoneInfo) -> Line:
    if one.duty is None:
        state = _("away")
    elif one.duty.until is None:
        state = _("on duty")
    else:
        state = _("on duty{until}").format(until=ending(one.duty.until, zone))
    clock = now.astimezone(ZoneInfo(one.timezone)).strftime("%H:%M") if one.timezone else None
    facts = [state, one.language, _("there it is {time}").format(time=clock) if clock else None]
    facts.append(
        ngettext("{count} deed this week", "{count} deeds this week", one.load).format(count=one.load)
        if one.load
        else None
    )
    return (person(one.user_id, one.name), " – " + " · ".join(fact for fact in facts if fact))


def _note(note: HandoverRow, names: Names, zone: ZoneInfo) -> Line:
    by = UserId(note.user_id)
    when = moment(note.written_at, zone)
    return (_("Last note, by "), person(by, names.get(by)), f", {when}: ", note.text)


def _still_there(left: Sequence[UserId], names: Names) -> Line:
    if left:
        return (_("Still on duty: "), *_people(left, names))
    return (_("Nobody is on duty there now. Who could be: "), code("!roster"))


def _people(users: Sequence[UserId], names: Names) -> list[Part]:
    parts: list[Part] = []
    for user in users:
        parts += [person(user, names.get(user)), ", "]
    return parts[:-1]
