"""The rules of groups.

A group that is not listed is answered like one that does not exist, to everybody who is not in it. Who asks is told
privately; who decides is not named. Spaces are entered and left by tasks; rooms follow the space by themselves.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlmodel import Session

from copp_bot.core import items
from copp_bot.core.context import Context, Effects, Place
from copp_bot.core.errors import NotFound, UserError
from copp_bot.core.feature import GroupInfo, RoomDirectory
from copp_bot.core.i18n import gettext as _
from copp_bot.core.ids import COMMUNITY, EventId, RoomId, Scope, UserId, group_of, group_scope
from copp_bot.core.matrix.port import Membership
from copp_bot.core.narrowing import may_name
from copp_bot.core.people import ROOT_KEY
from copp_bot.core.permissions import EVERYTHING, Policy, Role, Viewer
from copp_bot.core.reply import shorten
from copp_bot.core.store import people as people_store
from copp_bot.core.store import rooms as rooms_store
from copp_bot.features.groups import store

ACCEPT, INVITE = "groups.accept", "groups.invite"
INVITE_TASK, LEAVE_TASK = "groups.invite", "groups.leave"
STEWARDS_KEY = "stewards"
WHOLE_COMMUNITY = "community"
"""Said instead of a group's key for the root space."""
MOST_INVITED = 20
LONGEST_TITLE = 60
"""Letters of a title in a sentence."""


@dataclass(frozen=True)
class House:
    """What the rules need to know beside the database."""

    rooms: RoomDirectory
    bot: UserId


@dataclass(frozen=True)
class Known:
    """A group that may be spoken of. ``people`` counts its members without the bot."""

    info: GroupInfo
    people: int
    is_in: bool


class Asked(StrEnum):
    """What became of a request."""

    ASKED = "asked"
    ALREADY = "already"
    INVITED = "invited"
    IN = "in"


class Decided(StrEnum):
    """What became of a request."""

    ACCEPTED = "accepted"
    DECLINED = "declined"
    NEEDLESS = "needless"
    """They are in the group, or invited, by now."""
    GONE = "gone"
    """They have left the community."""
    FAILED = "failed"
    """Accepted, and it did not work."""


@dataclass(frozen=True)
class Invitation:
    """People to bring into a space. ``key`` is None for the community's root space."""

    users: tuple[UserId, ...]
    key: str | None


def known(session: Session, house: House, viewer: Viewer, place: Place) -> tuple[Known, ...]:
    """The groups that may be named to this viewer at this place, in the order of their titles."""
    seen = items.audiences(session, viewer, place, house.bot)
    infos = [info for info in house.rooms.groups().values() if may_name(info, seen)]
    return tuple(
        Known(info, _people(session, house, info.key), info.key in viewer.groups)
        for info in sorted(infos, key=lambda info: info.title.casefold())
    )


def ask(effects: Effects, house: House, viewer: Viewer, key: str) -> tuple[GroupInfo, Asked]:
    """Ask to join; a request is written unless one is open or not needed."""
    info = house.rooms.groups().get(key)
    if info is None or not (info.listed or key in viewer.groups):
        said = shorten(key, LONGEST_TITLE)
        # privately, as everything that is said of a group which is not listed
        raise NotFound(_("There is no group {key} that you can join. See !groups.").format(key=said), private=True)
    if key in viewer.groups:
        return info, Asked.IN
    if info.closed:
        raise UserError(_("{group} is closed: it takes in nobody new.").format(group=info.title))
    there = _membership(effects.session, key, viewer.user_id)
    if there == "ban":
        sentence = _("You cannot join {group} as things are. Ask a steward in Reception about it.")
        raise UserError(sentence.format(group=info.title), private=True)
    if there == "invite":
        return info, Asked.INVITED
    if store.is_open(effects.session, viewer.user_id, key, effects.now):
        return info, Asked.ALREADY
    store.ask(effects.session, viewer.user_id, key, effects.now, effects.cause)
    effects.audit("group.asked", group_scope(key), actor=viewer.user_id)
    return info, Asked.ASKED


