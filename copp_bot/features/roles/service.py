"""The rules of granting and revoking.

Nobody grants what the declaration does not let them grant, nobody grants above their own rank, nobody acts on
someone of equal or higher rank (except on their own role, to lay it down), and the community never loses its
last person who may do everything.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlmodel import Session

from copp_bot.core.commands import mistakes
from copp_bot.core.context import Effects
from copp_bot.core.errors import SetupError, UserError
from copp_bot.core.feature import RoomDirectory
from copp_bot.core.i18n import gettext as _
from copp_bot.core.ids import COMMUNITY, Scope, UserId, group_of, group_scope
from copp_bot.core.people import ROOT_KEY, load_viewer
from copp_bot.core.permissions import EVERYTHING, Policy, Role, Viewer, refusal
from copp_bot.core.reply import shorten
from copp_bot.core.store import rooms as rooms_store
from copp_bot.core.words import role_words
from copp_bot.features.roles import store
from copp_bot.rooms import by_role

GRANT = "roles.grant"
LONGEST_NAME = 40
POWER_TASK, MIRROR_TASK = "rooms.power", "roles.mirror"
BY_SETUP, BY_MIRROR = "setup", "mirror"
"""Who granted what was not granted by command."""


@dataclass(frozen=True)
class Rules:
    """What the rules need to know beside the database."""

    policy: Policy
    rooms: RoomDirectory
    bot: UserId


@dataclass(frozen=True)
class Wish:
    """Who shall get, or lose, which role where.

    Args:
        group: said by ``group:KEY``.
        here: the group in whose room it is said, meant when nothing else is.
    """

    user_id: UserId
    role: str
    group: str | None = None
    until: datetime | None = None
    here: str | None = None


@dataclass(frozen=True)
class Change:
    """A grant that was made or ended."""

    user_id: UserId
    role: Role
    scope: Scope
    until: datetime | None = None
    grant: int | None = None
    """The row of a grant that ended."""


def grant(effects: Effects, rules: Rules, viewer: Viewer, wish: Wish) -> Change:
    """Grant a role, or change how long it lasts; returns what holds now. Raises UserError with the reason against."""
    role, scope = _role_and_scope(rules, viewer, wish)
    _check_target(effects, rules, viewer, wish.user_id, scope)
    earlier = store.held(effects.session, wish.user_id, role.name, scope, effects.now)
    if earlier is not None and earlier.until == wish.until:
        raise UserError(_("{user} has that role already.").format(user=wish.user_id))
    if earlier is not None:
        store.end(effects.session, [earlier.id], effects.now)
    grant_ = (wish.user_id, role.name, scope, wish.until)
    store.add(effects.session, grant_, viewer.user_id, effects.now, declared=False)
    before = {"until": _iso(earlier.until)} if earlier else None
    after = {"role": role.name, "until": _iso(wish.until)}
    effects.audit("role.granted", scope, actor=viewer.user_id, target=wish.user_id, before=before, after=after)
    key = group_of(scope)
    space = rooms_store.room_id(effects.session, key) if key else None
    if space is not None:
        by_role.forget(effects.session, wish.user_id, space)  # now they are wanted there themselves
    _follow(effects, [scope])
    return Change(wish.user_id, role, scope, wish.until)


def revocable(effects: Effects, rules: Rules, viewer: Viewer, wish: Wish) -> tuple[Change, store.Held]:
    """What ``revoke`` would end. One's own role may always be laid down.

    Raises:
        UserError: why it may not be ended.
    """
    if wish.user_id == viewer.user_id:
        role = _role(rules.policy, wish.role)
        scope = _scope(role, wish)
    else:
        role, scope = _role_and_scope(rules, viewer, wish)
        _check_rank(effects, rules, viewer, wish.user_id, scope)
    held = store.held(effects.session, wish.user_id, role.name, scope, effects.now)
    if held is None:
        raise _not_held(effects, rules, viewer, wish.user_id, role)
    _check_not_last(effects, rules, held)
    return Change(wish.user_id, role, scope), held


def _not_held(effects: Effects, rules: Rules, viewer: Viewer, user_id: UserId, role: Role) -> UserError:
    """Where the person has the role instead, as far as it is the viewer's to take; not where others read."""
    plain = _("{user} does not have that role there. See !role list.").format(user=user_id)
    for grant_ in store.in_force(effects.session, effects.now):
        key = group_of(grant_.scope)
        is_it = (grant_.user_id, grant_.role) == (user_id, role.name)
        if is_it and key is not None and refusal(rules.policy, viewer, GRANT, grant_.scope) is None:
            words = _("{user} does not have that role there. Perhaps you mean: !role revoke {user} {role} group:{key}")
            return UserError(words.format(user=user_id, role=role.name, key=key), in_room=plain)
    return UserError(plain)


