"""Groups as answers."""

from collections.abc import Mapping, Sequence

from copp_bot.core.feature import GroupInfo, RoomDirectory
from copp_bot.core.i18n import gettext as _
from copp_bot.core.i18n import ngettext
from copp_bot.core.ids import UserId
from copp_bot.core.reply import Line, Option, Part, Reply, Span, bold, clean, code, person, say
from copp_bot.core.words import band, scope_title
from copp_bot.features.groups.outcomes import Outcome
from copp_bot.features.groups.service import Asked, Decided, Invitation, Known

NAMES_IN_A_LINE = 10


def render_groups(groups: Sequence[Known], *, is_direct: bool) -> Reply:
    """The groups one may know of here; what is the asker's alone is said in the direct chat only."""
    lines: list[Part | Line] = [_group_line(group, is_direct) for group in groups]
    if not is_direct and not lines:
        lines = [_("There is no group that everyone who reads this room may know of, so I name none here.")]
    if not is_direct:
        return say(*lines, (_("In our direct chat I can show you more: "), code("!groups")))
    if not lines:
        return say(_("There are no groups that you may know of yet. Members see those that are open to requests."))
    return say(*lines, (_("To ask to join one: "), code("!group join KEY")))


def render_asked(info: GroupInfo, asked: Asked) -> Reply:
    """What became of my request."""
    sentence = {
        Asked.ASKED: _("I have asked the stewards of {group} for you. I write to you here when they have decided."),
        Asked.ALREADY: _("You have asked to join {group} already; its stewards have not decided yet."),
        Asked.INVITED: _("You are invited to {group} already: accept the invitation in your Matrix client."),
        Asked.IN: _("You are in {group} already."),
    }[asked]
    return say(sentence.format(group=info.title), private=True)


def render_request(user: UserId, name: str | None, info: GroupInfo) -> Reply:
    """A request, before the stewards; it stays open for others when someone chose who may not."""
    return say(
        (person(user, name), f" ({user}) ", _("asks to join "), bold(info.title), "."),
        options=(
            Option("✅", _("accept"), f"group accept {user} {info.key}"),
            Option("❌", _("decline"), f"group decline {user} {info.key}"),
        ),
        notice=False,
        once=False,
    )


def render_decided(user: UserId, name: str | None, info: GroupInfo, decided: Decided, by: str) -> Reply:
    """A request on which somebody has decided; the choices are gone."""
    sentence = {
        Decided.ACCEPTED: _("Accepted by {name}."),
        Decided.DECLINED: _("Declined by {name}."),
        Decided.NEEDLESS: _("They are in, or invited, by now: nothing is left to decide."),
        Decided.GONE: _("They have left the community: nothing is left to decide."),
        Decided.FAILED: _("Accepted by {name}, but they could not be let in: the answer to the acceptance says why."),
    }[decided]
    asked = (person(user, name), f" ({user}) ", _("asked to join "), bold(info.title), ".")
    return say(asked, sentence.format(name=clean(by)), notice=False)


def render_accepted(user: UserId, info: GroupInfo) -> Reply:
    """Said at once to the steward; edited when it is done."""
    return say((person(user), _(" is being let into {group}.").format(group=info.title)))


def render_declined(user: UserId, info: GroupInfo) -> Reply:
    """Said to the steward."""
    return say((person(user), _(" is told kindly that {group} cannot take them in now.").format(group=info.title)))


def render_sorry(user: UserId, info: GroupInfo) -> Reply:
    """Said to the person who asked; who decided stays unsaid."""
    return say(
        _("The stewards of {group} cannot take you in at the moment. Thank you for asking.").format(group=info.title),
        _("You are welcome to ask again later, and everything in the public area stays open to you."),
        notice=False,
        mentions=(user,),
    )


def render_you_are_in(user: UserId, info: GroupInfo, outcome: Outcome) -> Reply:
    """Said to the person who asked."""
    sentence = (
        _("You may join {group}: accept the invitation in your Matrix client, and its rooms follow.")
        if outcome is Outcome.INVITED
        else _("You are in {group} now; its rooms appear within a minute. Welcome!")
    )
    return say(sentence.format(group=info.title), notice=False, mentions=(user,))