def keep_cards(effects: Effects, user_id: UserId, key: str, cards: Mapping[str, str]) -> None:
    """Note the messages that put a request before the stewards: target -> transaction id."""
    store.keep_cards(effects.session, user_id, key, cards)


def cards(session: Session, user_id: UserId, key: str) -> dict[str, str]:
    """The messages that put this person's last request before the stewards."""
    return store.cards(session, user_id, key)


def ended(effects: Effects, house: House, place: Place, membership: Membership) -> dict[str, Decided]:
    """End the requests of somebody who has come into a group, or is out of the community: key -> what became of it."""
    key, user, to = str(place.key), membership.user_id, membership.membership
    if key == ROOT_KEY and to in ("leave", "ban"):
        wanted = dict.fromkeys(store.open_keys(effects.session, user, effects.now), Decided.GONE)
    elif key in house.rooms.groups() and to in ("join", "invite"):
        wanted = {key: Decided.NEEDLESS}
    else:
        wanted = {}
    by, now = membership.sender, effects.now
    return {
        one: outcome for one, outcome in wanted.items() if store.answer(effects.session, user, one, outcome, by, now)
    }


def taken_back(effects: Effects, event_id: EventId) -> None:
    """Whoever redacts the message that asked does not ask any more."""
    store.take_back(effects.session, event_id, effects.now)


def stewards_room(session: Session) -> RoomId:
    """Where requests are put before the stewards."""
    room = rooms_store.room_id(session, STEWARDS_KEY)
    if room is None:
        raise UserError(_("The stewards' room is not there yet. The Secretariat makes it with !rooms apply."))
    return room


def deciders_elsewhere(effects: Effects, policy: Policy, room: RoomId, key: str) -> tuple[UserId, ...]:
    """Stewards of this group alone who are not in the stewards' room: they are asked in their direct chats."""
    grants = [
        grant
        for grant in people_store.all_grants(effects.session, effects.now)
        if grant.scope == group_scope(key) and _may_decide(policy.role(grant.role))
    ]
    users = sorted({UserId(grant.user_id) for grant in grants})
    return tuple(user for user in users if not rooms_store.is_joined(effects.session, room, user))


def accept(ctx: Context, house: House, user_id: UserId, key: str) -> GroupInfo:
    """Let someone in who has asked; the space is entered by a task, which edits the answer."""
    info = _decide(ctx, house, user_id, key, Decided.ACCEPTED)
    if not rooms_store.is_joined(ctx.session, rooms_store.room_id(ctx.session, ROOT_KEY), user_id):
        raise UserError(_("{user} is not in the community any more.").format(user=user_id))
    _enter(ctx, Invitation((user_id,), key), [key], asked=True)
    return info


def decline(ctx: Context, house: House, user_id: UserId, key: str) -> GroupInfo:
    """Do not let someone in who has asked."""
    return _decide(ctx, house, user_id, key, Decided.DECLINED)


def invite(ctx: Context, house: House, users: Sequence[UserId], said: str | None) -> Invitation:
    """Have people invited to a group, or to the community; a task does it and edits the answer.

    Who may bring people into the community takes them there on the way to a group; others bring in members only.
    """
    key = _target(ctx, house, said)
    if len(users) > MOST_INVITED:
        raise UserError(_("At most {most} people at a time, please.").format(most=MOST_INVITED))
    lets_in = key is None or ctx.may(INVITE, COMMUNITY)
    spaces = [key] if key is not None else []
    invitation = Invitation(tuple(users), key)
    _enter(ctx, invitation, [ROOT_KEY, *spaces] if lets_in else spaces, asked=False)
    return invitation


def leave(ctx: Context, house: House, said: str | None) -> GroupInfo:
    """Take the viewer out of a group by a task."""
    key = said or group_of(ctx.place.scope)
    if key is None:
        raise UserError(_which(ctx.viewer, "group leave"))
    info = house.rooms.groups().get(key)
    if info is None or key not in ctx.viewer.groups:
        raise NotFound(_("You are in no group {key}. See !groups for those you are in.").format(key=key))
    if any(role.everywhere for role in ctx.policy.roles_of(ctx.viewer, COMMUNITY)):
        raise UserError(_("Your role makes you a visible member of every group; you leave them when it ends."))
    space = _space(ctx.session, key)
    ctx.effects.audit("group.left", group_scope(key), actor=ctx.viewer.user_id)
    ctx.effects.task(LEAVE_TASK, {"user": ctx.viewer.user_id, "room": space})
    return info


