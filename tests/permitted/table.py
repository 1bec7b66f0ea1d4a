"""The policy table: who may type which command and open which page, and what each may do to people and things.

The rule it keeps: it is written down by hand and knows nothing of the code that decides; a command, page or role that
is declared and does not stand here fails the tests.
"""

from dataclasses import dataclass

STEWARD, LEAD, SECRETARIAT = "steward", "lead_steward", "secretariat"
ALL, UPPER, TOP = frozenset({STEWARD, LEAD, SECRETARIAT}), frozenset({LEAD, SECRETARIAT}), frozenset({SECRETARIAT})
NOBODY = frozenset[str]()
RANKS = {STEWARD: 1, LEAD: 2, SECRETARIAT: 3}
EVERYWHERE = UPPER
"""Hold in every scope; a steward only where the role was granted."""
GIVES = {STEWARD: NOBODY, LEAD: frozenset({STEWARD}), SECRETARIAT: ALL}
"""Which roles the holder of a role grants and revokes."""
OUTSIDER, NEWCOMER, MEMBER, NO_STANDING = 0, 1, 2, 3


@dataclass(frozen=True)
class May:
    """Who may: from which standing on, and which roles besides. In a group's room standing counts for its members."""

    standing: int
    roles: frozenset[str]


EVERYONE, COMER, COMER_OR_UPPER = May(OUTSIDER, TOP), May(NEWCOMER, TOP), May(NEWCOMER, UPPER)
MEMBERS, MEMBERS_OR_UPPER, MEMBERS_OR_ALL = May(MEMBER, TOP), May(MEMBER, UPPER), May(MEMBER, ALL)
STEWARDS, LEADS, SECRETARIES = May(NO_STANDING, ALL), May(NO_STANDING, UPPER), May(NO_STANDING, TOP)

COMMANDS: dict[May, tuple[str, ...]] = {
    EVERYONE: ("help",),
    COMER: ("me", "me language", "me timezone", "me interests", "me findable"),
    COMER_OR_UPPER: (
        "groups", "report", "support", "appeal", "search",
        "library search", "library show", "library get", "library list", "library tags",
        "blog list", "blog search", "blog show", "blog history",
    ),
    MEMBERS: ("group join", "group leave", "me journal", "journal show", "journal withdraw"),
    MEMBERS_OR_UPPER: (
        "library add", "library audience", "library edit", "library withdraw", "library dismiss",
        "blog new", "blog preview", "blog publish", "blog edit", "blog withdraw", "blog follow", "blog unfollow",
        "me space", "meet new", "meet list", "meet show", "meet rsvp", "meet move", "meet cancel",
        "find", "who", "role list", "web", "web off",
    ),
    MEMBERS_OR_ALL: ("group members",),
    STEWARDS: (
        "cases", "case", "group invite", "group accept", "group decline", "role revoke",
        "duty", "handover", "roster", "did", "unheard", "welcome",
    ),
    LEADS: ("activity", "team", "group new", "group open", "role grant"),
    SECRETARIES: ("audit", "group close", "group reopen", "rooms plan", "rooms apply"),
}  # fmt: skip
DECIDED_BY_THE_THING = frozenset({
    "report", "support", "appeal", "cases", "case", "group invite", "group accept", "group decline", "group new",
    "group open", "group close", "group reopen", "role grant", "role revoke", "blog new", "blog preview",
    "blog publish", "blog edit", "blog withdraw", "library audience", "library edit", "library withdraw", "meet move",
    "meet cancel", "duty", "handover", "roster", "did", "unheard", "welcome",
})  # fmt: skip
"""May be typed anywhere by who may do it anywhere: whose thing it is about says whether it is done."""

PAGES: dict[May, tuple[str, ...]] = {
    EVERYONE: ("GET /", "GET /library/{id}", "GET /library/{id}/file"),
    COMER: ("GET /me", "POST /me"),
    COMER_OR_UPPER: ("GET /groups", "GET /library", "GET /library/tags"),
    MEMBERS: ("POST /groups/{key}/join",),
    MEMBERS_OR_UPPER: (
        "GET /home", "POST /me/sessions", "POST /me/sessions/{session}", "GET /people", "GET /people/{person}",
        "GET /library/add", "POST /library/add", "GET /library/{id}/edit", "POST /library/{id}/edit",
        "POST /library/{id}/audience", "POST /library/{id}/withdraw",
    ),
    MEMBERS_OR_ALL: ("GET /groups/{key}",),
    LEADS: ("GET /activity",),
    SECRETARIES: ("GET /audit",),
}  # fmt: skip
"""The pages of features. Those that everyone may open show what their own gate lets through."""