def revoke(effects: Effects, rules: Rules, viewer: Viewer, wish: Wish) -> Change:
    """End a role; returns what ended."""
    change, held = revocable(effects, rules, viewer, wish)
    store.end(effects.session, [held.id], effects.now)
    before = {"role": change.role.name, "until": _iso(held.until)}
    action = "role.laid_down" if wish.user_id == viewer.user_id else "role.revoked"
    effects.audit(action, change.scope, actor=viewer.user_id, target=wish.user_id, before=before)
    _follow(effects, [change.scope])
    return change


def end_run_out(effects: Effects, policy: Policy) -> Sequence[Change]:
    """End the grants whose time has passed; returns those of roles that are still declared."""
    return _end(effects, policy, store.run_out(effects.session, effects.now))


def end_outside(effects: Effects, policy: Policy) -> Sequence[Change]:
    """End the roles of people who are out of the community; the last in charge keep theirs."""
    grants = [g for g in store.outside(effects.session, effects.now) if not _is_last(effects, policy, g)]
    return _end(effects, policy, grants)


def end_in_group(effects: Effects, policy: Policy, user_id: UserId, group: Scope) -> Sequence[Change]:
    """Someone is out of a group: the roles held there alone end with it."""
    grants = [g for g in store.in_force(effects.session, effects.now) if (g.user_id, g.scope) == (user_id, group)]
    return _end(effects, policy, grants)


def seed_grants(session: Session, grants: Iterable[tuple[str, str, str]], now: datetime) -> int:
    """Write first grants (user id, role, scope) that are not there yet, as at setup; returns how many were new."""
    new = [grant for grant in grants if store.held(session, *grant, now) is None]
    for user_id, role, scope in new:
        store.add(session, (user_id, role, scope, None), BY_SETUP, now, declared=True)
    return len(new)


def end_seeded(effects: Effects, policy: Policy, grants: Iterable[tuple[str, str, str]]) -> None:
    """End grants (user id, role, scope) from the command line: among equals in the chat nobody may.

    Raises:
        SetupError: nobody would be left who may do everything.
    """
    for one in grants:
        held = store.held(effects.session, *one, effects.now)
        if held is None:
            continue
        others = [other for other in store.in_force(effects.session, effects.now) if other.user_id != held.user_id]
        if not any(_may_everything(policy, other.role) for other in others):
            raise SetupError(
                _("Without {user} nobody would be left in charge.").format(user=held.user_id),
                _("Name somebody else in the same command: --secretariat @you:example.org. Nothing was changed."),
            )
        store.end(effects.session, [held.id], effects.now)
        effects.audit("role.revoked", held.scope, actor=None, target=held.user_id, before={"role": held.role})


def mirror_content(session: Session, now: datetime) -> dict[str, Any]:
    """All grants in force, as the content of the state event in the stewards' room."""
    entries = [
        {"user": g.user_id, "role": g.role, "scope": g.scope, "until": _iso(g.until)}
        for g in store.in_force(session, now)
    ]
    return {"grants": entries}


def restore(session: Session, content: dict[str, Any] | None, now: datetime) -> tuple[Scope, ...]:
    """Take the grants back from the mirror into a database that never had any; returns the scopes concerned.

    Entries that are malformed or have run out are left out, because any state event may hold anything.
    """
    listed = content.get("grants") if content else None
    if not isinstance(listed, list) or not store.is_empty(session):
        return ()
    grants = dict.fromkeys(grant for grant in map(_entry, listed) if grant and (grant[3] is None or grant[3] > now))
    for grant_ in grants:
        store.add(session, grant_, BY_MIRROR, now, declared=False)
    return tuple(sorted({Scope(scope) for _user, _role, scope, _until in grants}))


def _role_and_scope(rules: Rules, viewer: Viewer, wish: Wish) -> tuple[Role, Scope]:
    """What is meant, once it is clear that the viewer may give and take it."""
    role = _role(rules.policy, wish.role)
    scope = _scope(role, wish)
    sentence = refusal(rules.policy, viewer, GRANT, scope)
    if sentence is not None:
        raise UserError(sentence)
    key = group_of(scope)
    if key is not None and key not in rules.rooms.groups():
        raise UserError(_("There is no group {key}. See !groups.").format(key=key))
    own = rules.policy.roles_of(viewer, scope)
    if not any(role.name in mine.grants for mine in own) or role.rank > rules.policy.rank(viewer, scope):
        raise UserError(_("The role {role} is not yours to give or take.").format(role=role_words(role.name)))
    return role, scope


def _role(policy: Policy, said: str) -> Role:
    name = "_".join(said.lower().replace("-", " ").replace("_", " ").split())
    role = policy.role(name)
    if role is not None:
        return role
    if near := mistakes.near([name], policy.roles):
        words = _("There is no role {said}. Did you mean {near}?")
        raise UserError(words.format(said=shorten(said, LONGEST_NAME), near=role_words(near)))
    names = ", ".join(role_words(name) for name in sorted(policy.roles))
    raise UserError(_("There is no role of that name. The roles are: {names}.").format(names=names))


