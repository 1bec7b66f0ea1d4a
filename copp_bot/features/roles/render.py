"""Roles as answers."""

from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

from copp_bot.core.feature import RoomDirectory
from copp_bot.core.i18n import gettext as _
from copp_bot.core.ids import UserId, group_of
from copp_bot.core.permissions import Policy
from copp_bot.core.reply import Line, Option, Reply, Span, bold, code, person, say
from copp_bot.core.words import ending, role_words, scope_title
from copp_bot.features.roles.service import Change
from copp_bot.features.roles.store import Held


def render_granted(change: Change, rooms: RoomDirectory, zone: ZoneInfo) -> Reply:
    """What was granted, for the one who granted it."""
    return say((person(change.user_id), _(" is now {what}.").format(what=_what(change, rooms, zone))))


def render_revoked(change: Change, rooms: RoomDirectory, zone: ZoneInfo) -> Reply:
    """What was revoked, for the one who revoked it."""
    return say((person(change.user_id), _(" is no longer {what}.").format(what=_what(change, rooms, zone))))


def render_laying_down(change: Change, rooms: RoomDirectory, zone: ZoneInfo) -> Reply:
    """Is it meant? Others can give it back, the person cannot."""
    yes = f"role revoke {_typed(change)} yes"
    return say(
        _("You would lay down a role: {what}. You could not take it back yourself.").format(
            what=_what(change, rooms, zone)
        ),
        options=(Option("✅", _("lay it down"), yes),),
    )


def render_you_are(change: Change, rooms: RoomDirectory, zone: ZoneInfo) -> Reply:
    """Told to the person who has got a role."""
    return say(
        _("You are now {what}.").format(what=_what(change, rooms, zone)),
        _("Your rooms and rights follow within a minute. Type !help to see what you can do now."),
        notice=False,
        mentions=(change.user_id,),
    )


def render_you_were(change: Change, rooms: RoomDirectory, zone: ZoneInfo) -> Reply:
    """Told to the person whose role has ended."""
    sentence = _("You are no longer {what}. Thank you for what you did.").format(what=_what(change, rooms, zone))
    return say(sentence, notice=False, mentions=(change.user_id,))


def render_last(user: UserId) -> Reply:
    """Told to the last person in charge, who has left."""
    operator = _("Else the operator does: copp-bot apply --secretariat {user}").format(user=user)
    return say(
        _("You have left the community, and nobody else may do everything there. Your role waits for you."),
        (_("A steward can let you in again: "), code(f"!group invite {user}"), ". ", operator),
        _("Make somebody else Secretariat before you leave for good."),
    ).towards(user)


def render_left(changes: Sequence[Change], names: Mapping[UserId, str], rooms: RoomDirectory, zone: ZoneInfo) -> Reply:
    """Told to the Secretariat when people with roles have left the community."""
    lines: list[Line] = [
        (_named(change.user_id, names), _(" is out of the community and no longer {what}.").format(what=what))
        for change in changes
        for what in [_what(change, rooms, zone)]
    ]
    commands: list[Line] = [(code(f"!role grant {_typed(change)}"),) for change in changes]
    back = _("A role does not come back with the person. When they are here again, it is given by:")
    return Reply((*lines, (back,), *commands), notice=False)


def _typed(change: Change) -> str:
    """The person, the role and the group, as a command takes them."""
    key = group_of(change.scope)
    return f"{change.user_id} {change.role.name}{f' group:{key}' if key else ''}"


def render_list(
    grants: Sequence[Held], names: Mapping[UserId, str], policy: Policy, rooms: RoomDirectory, zone: ZoneInfo
) -> Reply:
    """Who holds which role, highest first."""
    if not grants:
        return say(_("Nobody holds a role yet."))
    ranked = sorted(grants, key=lambda g: (-_rank(policy, g.role), g.scope, g.user_id))
    return say(*(_line(g, names, rooms, zone) for g in ranked))


def _line(held: Held, names: Mapping[UserId, str], rooms: RoomDirectory, zone: ZoneInfo) -> Line:
    return (
        bold(role_words(held.role)),
        f" · {scope_title(rooms, held.scope)} · ",
        _named(held.user_id, names),
        ending(held.until, zone),
    )


def _named(user_id: UserId, names: Mapping[UserId, str]) -> Span:
    return person(user_id, names.get(user_id))


def _what(change: Change, rooms: RoomDirectory, zone: ZoneInfo) -> str:
    words = _("{role} in {scope}").format(role=role_words(change.role.name), scope=scope_title(rooms, change.scope))
    return words + ending(change.until, zone)


def _rank(policy: Policy, role: str) -> int:
    return policy.roles[role].rank if role in policy.roles else 0