OTHERS_THINGS = {
    "library edit": ALL,
    "library withdraw": ALL,
    "library audience community": ALL,
    "library audience public": NOBODY,
    "blog edit": NOBODY,
    "blog publish": NOBODY,
    "blog withdraw": ALL,
    "meet move": ALL,
    "meet cancel": ALL,
}
"""Who may do it to what somebody else has made, in the scope of the thing, whoever that is; its author always may."""


@dataclass(frozen=True)
class Someone:
    """A position somebody is in.

    Args:
        standing: by membership: in nothing, in Reception, in the community.
        groups: the groups they are in.
        roles: held, with their scopes (``community`` or a group's key).
        lapsed: why the roles count no more: ``ran out``, ``ended``, ``gone``; empty while they count.
        lost: has left the community (or the account ended), and the roles and group spaces have not been ended yet.
    """

    name: str
    standing: int = MEMBER
    groups: frozenset[str] = frozenset()
    roles: tuple[tuple[str, str], ...] = ()
    lapsed: str = ""
    lost: bool = False
    is_for_good: bool = False
    """Were the roles granted without an end?"""

    def holds(self, scope: str) -> frozenset[str]:
        """The roles that count in this scope."""
        if self.lost or self.lapsed:
            return NOBODY
        return frozenset(role for role, where in self.roles if where == scope or role in EVERYWHERE)

    def rank(self, scope: str) -> int:
        """0 for who holds none there."""
        return max((RANKS[role] for role in self.holds(scope)), default=0)

    def is_in(self, scope: str) -> bool:
        """In the community, or in the group as well?"""
        return self.standing == MEMBER and scope in {"community", *self.groups}


def may(someone: Someone, who: May, scope: str) -> bool:
    """Does the table let them, in this scope?"""
    by_standing = someone.standing >= who.standing and (scope == "community" or someone.is_in(scope))
    return by_standing or bool(someone.holds(scope) & who.roles)


def may_type(someone: Someone, command: str, scope: str) -> bool:
    """May they type it in a room of this scope?"""
    who = next(who for who, commands in COMMANDS.items() if command in commands)
    scopes = {scope}
    if command in DECIDED_BY_THE_THING:
        scopes |= {"community", *(where for _role, where in someone.roles)}
    return any(may(someone, who, one) for one in scopes)


def may_give(giver: Someone, taker: Someone, role: str, scope: str) -> bool:
    """May this role be granted without an end by one to the other in this scope? Who has it so has it already."""
    has_it = taker.is_for_good and role in taker.holds(scope) and (role, scope) in taker.roles
    return may_name(giver, taker, role, scope) and not has_it


def may_name(giver: Someone, taker: Someone, role: str, scope: str) -> bool:
    """May the one make the other a holder of this role?"""
    return may_take(giver, taker, role, scope) and taker.is_in(scope)


def may_take(giver: Someone, taker: Someone, role: str, scope: str) -> bool:
    """May the one end this role of the other? One's own may always be laid down."""
    gives = any(role in GIVES[held] for held in giver.holds(scope))
    fits = scope == "community" or role not in EVERYWHERE
    return gives and fits and taker.rank(scope) < giver.rank(scope)


def may_do(someone: Someone, deed: str, author: Someone, scope: str) -> bool:
    """May they do this to a thing that the author has made in this scope, and that is for those who are in it?"""
    return someone.is_in(scope) and (someone is author or bool(someone.holds(scope) & OTHERS_THINGS[deed]))


def sees_case(someone: Someone, about: Someone | None, scope: str) -> bool:
    """May they look at a report about somebody (``None``: about nobody), from a room of this scope?"""
    if someone is about:
        return False
    if someone.holds("community") & TOP:
        return True
    top = set().union(*(about.holds(where) for where in ("community", *about.groups))) if about else set()
    if top & EVERYWHERE:
        return False
    if someone.holds("community") & {LEAD}:
        return True
    if top:
        return False  # of stewards the lead judges, or one steward from outside (tests/features/cases)
    return STEWARD in someone.holds(scope)