def _scope(role: Role, wish: Wish) -> Scope:
    if wish.group is None:
        return group_scope(wish.here) if wish.here and not role.everywhere else COMMUNITY
    if role.everywhere:
        raise UserError(
            _("The role {role} holds in the whole community; leave group: out.").format(role=role_words(role.name))
        )
    return group_scope(wish.group.lower())


def _check_target(effects: Effects, rules: Rules, viewer: Viewer, user_id: UserId, scope: Scope) -> None:
    if user_id == rules.bot:
        raise UserError(_("I hold no roles: I serve those who do."))
    if _server(user_id) != _server(rules.bot):
        raise UserError(
            _("{user} has an account elsewhere; roles are for accounts of this server.").format(user=user_id)
        )
    key = group_of(scope) or ROOT_KEY
    for space in dict.fromkeys((ROOT_KEY, key)):
        room = rooms_store.room_id(effects.session, space)
        if not rooms_store.is_joined(effects.session, room, user_id):
            raise UserError(_not_in(effects, user_id, space, room))
    _check_rank(effects, rules, viewer, user_id, scope)


def _check_rank(effects: Effects, rules: Rules, viewer: Viewer, user_id: UserId, scope: Scope) -> None:
    target = load_viewer(effects.session, user_id, effects.now)
    if rules.policy.rank(target, scope) >= rules.policy.rank(viewer, scope):
        raise UserError(
            _(
                "{user} has your own rank or a higher one. Somebody of a higher rank can do that, or {user} alone, by "
                "laying the role down."
            ).format(user=user_id)
        )


def _check_not_last(effects: Effects, rules: Rules, held: store.Held) -> None:
    if _is_last(effects, rules.policy, held):
        raise UserError(_("That would leave nobody in charge. Grant the role to someone else first, without an end."))


def _is_last(effects: Effects, policy: Policy, held: store.Held) -> bool:
    """Someone without an end date must remain; who serves for a time may go when anybody at all remains."""
    if not _may_everything(policy, held.role):
        return False
    root = rooms_store.room_id(effects.session, ROOT_KEY)
    remaining = [
        other
        for other in store.in_force(effects.session, effects.now)
        if other.user_id != held.user_id
        and _may_everything(policy, other.role)
        and rooms_store.is_joined(effects.session, root, other.user_id)
    ]
    return not any(other.until is None or held.until is not None for other in remaining)


def _may_everything(policy: Policy, name: str) -> bool:
    role = policy.role(name)
    return role is not None and EVERYTHING in role.permissions


def _end(effects: Effects, policy: Policy, grants: Sequence[store.Held]) -> Sequence[Change]:
    store.end(effects.session, [g.id for g in grants], effects.now)
    for g in grants:
        effects.audit(
            "role.ended", g.scope, actor=None, target=g.user_id, before={"role": g.role, "until": _iso(g.until)}
        )
    _follow(effects, sorted({g.scope for g in grants}))
    ended = [g for g in grants if g.role in policy.roles]
    return [Change(g.user_id, policy.roles[g.role], g.scope, grant=g.id) for g in ended]


def _follow(effects: Effects, scopes: Iterable[Scope]) -> None:
    """Power levels and the mirror follow every change."""
    for scope in scopes:
        effects.task(POWER_TASK, {"scope": scope})
        effects.task(MIRROR_TASK, {}, lane=MIRROR_TASK)


def _entry(raw: object) -> tuple[str, str, str, datetime | None] | None:
    if not isinstance(raw, dict):
        return None
    user, role, scope, until = (raw.get(name) for name in ("user", "role", "scope", "until"))
    if not (isinstance(user, str) and isinstance(role, str) and isinstance(scope, str)):
        return None
    if not user.startswith("@") or not (scope == COMMUNITY or group_of(scope)):
        return None
    try:
        return user, role, scope, _from_iso(until)
    except (TypeError, ValueError):
        return None


def _not_in(effects: Effects, user_id: str, space: str, room: str | None) -> str:
    row = rooms_store.membership(effects.session, room, user_id) if room else None
    if row is not None and row.membership == "invite":
        where = _("the community") if space == ROOT_KEY else _("the group {key}").format(key=space)
        sentence = _("{user} has been invited to {where} and has not accepted yet. Grant the role once they are in.")
        return sentence.format(user=user_id, where=where)
    if space == ROOT_KEY:
        return _("{user} is not a member of the community. Invite them first: !group invite {user}").format(
            user=user_id
        )
    return _("{user} is not in the group {key}. Invite them first: !group invite {user} {key}").format(
        user=user_id, key=space
    )


def _server(user_id: str) -> str:
    return user_id.partition(":")[2]


def _iso(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat() if moment else None


def _from_iso(text: Any) -> datetime | None:
    """The instant; one without an offset is read as UTC."""
    if text is None:
        return None
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