def members(session: Session, house: House, viewer: Viewer, key: str | None) -> tuple[GroupInfo, tuple[UserId, ...]]:
    """A group's members, for its members."""
    if key is None:
        raise UserError(_which(viewer, "group members"))
    info = house.rooms.groups().get(key)
    if info is None or info.key not in viewer.groups:
        raise NotFound(_("You are in no such group. !groups shows yours; then type !group members and its key."))
    people = rooms_store.joined_users(session, _space(session, info.key))
    return info, tuple(user for user in people if user != house.bot)


def stewards_of(ctx: Context, key: str) -> tuple[UserId, ...]:
    """Who holds a role in this group alone."""
    grants = people_store.all_grants(ctx.session, ctx.now)
    return tuple(sorted({UserId(grant.user_id) for grant in grants if grant.scope == group_scope(key)}))


def _which(viewer: Viewer, command: str) -> str:
    """Ask which of one's groups is meant."""
    if not viewer.groups:
        return _("You are in no group yet. To ask to join one: !groups")
    commands = ", ".join(f"!{command} {key}" for key in sorted(viewer.groups))
    return _("Which group do you mean? Type one of: {commands}").format(commands=commands)


def _may_decide(role: Role | None) -> bool:
    return role is not None and bool(role.permissions & {ACCEPT, EVERYTHING})


def _people(session: Session, house: House, key: str) -> int:
    room = rooms_store.room_id(session, key)
    if room is None:
        return 0
    return rooms_store.count_joined(session, room) - int(rooms_store.is_joined(session, room, house.bot))


def _membership(session: Session, key: str, user_id: UserId) -> str:
    room = rooms_store.room_id(session, key)
    row = rooms_store.membership(session, room, user_id) if room else None
    return row.membership if row is not None else "leave"


def _decide(ctx: Context, house: House, user_id: UserId, key: str, outcome: Decided) -> GroupInfo:
    ctx.require(ACCEPT, group_scope(key))
    info = house.rooms.groups().get(key)
    if info is None:
        raise NotFound(_("There is no group {key}. See !groups.").format(key=shorten(key, LONGEST_TITLE)))
    if not store.answer(ctx.session, user_id, key, outcome, ctx.viewer.user_id, ctx.now):
        raise UserError(
            _("No request of {user} for {key} is open. To bring someone in: !group invite {user} {key}").format(
                user=user_id, key=key
            )
        )
    ctx.effects.audit(f"group.{outcome}", group_scope(key), actor=ctx.viewer.user_id, target=user_id)
    return info


def _target(ctx: Context, house: House, said: str | None) -> str | None:
    """The group that is meant, None for the community; raises the refusal of who may not invite there."""
    key = None if said == WHOLE_COMMUNITY else said or group_of(ctx.place.scope)
    ctx.require(INVITE, group_scope(key) if key else COMMUNITY)
    if key is not None and key not in house.rooms.groups():
        raise NotFound(_("There is no group {key}. See !groups.").format(key=key))
    return key


def _enter(ctx: Context, invitation: Invitation, spaces: Sequence[str], *, asked: bool) -> None:
    payload: dict[str, Any] = {
        "users": list(invitation.users),
        "key": invitation.key,
        "root": _space(ctx.session, ROOT_KEY),
        "rooms": [_space(ctx.session, space) for space in spaces],
        "actor": ctx.viewer.user_id,
        "answer": ctx.answer,
        "language": ctx.viewer.language,
        "asked": asked,
    }
    ctx.effects.task(INVITE_TASK, payload)


def _space(session: Session, key: str) -> RoomId:
    room = rooms_store.room_id(session, key)
    if room is None:
        raise UserError(_("That space is not there yet. The Secretariat makes it with !rooms apply."))
    return room


def scope_of(key: str | None) -> Scope:
    """The scope of a group, or of the community."""
    return group_scope(key) if key else COMMUNITY
