"""Who looks at a case: nobody judges themselves, and a private room is spoken of with those who are in it.

The rule it keeps: a report about a member goes to the stewards of the room's scope; about a group's steward to a
steward outside the group; about a steward of the community to the lead; about the lead or the Secretariat to the
(other) Secretariat. Whoever is concerned, or has reported, never gets the case.
"""

from collections.abc import Sequence

from sqlmodel import Session

from copp_bot.core.context import Effects
from copp_bot.core.ids import COMMUNITY, RoomId, Scope, UserId, group_of
from copp_bot.core.people import ROOT_KEY, load_viewer
from copp_bot.core.permissions import Policy, Viewer
from copp_bot.core.store import duty
from copp_bot.core.store import people as people_store
from copp_bot.core.store import rooms as rooms_store
from copp_bot.features.cases.store import CaseKind, CaseRow

HANDLE, LEAD, DECIDE = "cases.handle", "cases.lead", "cases.decide"
"""Held by stewards in their scope, by the lead steward, and by the Secretariat."""
STEWARDS, LEADS, SECRETARIAT = "stewards", "lead", "secretariat"
"""Desks; beside them there are a group's (``group:<key>``) and a single steward's (``person:<user id>``)."""
PERSON = "person:"


def desk_of(effects: Effects, policy: Policy, case: CaseRow) -> str:
    """Who looks at a new case."""
    if case.kind is CaseKind.SUPPORT:
        return SECRETARIAT
    concerned = case.about or case.against
    if concerned is not None:
        viewer = load_viewer(effects.session, UserId(concerned), effects.now)
        if policy.holds(viewer, LEAD, COMMUNITY):
            return SECRETARIAT
        if policy.holds(viewer, HANDLE, COMMUNITY):
            return LEADS
        if any(policy.holds(viewer, HANDLE, grant.scope) for grant in viewer.grants):
            return _outside(effects, policy, case, viewer) or LEADS
    if case.kind is CaseKind.APPEAL:
        return LEADS
    return case.scope if group_of(case.scope) else STEWARDS


def targets(effects: Effects, policy: Policy, case: CaseRow) -> Sequence[RoomId | UserId]:
    """Where the card goes: the room that the desk shares, or privately to those of lowest rank who may look at it."""
    session = effects.session
    if case.desk in (STEWARDS, SECRETARIAT) and not _sits_there(effects, policy, case):
        room = rooms_store.room_id(session, case.desk)
        return [room] if room else []
    viewers = [load_viewer(session, user, effects.now) for user in _holders(effects) if user != case.by]
    scope = Scope(case.desk) if group_of(case.desk) else COMMUNITY
    ranks = {viewer.user_id: policy.rank(viewer, scope) for viewer in viewers if may_see(policy, viewer, case)}
    return [user for user, rank in ranks.items() if rank == min(ranks.values())]


def may_see(policy: Policy, viewer: Viewer, case: CaseRow) -> bool:
    """May this person look at the case, and act on it?"""
    if viewer.user_id in (case.about, case.against):
        return False
    if policy.holds(viewer, DECIDE, COMMUNITY):
        return True
    if case.desk == SECRETARIAT:
        return False
    return policy.holds(viewer, LEAD, COMMUNITY) or _is_at(policy, viewer, case.desk)


def _is_at(policy: Policy, viewer: Viewer, desk: str) -> bool:
    if desk.startswith(PERSON):
        return viewer.user_id == desk.removeprefix(PERSON) and policy.holds(viewer, HANDLE, COMMUNITY)
    permission = {SECRETARIAT: DECIDE, LEADS: LEAD}.get(desk, HANDLE)
    return policy.holds(viewer, permission, Scope(desk) if group_of(desk) else COMMUNITY)


def _sits_there(effects: Effects, policy: Policy, case: CaseRow) -> bool:
    """Is someone concerned among those who read the desk's room?"""
    room = rooms_store.room_id(effects.session, case.desk)
    people = [person for person in (case.about, case.against) if person]
    return any(rooms_store.is_joined(effects.session, room, person) for person in people)


def _outside(effects: Effects, policy: Policy, case: CaseRow, concerned: Viewer) -> str | None:
    """A steward of the community who is in none of the groups that this one serves, on duty before away."""
    served = {group_of(grant.scope) for grant in concerned.grants}
    there = {row.user_id for row in duty.on_duty(effects.session, COMMUNITY, effects.now)}
    for user in sorted(_holders(effects), key=lambda one: (one not in there, one)):
        viewer = load_viewer(effects.session, user, effects.now)
        is_steward = policy.holds(viewer, HANDLE, COMMUNITY) and not policy.holds(viewer, LEAD, COMMUNITY)
        if is_steward and user not in (concerned.user_id, case.by) and not served & viewer.groups:
            return f"{PERSON}{user}"
    return None


def _holders(effects: Effects) -> Sequence[UserId]:
    """Everybody in the community who holds a role."""
    root = rooms_store.room_id(effects.session, ROOT_KEY)
    held = people_store.all_grants(effects.session, effects.now)
    users = dict.fromkeys(UserId(grant.user_id) for grant in held)
    return [user for user in users if rooms_store.is_joined(effects.session, root, user)]


def knows_room(session: Session, target: str, room_id: str | None) -> bool:
    """Can whoever reads at the target open the reported message's room?"""
    if room_id is None:
        return False
    if target.startswith("@"):
        return rooms_store.is_joined(session, room_id, target)
    row = rooms_store.get(session, room_id)
    return row is not None and row.readers in ("public", "community")