def render_not_let_in(user: UserId, info: GroupInfo) -> Reply:
    """Said to the person who asked, when the homeserver would not let them in; why is for the stewards to say."""
    words = _("A steward has accepted, but I could not let you into {group}. Ask a steward in Reception about it.")
    return say(words.format(group=info.title)).towards(user)


def render_you_may_come(user: UserId, title: str) -> Reply:
    """Said to a newcomer who has been let into the community."""
    words = _("You may come into the community: accept the invitation to “{title}” in your Matrix client.")
    return say(words.format(title=title), _("Its rooms follow within a minute. Welcome!")).towards(user)


def render_inviting(invitation: Invitation, rooms: RoomDirectory) -> Reply:
    """Said at once; edited when it is done."""
    count = len(invitation.users)
    words = ngettext("Inviting {count} person to {where} …", "Inviting {count} people to {where} …", count)
    return say(words.format(count=count, where=_where(invitation.key, rooms)))


def render_outcomes(outcomes: Mapping[UserId, Outcome], key: str | None, rooms: RoomDirectory) -> Reply:
    """What became of the people, one line for each outcome."""
    words = {
        Outcome.INVITED: _("Invited to {where}: "),
        Outcome.JOINED: _("In {where} now: "),
        Outcome.ALREADY: _("In {where} already: "),
        Outcome.KEPT: _("In {where} by a role so far, and now also when the role ends: "),
        Outcome.ELSEWHERE: _("Has an account on another server, and only those of this one can be invited: "),
        Outcome.UNKNOWN: _("Not an account of this server, check the spelling: "),
        Outcome.STRANGER: _("Not in the community yet; a steward of the community lets them in first: "),
        Outcome.BANNED: _("Cannot be invited while a ban is in force; who may ban lifts it in the list of members: "),
        Outcome.REFUSED: _("Could not be invited, the homeserver refused it; !rooms plan may say why: "),
    }
    where = _where(key, rooms)
    return say(
        *(
            (
                words[outcome].format(where=where),
                *_listed([person(u) for u, found in outcomes.items() if found is outcome]),
            )
            for outcome in Outcome
            if outcome in outcomes.values()
        )
    )


def render_failed(sentence: str) -> Reply:
    """It did not work at all."""
    return say(sentence)


def render_left(info: GroupInfo) -> Reply:
    """Said to the person who leaves."""
    words = _("You are leaving {group}; its rooms go within a minute. To come back: !group join {key}")
    return say(words.format(group=info.title, key=info.key), private=True)


def render_members(info: GroupInfo, members: Sequence[tuple[UserId, str | None]], stewards: Sequence[UserId]) -> Reply:
    """Who is in a group, stewards of the group first."""
    count = len(members)
    title = ngettext("{group} has {count} member:", "{group} has {count} members:", count)
    named = {user: person(user, name) for user, name in members}
    ordered = sorted(named, key=lambda user: named[user].plain.casefold())
    lines: list[Line] = [(title.format(group=info.title, count=count),)]
    leading = [named[user] for user in ordered if user in stewards]
    if leading:
        lines.append((_("Stewards: "), *_listed(leading)))
    rest = [named[user] for user in ordered if user not in stewards]
    lines += [tuple(_listed(rest[start : start + NAMES_IN_A_LINE])) for start in range(0, len(rest), NAMES_IN_A_LINE)]
    return say(*lines)


def _group_line(group: Known, is_direct: bool) -> Line:
    mine = _(" · you are in it") if is_direct and group.is_in else ""
    mine += _(" · closed") if group.info.closed else ""
    people = _(" · {band} people").format(band=band(group.people)) if group.people else _(" · nobody yet")
    return (bold(group.info.title), " (", code(group.info.key), f") · {group.info.aim}{people}{mine}")


def _listed(names: Sequence[Span]) -> list[Span | str]:
    parts: list[Span | str] = []
    for name in names:
        parts += [", ", name] if parts else [name]
    return parts


def _where(key: str | None, rooms: RoomDirectory) -> str:
    return scope_title(rooms, f"group:{key}" if key else "community")
