"""Role x command x scope x target: what is done to people, things, groups and cases, by the commands themselves.

The rule it keeps: everybody tries each deed in their direct chat, and it is taken back again; whether it was done is
compared with the policy table.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import product
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from copp_bot.core import items
from copp_bot.core.commands.declare import Args
from copp_bot.core.context import Context
from copp_bot.core.errors import UserError
from copp_bot.core.ids import COMMUNITY, Audience, EventId, RoomId, Scope, group_scope
from copp_bot.features.blogs import store as blogs_store
from copp_bot.features.cases import routing
from copp_bot.features.cases import store as cases_store
from copp_bot.features.cases.store import CaseKind, CaseRow
from copp_bot.features.groups import service as groups
from copp_bot.features.groups import store as groups_store
from copp_bot.features.library import store as library_store
from copp_bot.features.meetings import service as meetings
from copp_bot.features.meetings.times import WallTime
from copp_bot.features.meetings.wishes import Wish
from copp_bot.features.roles import service as roles
from tests.features.small_house import NOW, SmallHouse, declared
from tests.permitted import table, who
from tests.permitted.table import Someone
from tests.permitted.test_commands import dispatcher
from tests.permitted.who import GONE, GROUP, IN_FORCE, LAPSED, OTHER_GROUP, PEOPLE, id_of

pytestmark = pytest.mark.one_database
SCOPES = (COMMUNITY, GROUP, OTHER_GROUP)
NO_MORE = {f"secretariat, {why}" for why in (*LAPSED, *GONE)}
TRYING = tuple(one for one in PEOPLE if one.name in NO_MORE or (one in IN_FORCE and one.name != "another member"))
"""Everybody whose roles count, and one role in each way of not counting any more (``test_commands`` tries all)."""
SECRETARIES = tuple(one for one in IN_FORCE if one.rank(COMMUNITY) == table.RANKS[table.SECRETARIAT])


class Undone(Exception):
    """Ends a deed that was done, so that it is taken back."""


@dataclass
class Deeds:
    """The house with everybody, each in their direct chat."""

    house: SmallHouse
    _contexts: dict[Someone, Context] = field(default_factory=dict)

    def context(self, someone: Someone) -> Context:
        """They type something."""
        if someone not in self._contexts:
            self._contexts[someone] = who.context(self.house, someone)
        return self._contexts[someone]

    def done(self, someone: Someone, command: str, values: dict[str, Any], **options: str) -> bool:
        """Was it done? Whatever it was, it is taken back."""
        ctx, typed = self.context(someone), dispatcher().house.commands[command]
        if dispatcher()._refusal(ctx, typed) is not None:
            return False
        try:
            with self.house.session.begin_nested():
                typed.run(ctx, Args(values, options))
                raise Undone
        except UserError:
            return False
        except Undone:
            return True


@pytest.fixture(scope="module")
def everybody(settled: SmallHouse) -> Deeds:
    """Who they are does not change by what they try."""
    return Deeds(settled)


@pytest.fixture
def deeds(everybody: Deeds) -> Iterator[Deeds]:
    """What a test prepares is taken back after it."""
    with everybody.house.session.begin_nested() as savepoint:
        yield everybody
        savepoint.rollback()


def in_scope(where: str) -> Scope:
    """A scope of the table as the code says it."""
    return Scope(COMMUNITY) if where == COMMUNITY else group_scope(where)


ROLE_AND_SCOPE = [
    (role, where)
    for role, where in product(table.RANKS, SCOPES)
    if where != OTHER_GROUP or role not in table.EVERYWHERE
]


@pytest.mark.parametrize(("role", "where"), ROLE_AND_SCOPE)
def test_granting(deeds: Deeds, role: str, where: str) -> None:
    said = {} if where == COMMUNITY else {"group": where}
    counted = 0
    for giver, taker in product(TRYING, TRYING):
        granted = deeds.done(giver, "role grant", {"user": id_of(taker), "role": role}, **said)
        expected = table.may_give(giver, taker, role, where)
        assert granted == expected, (giver.name, taker.name)
        counted += granted
    assert bool(counted) == (where == COMMUNITY or role not in table.EVERYWHERE)


@pytest.mark.parametrize(("role", "where"), ROLE_AND_SCOPE)
def test_revoking(deeds: Deeds, role: str, where: str) -> None:
    """Also of who has left: the row is there until it is ended. One's own may be laid down."""
    said = {} if where == COMMUNITY else {"group": where}
    for giver, taker in product(TRYING, TRYING):
        is_held = (role, where) in taker.roles and not taker.lapsed
        is_own = giver is taker and not giver.lost
        values = {"user": id_of(taker), "role": f"{role} yes"}
        expected = is_held and (is_own or table.may_take(giver, taker, role, where))
        assert deeds.done(giver, "role revoke", values, **said) == expected, (giver.name, taker.name)


