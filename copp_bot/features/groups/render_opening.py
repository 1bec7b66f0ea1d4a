"""Opening and closing, as answers that fit on a phone."""

from collections.abc import Sequence
from datetime import date

from babel.dates import format_date

from copp_bot.core.feature import GroupInfo
from copp_bot.core.i18n import gettext as _
from copp_bot.core.i18n import ngettext
from copp_bot.core.ids import UserId
from copp_bot.core.reply import Line, Option, Reply, bold, code, person, say
from copp_bot.core.words import text_language
from copp_bot.features.groups.opening import Plan, Target
from copp_bot.rooms.models import GroupFile, RoomEntry
from copp_bot.rooms.opened import Opened

MOST_REFUSED = 3
"""Refusals that are named; the plan of the rooms says all."""


def render_plan(plan: Plan) -> Reply:
    """What would be opened, and the yes that opens it."""
    entry = plan.opened.entry
    lines = _group_plan(plan, entry) if isinstance(entry, GroupFile) else _room_plan(plan, entry)
    yes = f"group open {plan.key}"
    return say(
        *lines, (_("To open it, choose ✅ or type: "), code(f"!{yes}")), options=(Option("✅", _("open it"), yes),)
    )


def render_opening(plan: Plan) -> Reply:
    """Said at once; edited when it is done."""
    title = plan.opened.entry.title
    return say(_("I am opening “{title}”; this message will be edited when it is done.").format(title=title))


def render_opened(new: Opened, refused: Sequence[str], steward: UserId | None) -> Reply:
    """It is open, or as far as the homeserver let it."""
    lines: list[Line] = [(bold(new.entry.title), _(" is open. Its key is "), code(new.key), ".")]
    if isinstance(new.entry, GroupFile):
        lines.append((_("Bring people in: "), code(f"!group invite @anna {new.key}")))
        lines += [(_("Invited as its steward: "), person(steward))] if steward else []
    else:
        lines.append((_("Every member finds it in the community's space and may join."),))
    return Reply((*lines, *_refusals(refused)))


def render_you_lead(user: UserId, title: str) -> Reply:
    """Said to the person who was named steward."""
    words = _(
        "You are steward of the new group “{title}”. Accept the invitation in your Matrix client; its rooms follow."
    )
    return say(
        words.format(title=title), (_("What you can do there: "), code("!help group")), notice=False, mentions=(user,)
    )


def render_closing(target: Target) -> Reply:
    """What closing means, and the yes that does it."""
    yes = f"group close {target.key} yes"
    kept = ngettext(
        "– its {count} room is kept with all that is in it; nothing is deleted",
        "– its {count} rooms are kept with all that is in them; nothing is deleted",
        target.rooms,
    )
    lines: list[Line] = [(_("Closing “{title}” ({key}) means:").format(title=target.title, key=target.key),)]
    lines += [
        (kept.format(count=target.rooms),),
        (_("– members read and react there, and write no more; stewards may"),),
    ]
    lines += [(_("– nobody new asks to join"),)] if target.is_group else []
    lines.append((_("– to undo it at any time: "), code(f"!group reopen {target.key}")))
    return say(*lines, options=(Option("✅", _("close it"), yes),))


def render_setting(target: Target, is_closed: bool) -> Reply:
    """Said at once; edited when it is done."""
    sentence = (
        _("I am closing “{title}”; this message will be edited when it is done.")
        if is_closed
        else _("I am opening “{title}” again; this message will be edited when it is done.")
    )
    return say(sentence.format(title=target.title))


def render_set(key: str, title: str, is_closed: bool, refused: Sequence[str]) -> Reply:
    """It is closed, or open again."""
    first: Line = (bold(title), _(" is closed. To undo it: "), code(f"!group reopen {key}"))
    if not is_closed:
        first = (bold(title), _(" is open again: its members may write."))
    return Reply((first, *_refusals(refused)))


def render_over(info: GroupInfo) -> Reply:
    """Said in the Secretariat's room when a group's last day is over."""
    assert info.until is not None
    words = _("The last day of “{title}” was {day}. Shall I show what closing it means?")
    return say(
        words.format(title=info.title, day=_day(info.until)),
        (_("To see it, choose ✅ or type: "), code(f"!group close {info.key}")),
        _("To let the group go on, do nothing."),
        options=(Option("✅", _("show me"), f"group close {info.key}"),),
        notice=False,
        once=False,
    )


def _group_plan(plan: Plan, group: GroupFile) -> list[Line]:
    what = {"training": _("a training activity"), "project": _("a project")}[group.kind.value]
    until = _(", until {day}").format(day=_day(group.until)) if group.until else ""
    first: Line = (
        _("This would open the group "), bold(group.title), f" ({plan.key}), {what}{until}:",
    )  # fmt: skip
    lines: list[Line] = [first]
    if group.aim != group.title:
        lines.append((_("– its aim: {aim}").format(aim=group.aim),))
    lines.append((_("– a space of its own, named in !groups to members, who may ask to join"),))
    lines += [(_("– in it the room “{title}”").format(title=room.title),) for room in group.rooms.values()]
    if plan.steward:
        lines.append((_("– "), person(plan.steward), _(" is invited and becomes its steward")))
    return lines


def _room_plan(plan: Plan, room: RoomEntry) -> list[Line]:
    first: Line = (_("This would open the topical room "), bold(room.title), f" ({plan.key}):")
    lines: list[Line] = [first, (_("– in the public area; every member may read and join, nobody has to"),)]
    if room.topic != room.title:
        lines.append((_("– its aim: {aim}").format(aim=room.topic),))
    return lines


def _refusals(refused: Sequence[str]) -> list[Line]:
    if not refused:
        return []
    shown: list[Line] = [(f"– {sentence}",) for sentence in refused[:MOST_REFUSED]]
    return [(_("Not all of it could be done. To try again: "), code("!rooms apply")), *shown]


def _day(day: date) -> str:
    return format_date(day, "d MMM y", locale=text_language())
