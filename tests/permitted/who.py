"""The people and the places of the matrix, made from the declarations: every standing, role and scope there is.

The rule it keeps: whatever is declared is tried; a role more in ``roles.yaml`` is a row more here.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from copp_bot.core.context import Context, Place
from copp_bot.core.ids import COMMUNITY, RoomId, UserId, group_scope
from copp_bot.features.roles import store as grants
from tests.features.small_house import NOW, SmallHouse, declared, user
from tests.permitted.table import EVERYWHERE, MEMBER, NEWCOMER, OUTSIDER, Someone

GROUP, OTHER_GROUP = "rhythm", "archive"
GROUPS = frozenset({GROUP, OTHER_GROUP})
ROLES = tuple(declared().roles)
ELSEWHERE = "elsewhere"
"""A room of the homeserver that is not ours."""
PLACES = (*(str(room.key) for room in declared().rooms), "direct", ELSEWHERE)
LAPSED, GONE = ("ran out", "ended"), ("left", "account ended")


def _holders() -> Iterator[Someone]:
    for role in ROLES:
        if role in EVERYWHERE:
            yield Someone(role, groups=GROUPS, roles=((role, COMMUNITY),))
            yield Someone(f"{role}, in no group yet", roles=((role, COMMUNITY),))
            yield Someone(f"another {role}", groups=GROUPS, roles=((role, COMMUNITY),))
        else:
            yield Someone(f"{role} of the community", roles=((role, COMMUNITY),))
            yield Someone(f"{role} of the community in {GROUP}", groups=frozenset({GROUP}), roles=((role, COMMUNITY),))
            for key in sorted(GROUPS):
                yield Someone(f"{role} of {key}", groups=frozenset({key}), roles=((role, key),))
            yield Someone(f"{role} of both groups", groups=GROUPS, roles=((role, GROUP), (role, OTHER_GROUP)))
    yield Someone("all roles", groups=GROUPS, roles=tuple((role, COMMUNITY) for role in ROLES))


def _people() -> Iterator[Someone]:
    yield Someone("outsider", OUTSIDER)
    yield Someone("newcomer", NEWCOMER)
    yield Someone("member")
    yield Someone("another member")
    for key in sorted(GROUPS):
        yield Someone(f"member of {key}", groups=frozenset({key}))
    yield Someone("former member, in a group's space still", OUTSIDER, frozenset({GROUP}), lost=True)
    yield Someone("holder of a role that is not declared any more", roles=(("caretaker", COMMUNITY),), lapsed="gone")
    for number, holder in enumerate(_holders()):
        yield replace(holder, is_for_good=bool(number % 2))
        for why in LAPSED:
            yield Someone(f"{holder.name}, {why}", holder.standing, holder.groups, holder.roles, why)
        for why in GONE:
            groups = holder.groups if why == "left" else frozenset[str]()
            yield Someone(f"{holder.name}, {why}", OUTSIDER, groups, holder.roles, lost=True)


PEOPLE = tuple(_people())
IN_FORCE = tuple(one for one in PEOPLE if not one.lapsed and not one.lost)


def name_of(someone: Someone) -> str:
    """The local part of their user id."""
    return f"p{PEOPLE.index(someone):03}"


def id_of(someone: Someone) -> UserId:
    """Their user id."""
    return user(name_of(someone))


def settle(house: SmallHouse) -> None:
    """Everybody into the spaces of their position, with the roles that they hold or have held."""
    for someone in PEOPLE:
        who = id_of(someone)
        if someone.standing == NEWCOMER:
            house.newcomer(name_of(someone))
        house.membership(who, "root", "join" if someone.standing == MEMBER else "leave")
        for key in someone.groups:
            house.membership(who, key)
        until = NOW if someone.lapsed == "ran out" else None if someone.is_for_good else NOW + timedelta(seconds=1)
        for role, where in someone.roles:
            house.grant(who, role, COMMUNITY if where == COMMUNITY else group_scope(where), until)
        if someone.lapsed == "ended":
            grants.end(
                house.session, [held.id for held in grants.in_force(house.session, NOW) if held.user_id == who], NOW
            )


def scope_of(place: str) -> str:
    """The scope of a place as the table says it: a group's key or ``community``."""
    key = place.partition("/")[0]
    return key if key in declared().groups else COMMUNITY


def context(house: SmallHouse, someone: Someone) -> Context:
    """They type something in the direct chat."""
    return house.context(id_of(someone))


def everywhere(house: SmallHouse, someone: Someone) -> Iterator[tuple[str, Context]]:
    """They type something at each place in turn."""
    direct = context(house, someone)
    for place in PLACES:
        yield place, direct if place == "direct" else replace(direct, place=_place(house, place))


def _place(house: SmallHouse, key: str) -> Place:
    return Place(RoomId("!elsewhere"), None, COMMUNITY, None) if key == ELSEWHERE else house.place(key)