def test_nobody_grants_above_their_own_rank_whatever_is_declared(deeds: Deeds) -> None:
    """A declaration that says so is refused; the rule holds without that."""
    lead, member = (next(one for one in IN_FORCE if one.name == name) for name in (table.LEAD, "member"))
    policy = declared().policy()
    generous = replace(policy.roles[table.LEAD], grants=frozenset(table.RANKS))
    rules = roles.Rules(
        replace(policy, roles={**policy.roles, table.LEAD: generous}), declared().directory(), dispatcher().house.bot
    )
    with pytest.raises(UserError, match="not yours to give"):
        roles.grant(
            deeds.house.effects, rules, deeds.context(lead).viewer, roles.Wish(id_of(member), table.SECRETARIAT)
        )


@dataclass(frozen=True)
class Thing:
    """Something that somebody has made for the community or a group."""

    author: Someone
    where: str
    number: int


def audience_of(where: str) -> Audience:
    """Who may read what is made for a scope of the table."""
    return items.FOR_COMMUNITY if where == COMMUNITY else Audience(f"group:{where}")


def make(house: SmallHouse, kind: str, author: Someone, where: str) -> Thing:
    """A resource, a published post, or a planned meeting."""
    if kind == "meeting":
        start = WallTime(NOW.replace(tzinfo=None) + timedelta(days=50), ZoneInfo("Europe/Paris"))
        wish = Wish("A thing", when="", repeat="", duration=timedelta(hours=1), place="", capacity=None, lines=())
        whose = meetings.Belonging(in_scope(where), audience_of(where))
        item = meetings.plan(who.context(house, author), wish, start, "", whose, EventId("$planned"))
        return Thing(author, where, item.number)
    new = items.NewItem(kind, in_scope(where), audience_of(where), id_of(author), "A thing", text="words")
    item = items.create(house.effects, new)
    if kind == "library":
        row = library_store.Resource(
            item_id=items.row_id(item), url="https://a.example", address="a", media_type="link"
        )
        library_store.add_resource(house.session, row)
    else:
        blogs_store.add(house.session, blogs_store.Post(item_id=items.row_id(item), source="words", published_at=NOW))
    return Thing(author, where, item.number)


DEEDS: dict[str, tuple[str, str, dict[str, str]]] = {
    "library edit": ("library", "library edit", {"title": "Another"}),
    "library withdraw": ("library", "library withdraw", {}),
    "library audience community": ("library", "library audience", {"audience": "community"}),
    "library audience public": ("library", "library audience", {"audience": "public", "sure": "yes"}),
    "blog edit": ("blog", "blog edit", {"text": "Another"}),
    "blog publish": ("blog", "blog publish", {"audience": "community"}),
    "blog withdraw": ("blog", "blog withdraw", {}),
    "meet move": ("meeting", "meet move", {"when": "2027-01-15 17:00"}),
    "meet cancel": ("meeting", "meet cancel", {}),
}
AUTHORS = tuple(
    one for one in IN_FORCE if one.name in {"member", f"member of {GROUP}", f"steward of {OTHER_GROUP}", "secretariat"}
)
"""One of each rank that another may be below, equal to or above; in one group, both, or none."""


