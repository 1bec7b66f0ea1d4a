"""Who belongs into which room, decided from a snapshot of the mirror.

The rule it keeps: pure. Rights follow the spaces: joining one gives its rooms, leaving takes all of them; who leaves
the root leaves everything. What a role gave goes with the role. Nobody is brought back to a room they left by
themselves or were put out of by a person, the banned are left alone, and where the mirror does not know a space,
nobody loses anything.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from copp_bot.core.i18n import gettext as _
from copp_bot.core.ids import COMMUNITY, OWN, RoomId, RoomKey, Scope, UserId, group_of
from copp_bot.rooms.checks import ROOT
from copp_bot.rooms.declared import PUBLIC, reader_roles

BRING = "bring"
REMOVE = "remove"
PRESENT = frozenset({"join", "invite", "knock"})


@dataclass(frozen=True)
class RoomFacts:
    """A managed room. ``creators`` of version 12 cannot be removed by anyone."""

    room_id: RoomId
    key: RoomKey
    is_space: bool
    scope: Scope
    readers: str
    is_given: bool
    creators: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Stay:
    """A person's membership in a room: what it is, who made it so, since when."""

    membership: str
    by: UserId
    since: datetime


@dataclass(frozen=True)
class HeldRole:
    """A role in force."""

    role: str
    scope: Scope
    since: datetime


@dataclass(frozen=True)
class Snapshot:
    """What the mirror knows.

    Args:
        inhabited: spaces of which the mirror knows members.
        stays: person -> room -> membership.
        roles: person -> roles in force.
        everywhere: names of roles whose holders are visible members of every group.
        by_role: who is in which space only because of such a role.
    """

    bot: UserId
    rooms: tuple[RoomFacts, ...]
    inhabited: frozenset[RoomId]
    stays: Mapping[UserId, Mapping[RoomId, Stay]]
    roles: Mapping[UserId, tuple[HeldRole, ...]]
    everywhere: frozenset[str]
    by_role: frozenset[tuple[UserId, RoomId]] = frozenset()

    def space(self, key: str) -> RoomFacts | None:
        """The space of this key, if the mirror can be trusted about it."""
        return next((r for r in self.rooms if r.key == key and r.is_space and r.room_id in self.inhabited), None)


@dataclass(frozen=True)
class Move:
    """Bring a person into a room, or remove them from it.

    Args:
        reason: shown to the person by their client.
        marker: names this very move: it differs when the membership or what it follows from has changed since.
    """

    kind: str
    user_id: UserId
    room_id: RoomId
    reason: str
    marker: str


def misplaced(snapshot: Snapshot) -> tuple[Move, ...]:
    """Every move that makes memberships follow the spaces and grants."""
    root = snapshot.space(ROOT)
    if root is None:
        return ()
    people = sorted({*snapshot.stays, *snapshot.roles} - {snapshot.bot})
    return tuple(move for user in people for move in _Person(snapshot, root, user).moves())


@dataclass(frozen=True)
class _Person:
    snapshot: Snapshot
    root: RoomFacts
    user: UserId

    def moves(self) -> Iterator[Move]:
        """What is to be done about this person."""
        if self._membership(self.root) == "invite":
            return  # on the way in; nothing is lost and nothing given yet
        for room in self.snapshot.rooms:
            if room.room_id == self.root.room_id or (room.readers == PUBLIC and not self._is_member):
                continue
            belongs = self._belongs_since(room)
            if belongs is None:
                yield from self._remove(room)
            elif self._shall_be_brought(room, belongs):
                yield self._move(BRING, room, belongs)

    @property
    def _is_member(self) -> bool:
        return self._membership(self.root) == "join"

    def _belongs_since(self, room: RoomFacts) -> datetime | None:
        """Since when the person may be in the room; None when they may not."""
        stay = self._stay(self.root)
        if stay is None or stay.membership != "join":
            return None
        if roles := reader_roles(room.readers):
            return self._role_since(roles, room.scope)
        group = group_of(room.scope)
        if group is None:
            return stay.since
        if room.is_space:
            brought = self._role_since(self.snapshot.everywhere, room.scope)
            if brought is None and self._is_by_role(room):
                return None
            return max(stay.since, brought) if brought else stay.since
        return self._group_since(group)

    def _group_since(self, group: str) -> datetime | None:
        space = self.snapshot.space(group)
        stay = self._stay(space) if space else None
        return stay.since if stay and stay.membership == "join" else None

    def _role_since(self, roles: frozenset[str], scope: Scope) -> datetime | None:
        held = self.snapshot.roles.get(self.user, ())
        counts = {role for role in roles if scope == COMMUNITY or role in self.snapshot.everywhere}
        since = [h.since for h in held if h.role in counts or (h.role in roles and h.scope == scope)]
        member = self._stay(self.root)
        return max(min(since), member.since) if since and member else None

    def _shall_be_brought(self, room: RoomFacts, belongs: datetime) -> bool:
        if room.key.startswith(OWN):
            return False  # whoever may come into a member's own space comes by themselves
        if not (self._is_visible_everywhere(room) if room.is_space else room.is_given):
            return False
        stay = self._stay(room)
        if stay is None:
            return True
        return stay.membership == "leave" and (stay.by == self.snapshot.bot or stay.since < belongs)

    def _is_visible_everywhere(self, space: RoomFacts) -> bool:
        """The lead steward and the Secretariat are in every group, where everyone can see them."""
        return self._role_since(self.snapshot.everywhere, space.scope) is not None

    def _is_by_role(self, space: RoomFacts) -> bool:
        return (self.user, space.room_id) in self.snapshot.by_role

    def _remove(self, room: RoomFacts) -> Iterator[Move]:
        stay = self._stay(room)
        if stay is None or stay.membership not in PRESENT or self.user in room.creators:
            return
        group = group_of(room.scope)
        if group is not None and not room.is_space and self._is_member and self.snapshot.space(group) is None:
            return  # nobody can tell who is in the group
        yield self._move(REMOVE, room, stay.since)

    def _move(self, kind: str, room: RoomFacts, because: datetime) -> Move:
        stay = self._stay(room)
        since = stay.since.isoformat() if stay else "never"
        marker = f"rooms.{kind}:{room.room_id}:{self.user}:{since}:{because.isoformat()}"
        return Move(kind, self.user, room.room_id, self._reason(kind, room), marker)

    def _reason(self, kind: str, room: RoomFacts) -> str:
        if kind == BRING:
            return _("You are a member of the space that this room belongs to.")
        if not self._is_member:
            return _("This room is for members of the community.")
        if group_of(room.scope) is not None and not room.is_space:
            return _("This room is for members of the group.")
        if room.is_space:
            return _("You came into this group by a role that you do not have now.")
        return _("This room is for holders of a role that you do not have now.")

    def _membership(self, room: RoomFacts) -> str | None:
        stay = self._stay(room)
        return stay.membership if stay else None

    def _stay(self, room: RoomFacts) -> Stay | None:
        return self.snapshot.stays.get(self.user, {}).get(room.room_id)
