"""Named permissions: roles carry them, commands ask for them, ``refusal`` answers nothing or a sentence."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from copp_bot.core.i18n import gettext as _
from copp_bot.core.ids import COMMUNITY, Scope, UserId, group_of

EVERYTHING = "*"


class Standing(StrEnum):
    """How far someone has come in; follows from Matrix membership alone."""

    OUTSIDER = "outsider"
    NEWCOMER = "newcomer"
    MEMBER = "member"


@dataclass(frozen=True)
class Role:
    """A declared role.

    Args:
        rank: nobody acts on someone of equal or higher rank.
        power: Matrix power level in the rooms of its scope.
        everywhere: holds in every scope (lead steward, Secretariat), not only where granted.
        permissions: names, or ``*`` for all.
        grants: roles that its holders may grant and revoke.
    """

    name: str
    title: str
    rank: int
    power: int
    everywhere: bool
    permissions: frozenset[str]
    grants: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Grant:
    """A role held by someone in a scope, until a moment or without end."""

    role: str
    scope: Scope
    until: datetime | None = None


@dataclass(frozen=True)
class Viewer:
    """The person who asks, as far as the house knows at the event's position in the sync."""

    user_id: UserId
    standing: Standing
    groups: frozenset[str] = frozenset()
    grants: tuple[Grant, ...] = ()
    name: str | None = None
    language: str | None = None
    timezone: str | None = None


@dataclass(frozen=True)
class Policy:
    """The declared roles, and what each standing may do without any grant.

    Args:
        entrance: the address of the room where people arrive (``#reception:example.org``), when it has one.
    """

    roles: Mapping[str, Role]
    standing: Mapping[Standing, frozenset[str]] = field(default_factory=dict)
    entrance: str | None = None

    def role(self, name: str) -> Role | None:
        """The declared role of this name."""
        return self.roles.get(name)

    def roles_of(self, viewer: Viewer, scope: Scope) -> tuple[Role, ...]:
        """The roles that count in this scope, highest first."""
        held = [
            self.roles[grant.role]
            for grant in viewer.grants
            if grant.role in self.roles and (grant.scope == scope or self.roles[grant.role].everywhere)
        ]
        return tuple(sorted(held, key=lambda role: -role.rank))

    def rank(self, viewer: Viewer, scope: Scope) -> int:
        """The highest rank in this scope; 0 for a member without a role."""
        return max((role.rank for role in self.roles_of(viewer, scope)), default=0)

    def holds(self, viewer: Viewer, permission: str, scope: Scope) -> bool:
        """May this person do this in this scope?"""
        if permission in self._by_standing(viewer, scope):
            return True
        return any(
            permission in role.permissions or EVERYTHING in role.permissions for role in self.roles_of(viewer, scope)
        )

    def who_may(self, permission: str, within: str = "{title}") -> tuple[str, ...]:
        """Titles of those who hold a permission, for refusals and help.

        Args:
            within: how a role is called that holds only where it is granted.
        """
        if any(permission in self.standing.get(s, ()) for s in (Standing.OUTSIDER, Standing.NEWCOMER)):
            return (_("everyone"),)
        titles = (_("members"),) if permission in self.standing.get(Standing.MEMBER, ()) else ()
        holders = [
            role for role in self.roles.values() if permission in role.permissions or EVERYTHING in role.permissions
        ]
        holders.sort(key=lambda role: role.rank)
        return titles or tuple(
            _(role.title) if role.everywhere else within.format(title=_(role.title)) for role in holders
        )

    def _by_standing(self, viewer: Viewer, scope: Scope) -> frozenset[str]:
        group = group_of(scope)
        if group is not None and group not in viewer.groups:
            return frozenset()
        reached = list(Standing)[: list(Standing).index(viewer.standing) + 1]
        return frozenset().union(*(self.standing.get(s, frozenset()) for s in reached))


def refusal(policy: Policy, viewer: Viewer, permission: str, scope: Scope = COMMUNITY) -> str | None:
    """None when it may be done; else the sentence that says who may."""
    if policy.holds(viewer, permission, scope):
        return None
    who = policy.who_may(permission, _within(viewer, scope))
    if viewer.standing is Standing.OUTSIDER:
        return _("That is for members of the community.") + " " + how_to_come_in(policy)
    if viewer.standing is Standing.NEWCOMER and _("members") in who:
        return _("That is for members. A steward will let you in soon; until then, say hello in Reception.")
    return _("That is for {who}. Ask one of them, or type !help to see what you can do here.").format(
        who=_(", ").join(who[:-1]) + _(" or ") + who[-1] if len(who) > 1 else "".join(who)
    )


def _within(viewer: Viewer, scope: Scope) -> str:
    """Whoever holds the role elsewhere is told where it would have to be held."""
    if not viewer.grants:
        return "{title}"
    return _("{title} of that group") if group_of(scope) else _("{title} of the community")


def how_to_come_in(policy: Policy) -> str:
    """What someone does who is in nothing yet."""
    where = f" ({policy.entrance})" if policy.entrance else ""
    return _("Come to the Reception room{where} and say hello: a steward will let you in.").format(where=where)
