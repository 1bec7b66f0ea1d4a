"""Profiles as answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from copp_bot.core.feature import RoomDirectory
from copp_bot.core.i18n import gettext as _
from copp_bot.core.ids import ItemId
from copp_bot.core.languages import language_name
from copp_bot.core.permissions import Standing, Viewer
from copp_bot.core.reply import Line, Part, Reply, bold, code, person, say, shorten
from copp_bot.core.words import ending, is_translated, role_words, scope_title
from copp_bot.features.profile.service import MOST_FOUND, Profile, Shared
from copp_bot.features.profile.store import Found


def render_me(profile: Profile, viewer: Viewer, rooms: RoomDirectory, now: datetime, zone: ZoneInfo) -> Reply:
    """My own profile, what I am here, and what others may see."""
    lines: list[Line] = [
        (bold(profile.name or profile.user_id), f" ({profile.user_id}) · {_standing(viewer.standing)}"),
        (_("Groups: "), _groups(viewer, rooms)),
    ]
    if viewer.grants:
        lines.append((_("Roles: "), _roles(viewer, rooms, zone)))
    lines += [
        (_("Language: "), *_or_hint(_language(profile.language), "!me language fr")),
        (_("Time zone: "), *_or_hint(profile.timezone, "!me timezone Europe/Paris"), f" · {_clock(now, zone)}"),
        (_("Interests: "), *_or_hint(", ".join(profile.interests), "!me interests drama, assessment")),
        (_seen_by_others(profile, viewer),),
    ]
    return say(*lines, private=True)


def render_language(language: str) -> Reply:
    """The language is set; said plainly when the bot does not speak it yet."""
    done = _("Your language is {language}.").format(language=language_name(language))
    if is_translated(language):
        return say(done, private=True)
    missing = _("My own texts are not translated to it yet, so I go on in English; others see that you speak it.")
    return say(done, missing, private=True)


def render_timezone(zone: str, now: datetime) -> Reply:
    """The zone is set; the time there shows whether it is the right one."""
    sentence = _("Your time zone is {zone}; your clock now says {now}.")
    return say(sentence.format(zone=zone, now=_clock(now, ZoneInfo(zone))), private=True)


def render_zone_choices(zones: Sequence[str]) -> Reply:
    """Which zone is meant? A numbered answer chooses."""
    lines: list[Line] = [(_("Which one do you mean? Reply to this message with its number."),)]
    lines += [(f"{number}. {zone}",) for number, zone in enumerate(zones, 1)]
    return say(*lines, private=True, choices=tuple(f"me timezone {zone}" for zone in zones))


def render_interests(interests: Sequence[str]) -> Reply:
    """The interests are set."""
    if not interests:
        return say(_("Your list of interests is empty now."), private=True)
    return say(_("Your interests: {words}.").format(words=", ".join(interests)), private=True)


def render_findable(findable: bool) -> Reply:
    """What the switch means from now on."""
    if findable:
        return say(_("You can be found: members see your name, your language and your interests."), private=True)
    return say(_("You cannot be found any more by !find and !who. What you share keeps your name."), private=True)


def render_found(interest: str, people: Sequence[Found], near: str | None) -> Reply:
    """Who shares an interest; with nobody, the one that may have been meant."""
    interest = shorten(interest, 60)
    if not people and near is not None:
        nobody = _("Nobody who wishes to be found has named “{interest}”. Did you mean ").format(interest=interest)
        return say((nobody, code(f"!find {near}"), "?"))
    if not people:
        return say(
            _("Nobody who wishes to be found has named “{interest}” yet. You could: !me interests {interest}").format(
                interest=interest
            )
        )
    lines: list[Line] = [(_("Interested in “{interest}”:").format(interest=interest),)]
    lines += [_found_line(one) for one in people]
    if len(people) == MOST_FOUND:
        lines.append((_("There may be more; say it more narrowly to see others."),))
    return say(*lines)


@dataclass(frozen=True)
class Named:
    """Something shared: its short id, the command that shows it, and what it is."""

    short: str
    command: str
    thing: Shared


def render_who(profile: Profile, shared: Sequence[Named]) -> Reply:
    """Someone as the others may see them, with what they have shared that may be read here."""
    lines: list[Line] = [(person(profile.user_id, profile.name), f" ({profile.user_id})")]
    if profile.language:
        lines.append((_("Language: "), language_name(profile.language)))
    if profile.interests:
        lines.append((_("Interests: "), ", ".join(profile.interests)))
    if shared:
        lines.append((_("Has shared (reply with a number to see more of it):"),))
    lines += [(f"{number}. ", bold(one.thing.title), f" ({one.short})") for number, one in enumerate(shared, 1)]
    return say(
        *lines,
        items=tuple(ItemId(one.thing.row_id) for one in shared),
        choices=tuple(one.command for one in shared),
        once=False,
    )


def render_unknown(user_id: str) -> Reply:
    """One answer for everybody of whom nothing may be told."""
    return say(_("I can tell nothing about {user}. Some members prefer not to be found.").format(user=user_id))


def _found_line(one: Found) -> Line:
    language = f" · {language_name(one.language)}" if one.language else ""
    return (person(one.user_id, one.name), f" ({one.user_id}){language}{_with(one)}")


def _with(one: Found) -> str:
    return f" · {', '.join(one.interests)}" if one.interests else ""


def _standing(standing: Standing) -> str:
    return {
        Standing.MEMBER: _("member"),
        Standing.NEWCOMER: _("newcomer; a steward lets you in"),
        Standing.OUTSIDER: _("not in the community"),
    }[standing]


def _groups(viewer: Viewer, rooms: RoomDirectory) -> str:
    titles = [scope_title(rooms, f"group:{key}") for key in sorted(viewer.groups)]
    return ", ".join(titles) or _("none yet; !groups shows which there are")


def _roles(viewer: Viewer, rooms: RoomDirectory, zone: ZoneInfo) -> str:
    said = []
    for grant in viewer.grants:
        until = ending(grant.until, zone)
        said.append(
            _("{role} in {scope}").format(role=role_words(grant.role), scope=scope_title(rooms, grant.scope)) + until
        )
    return ", ".join(said)


def _language(language: str | None) -> str | None:
    return f"{language_name(language)} ({language})" if language else None


def _or_hint(value: str | None, example: str) -> tuple[Part, ...]:
    return (value,) if value else (_("not said yet; "), code(example))


def _clock(now: datetime, zone: ZoneInfo) -> str:
    return now.astimezone(zone).strftime("%H:%M")


def _seen_by_others(profile: Profile, viewer: Viewer) -> str:
    if viewer.standing is not Standing.MEMBER and profile.is_findable:
        return _("Once you are in the community, members find you by !find and !who. To stop that: !me findable off")
    if profile.is_findable:
        return _("Members find you by !find and !who: they see name, language, interests. To stop: !me findable off")
    return _("Nobody finds you by !find and !who. To change that: !me findable on")