@pytest.mark.parametrize("deed", DEEDS)
def test_what_is_done_to_things(deeds: Deeds, deed: str) -> None:
    """By its author, and by others of lower, equal and higher rank, in and out of its group."""
    kind, command, values = DEEDS[deed]
    things = [make(deeds.house, kind, author, where) for author in AUTHORS for where in SCOPES if author.is_in(where)]
    for someone, thing in product(TRYING, things):
        trail = len(deeds.house.effects.trail)
        was_done = deeds.done(someone, command, {"id": thing.number, **values})
        expected = table.may_do(someone, deed, thing.author, thing.where)
        assert was_done == expected, (someone.name, thing)
        is_as_before = deed == "library audience community" and thing.where == COMMUNITY
        if was_done and someone is not thing.author and not is_as_before:  # it leaves a trace
            (trace,) = deeds.house.effects.trail[trail:]
            assert trace[1:] == (in_scope(thing.where), id_of(someone), id_of(thing.author)), trace
        elif was_done and command not in ("library audience", "blog publish"):
            assert len(deeds.house.effects.trail) == trail


def test_who_may_not_is_told_who_may(deeds: Deeds) -> None:
    steward, member = (
        next(one for one in IN_FORCE if one.name == name) for name in ("steward of the community", f"member of {GROUP}")
    )
    number = make(deeds.house, "library", AUTHORS[0], COMMUNITY).number
    audience = dispatcher().house.commands["library audience"]
    for someone, wanted, words in (
        (steward, "public", "can make it public"),
        (member, "public", "can make it public"),
        (member, "community", "or a steward of its group or area"),
    ):
        with pytest.raises(UserError, match=words):
            audience.run(deeds.context(someone), Args({"id": number, "audience": wanted, "sure": "yes"}))


@pytest.mark.parametrize(("command", "key"), [*product(("group accept", "group decline"), SCOPES[1:])])
def test_letting_in(deeds: Deeds, command: str, key: str) -> None:
    """A group's stewards decide, whoever asks; nobody gets in who is not in the community."""
    for asker in TRYING:
        groups_store.ask(deeds.house.session, id_of(asker), key, NOW, "$asked")
    for someone, asker in product(TRYING, TRYING):
        expected = bool(someone.holds(key)) and (command == "group decline" or asker.standing == table.MEMBER)
        assert deeds.done(someone, command, {"user": id_of(asker), "key": key}) == expected, (someone.name, asker.name)


@pytest.mark.parametrize("permissions", [{"groups.accept"}, {"*"}, set()])
def test_who_is_asked_about_somebody(deeds: Deeds, permissions: set[str]) -> None:
    """Who serves the group alone and may decide, whatever else the role may."""
    policy = declared().policy()
    steward = replace(policy.roles[table.STEWARD], permissions=frozenset(permissions))
    changed = replace(policy, roles={**policy.roles, table.STEWARD: steward})
    asked = groups.deciders_elsewhere(deeds.house.effects, changed, RoomId("!stewards"), GROUP)
    serving = next(one for one in IN_FORCE if one.name == f"steward of {GROUP}")
    assert (id_of(serving) in asked) == bool(permissions)


@pytest.mark.parametrize("where", SCOPES)
def test_bringing_in(deeds: Deeds, where: str) -> None:
    """Into the community as well only by who may bring people there."""
    for someone in TRYING:
        tasks = len(deeds.house.effects.tasks)
        values = {"users": ("@new:example.org",), "key": where}
        assert deeds.done(someone, "group invite", values) == bool(someone.holds(where)), someone.name
        for kind, payload in deeds.house.effects.tasks[tasks:]:
            assert kind == groups.INVITE_TASK
            into = {"!root"} if where == COMMUNITY else {f"!{where}"}
            assert set(payload["rooms"]) == (into | {"!root"} if someone.holds(COMMUNITY) else into)


