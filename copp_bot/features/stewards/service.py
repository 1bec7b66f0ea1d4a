"""The rules of being there: duty, handing over, the log of the seven roles, and what the lead sees of it.

The rule it keeps: whoever holds ``stewards.serve`` in a scope serves it, and nobody else stands in its roster or log.
What stewards did is written by their own word, seen by stewards alone, and never weighed against anyone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from copp_bot.core.context import Context, Effects
from copp_bot.core.errors import UserError
from copp_bot.core.feature import RoomDirectory
from copp_bot.core.i18n import gettext as _
from copp_bot.core.ids import COMMUNITY, EventId, Scope, UserId, group_of, group_scope
from copp_bot.core.people import ROOT_KEY, load_viewer
from copp_bot.core.permissions import Policy
from copp_bot.core.store import people as people_store
from copp_bot.core.store import rooms as rooms_store
from copp_bot.features.stewards import store
from copp_bot.features.stewards.store import DeedRow, Deeds, DutyRow, HandoverRow, SevenRoles

SERVE = "stewards.serve"
NOTE_LASTS = timedelta(days=14)
"""A hand-over note older than this is shown to nobody any more."""
LOAD = timedelta(days=7)
TEAM = timedelta(days=28)
LONGEST_NOTE = 1_000


@dataclass(frozen=True)
class Steward:
    """Someone who serves a scope.

    Args:
        duty: the running duty, None for who is away.
        load: deeds in the last week.
    """

    user_id: UserId
    name: str | None
    language: str | None
    timezone: str | None
    duty: DutyRow | None
    load: int


@dataclass(frozen=True)
class Started:
    """A duty that began or changed its end, with who else is there and the last note."""

    scope: Scope
    until: datetime | None
    others: tuple[UserId, ...]
    note: HandoverRow | None


@dataclass(frozen=True)
class Team:
    """What the lead sees: the seven roles of four weeks, languages, and groups without a steward.

    Args:
        roles: who carried each role, the busiest first.
        unspoken: languages that members read and no steward does, with how many members.
        unserved: keys of groups that no steward of their own serves.
        stewards: everybody who serves anywhere, with their load.
    """

    roles: Mapping[SevenRoles, tuple[Deeds, ...]]
    unspoken: Mapping[str, int]
    unserved: tuple[str, ...]
    stewards: tuple[Steward, ...]


def scope_of(ctx: Context, rooms: RoomDirectory, key: str | None) -> Scope:
    """Where the viewer serves: the group named, the group of the room, the community, or one's only group.

    Raises:
        UserError: they do not serve there; or several groups may be meant: asked privately, since not all may be known.
    """
    here = group_of(ctx.place.scope)
    if key or here:
        scope = group_scope((key or here or "").lower())
        ctx.require(SERVE, scope)
        if group_of(scope) not in rooms.groups():
            raise UserError(_("There is no group {key}. See !groups.").format(key=group_of(scope)))
        return scope
    if ctx.may(SERVE, COMMUNITY):
        return COMMUNITY
    own = sorted({grant.scope for grant in ctx.viewer.grants if ctx.may(SERVE, grant.scope)})
    if len(own) > 1:
        keys = ", ".join(f"group:{group_of(scope)}" for scope in own)
        raise UserError(_("Which group do you mean? Add one of: {keys}").format(keys=keys), private=True)
    if not own:
        ctx.require(SERVE, COMMUNITY)
    return own[0]


def start(effects: Effects, user_id: UserId, scope: Scope, until: datetime | None) -> Started:
    """Be there from now on, or until another time than before."""
    session, now = effects.session, effects.now
    running = store.duty_of(session, user_id, scope, now)
    if running is None:
        store.begin(session, user_id, scope, now, until)
    else:
        running.until = until
    effects.audit("duty.on", scope, actor=user_id, after={"until": until.isoformat() if until else None})
    others = tuple(UserId(row.user_id) for row in store.on_duty(session, scope, now) if row.user_id != user_id)
    return Started(scope, until, others, store.last_note(session, scope, now - NOTE_LASTS))


def end(effects: Effects, user_id: UserId, scope: Scope) -> tuple[UserId, ...]:
    """Be away; returns who is still there. Raises UserError for who was not there."""
    running = store.duty_of(effects.session, user_id, scope, effects.now)
    if running is None:
        raise UserError(_("You are not on duty there. To begin: !duty on"))
    running.ended_at = effects.now
    effects.session.flush()
    effects.audit("duty.off", scope, actor=user_id)
    return tuple(UserId(row.user_id) for row in store.on_duty(effects.session, scope, effects.now))


def hand_over(effects: Effects, user_id: UserId, scope: Scope, text: str, said_in: EventId) -> tuple[UserId, ...]:
    """Leave a note for the next, and be away; returns who is still there."""
    if len(text) > LONGEST_NOTE:
        raise UserError(_("A hand-over note has at most {most} characters.").format(most=LONGEST_NOTE))
    note = HandoverRow(user_id=user_id, scope=scope, text=text, written_at=effects.now, event_id=said_in)
    store.hand_over(effects.session, note)
    if store.duty_of(effects.session, user_id, scope, effects.now) is not None:
        return end(effects, user_id, scope)
    return tuple(UserId(row.user_id) for row in store.on_duty(effects.session, scope, effects.now))


def serving(session: Session, policy: Policy, scope: Scope, now: datetime) -> tuple[UserId, ...]:
    """Everybody who serves this very scope: by a role held in it, not by one that holds everywhere."""
    root = rooms_store.room_id(session, ROOT_KEY)
    held = [UserId(grant.user_id) for grant in people_store.all_grants(session, now) if grant.scope == scope]
    return tuple(
        user
        for user in dict.fromkeys(held)
        if rooms_store.is_joined(session, root, user) and policy.holds(load_viewer(session, user, now), SERVE, scope)
    )


def roster(session: Session, policy: Policy, scope: Scope, now: datetime) -> tuple[Steward, ...]:
    """Everybody who serves the scope: who is there first, then the least loaded."""
    found = _stewards(session, serving(session, policy, scope, now), scope, now)
    return tuple(sorted(found, key=lambda one: (one.duty is None, one.load, one.user_id)))


def leads(session: Session, policy: Policy, user_id: UserId, now: datetime) -> bool:
    """Does the person hold a role that holds everywhere?"""
    held = (policy.role(grant.role) for grant in people_store.grants(session, user_id, now))
    return any(role is not None and role.everywhere for role in held)


def note_deed(ctx: Context, role: SevenRoles, scope: Scope, target: UserId | None, note: str) -> None:
    """Write down what one did. Raises UserError for oneself as the other, or for someone who is not here."""
    if target == ctx.viewer.user_id:
        raise UserError(_("Write down what you did for others; name somebody else, or nobody."))
    if target is not None and people_store.get(ctx.session, target) is None:
        raise UserError(_("I do not know {user}. Check the spelling, or leave the name out.").format(user=target))
    if len(note) > LONGEST_NOTE:
        raise UserError(_("A note has at most {most} characters.").format(most=LONGEST_NOTE))
    deed = DeedRow(
        user_id=ctx.viewer.user_id,
        role=role,
        scope=scope,
        target=target,
        note=note or None,
        done_at=ctx.now,
        event_id=ctx.message.event_id,
    )
    store.add_deed(ctx.session, deed)


def take_back(effects: Effects, event_id: EventId) -> None:
    """The message that said so is gone: nothing was done, and nothing is handed over."""
    store.take_back(effects.session, event_id)


def forget(effects: Effects, user_id: UserId) -> None:
    """What tells of someone goes; what others did for them stays, without the name."""
    store.forget(effects.session, user_id)


def team(session: Session, policy: Policy, rooms: RoomDirectory, now: datetime) -> Team:
    """The last four weeks of everybody who serves anywhere."""
    scopes = [COMMUNITY, *(group_scope(key) for key in sorted(rooms.groups()))]
    served = {scope: serving(session, policy, scope, now) for scope in scopes}
    everybody = tuple(dict.fromkeys(user for users in served.values() for user in users))
    stewards = _stewards(session, everybody, None, now)
    spoken = {one.language for one in stewards}
    root = rooms_store.room_id(session, ROOT_KEY)
    read = store.languages_in(session, root) if root else {}
    done = store.deeds(session, now - TEAM)
    return Team(
        {role: tuple(deed for deed in done if deed.role is role) for role in SevenRoles},
        {language: count for language, count in sorted(read.items()) if language not in spoken},
        tuple(key for key, info in rooms.groups().items() if not (info.closed or served[group_scope(key)])),
        tuple(sorted(stewards, key=lambda one: (-one.load, one.user_id))),
    )


def _stewards(session: Session, users: Sequence[UserId], scope: Scope | None, now: datetime) -> tuple[Steward, ...]:
    """These people with their duty in the scope (in any, when it is None) and their load."""
    known, load = store.people(session, users), dict[UserId, int]()
    for deed in store.deeds(session, now - LOAD):
        load[deed.user_id] = load.get(deed.user_id, 0) + deed.count
    duties = {UserId(row.user_id): row for row in store.running(session, scope, now)}
    return tuple(
        Steward(
            user,
            known[user].display_name if user in known else None,
            known[user].language if user in known else None,
            known[user].timezone if user in known else None,
            duties.get(user),
            load.get(user, 0),
        )
        for user in users
    )