def test_opening_groups(deeds: Deeds) -> None:
    """A steward is named by who may grant that role, and only somebody of lower rank."""
    planned = dispatcher().house.commands["group new"]
    planned.run(deeds.context(SECRETARIES[0]), Args({"title": "Maths in class"}, {"kind": "training"}))
    for someone in TRYING:
        holds = someone.holds(COMMUNITY)
        plain = deeds.done(someone, "group new", {"title": "Drama in class"}, kind="training")
        assert plain == bool(holds & table.UPPER), someone.name
        for named in TRYING:
            done = deeds.done(someone, "group new", {"title": "Drama"}, kind="training", steward=id_of(named))
            assert done == table.may_name(someone, named, table.STEWARD, COMMUNITY), (someone.name, named.name)
        assert deeds.done(someone, "group open", {"key": "maths-in-class"}) == bool(holds & table.UPPER)
        assert deeds.done(someone, "group close", {"key": GROUP, "confirm": "yes"}) == bool(holds & table.TOP)


@pytest.mark.parametrize("where", ["", *SCOPES[1:]])
def test_serving(deeds: Deeds, where: str) -> None:
    """Where one serves; without a word, in the community, else in one's only group."""
    said = {"group": where} if where else {}
    for someone in TRYING:
        only = len({scope for scope in SCOPES if someone.holds(scope)}) == 1
        expected = bool(someone.holds(where)) if where else bool(someone.holds(COMMUNITY)) or only
        for command, values in (("duty", {"state": "on"}), ("handover", {"note": "All is well."}), ("roster", {})):
            assert deeds.done(someone, command, dict(values), **said) == expected, (someone.name, command)


@pytest.mark.parametrize("key", [GROUP, OTHER_GROUP])
def test_groups_are_for_those_who_are_in_them(deeds: Deeds, key: str) -> None:
    for someone in TRYING:
        assert deeds.done(someone, "group members", {"key": key}) == someone.is_in(key), someone.name
        stays = bool(someone.holds(COMMUNITY) & table.EVERYWHERE)
        assert deeds.done(someone, "group leave", {"key": key}) == (someone.is_in(key) and not stays), someone.name


@pytest.mark.parametrize("where", SCOPES)
def test_who_looks_at_a_case(deeds: Deeds, where: str) -> None:
    for about in (None, *TRYING):
        case = _case(deeds, CaseKind.REPORT, where, about)
        seeing = {one for one in TRYING if deeds.done(one, "case", {"case": case.number})}
        expected = {one for one in TRYING if table.sees_case(one, about, where)}
        outside = seeing - expected
        assert expected <= seeing, (about, expected - seeing)
        assert not outside or _is_one_from_outside(about, outside), (about, outside)


def test_help_from_the_secretariat_is_between_them(deeds: Deeds) -> None:
    case = _case(deeds, CaseKind.SUPPORT, COMMUNITY, None)
    assert {one for one in TRYING if deeds.done(one, "case", {"case": case.number})} == set(SECRETARIES)


def _is_one_from_outside(about: Someone | None, seeing: set[Someone]) -> bool:
    """A steward of the community, in none of the groups that the steward concerned serves."""
    (one,) = seeing
    served = {where for _role, where in about.roles} if about else set()
    return about is not None and one.holds(COMMUNITY) == {table.STEWARD} and not served & {COMMUNITY, *one.groups}


def _case(deeds: Deeds, kind: CaseKind, where: str, about: Someone | None) -> CaseRow:
    """As it is when the message has been looked at."""
    house = deeds.house
    case = CaseRow(
        number=0, kind=kind, by="@reporter:example.org", command_event="$said", scope=in_scope(where),
        reason="It hurts.", desk="", opened_at=NOW, reminded_at=NOW, about=id_of(about) if about else None,
    )  # fmt: skip
    cases_store.add(house.session, case)
    case.desk = routing.desk_of(house.effects, deeds.context(TRYING[0]).policy, case)
    house.session.flush()
    return case
