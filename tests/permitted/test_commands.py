"""Every role x every command and page x every place, decided by the functions that decide, against the policy table."""

import re
from dataclasses import replace
from functools import cache

import pytest

from copp_bot.app import commands_of
from copp_bot.core.commands.declare import Command
from copp_bot.core.commands.dispatcher import Dispatcher, House
from copp_bot.core.commands.help import may_use
from copp_bot.core.feature import Action, Page
from copp_bot.core.ids import COMMUNITY, Scope, group_scope
from copp_bot.core.permissions import refusal
from tests.features.built import built_features
from tests.features.small_house import BOT, SmallHouse, declared
from tests.permitted import table, who
from tests.permitted.table import NEWCOMER, OUTSIDER, Someone
from tests.permitted.who import PEOPLE, everywhere, scope_of

pytestmark = pytest.mark.one_database
WORDS = {table.STEWARD: "stewards", table.LEAD: "the lead steward", table.SECRETARIAT: "the Secretariat"}


@cache
def dispatcher() -> Dispatcher:
    """The real one, with every declared command."""
    house = declared()
    commands = commands_of(built_features(), house.directory().text)
    return Dispatcher(House(BOT, "example.org", house.policy("example.org"), house.zone, "en", commands))


def declared_commands() -> tuple[Command, ...]:
    """Every command."""
    return tuple(dispatcher().house.commands.values())


def pages() -> dict[str, Page | Action]:
    """Every page and form of the features, by the name of its route."""
    shown: dict[str, Page | Action] = {
        f"GET {_plain(page.path)}": page for feature in built_features() for page in feature.pages
    }
    return shown | {f"POST {_plain(one.path)}": one for feature in built_features() for one in feature.actions}


def _plain(path: str) -> str:
    return re.sub(r"\{(\w+):(?:[^{}]|\{[^}]*\})*\}", r"{\1}", path)


def test_what_is_declared_stands_in_the_table_once() -> None:
    listed = [command for commands in table.COMMANDS.values() for command in commands]
    assert sorted(listed) == sorted(command.path for command in declared_commands())
    assert {command.path for command in declared_commands() if command.scope_from == "service"} == (
        table.DECIDED_BY_THE_THING
    )
    assert sorted(page for names in table.PAGES.values() for page in names) == sorted(pages())
    roles = declared().roles
    assert set(roles) == set(table.RANKS) == set(table.GIVES)
    assert sorted(roles, key=lambda role: roles[role].rank) == sorted(table.RANKS, key=lambda role: table.RANKS[role])
    assert {name for name, role in roles.items() if role.everywhere} == table.EVERYWHERE
    assert {name: role.grants for name, role in roles.items()} == table.GIVES


@pytest.mark.parametrize("someone", PEOPLE, ids=lambda one: one.name)
def test_every_command_at_every_place(settled: SmallHouse, someone: Someone) -> None:
    for place, ctx in everywhere(settled, someone):
        may = {command.path for command in declared_commands() if dispatcher()._refusal(ctx, command) is None}
        expected = {one.path for one in declared_commands() if table.may_type(someone, one.path, scope_of(place))}
        assert may == expected, (place, may ^ expected)


@pytest.mark.parametrize("someone", PEOPLE, ids=lambda one: one.name)
def test_help_lists_what_one_may_do_here(settled: SmallHouse, someone: Someone) -> None:
    """In a room what it is for and what holds in the whole community, in the direct chat all that one may anywhere."""
    for place, ctx in everywhere(settled, someone):
        scopes = {scope_of(place), "community"}
        if place == "direct":
            scopes |= {where for _role, where in someone.roles}
        listed = {command.path for command in declared_commands() if may_use(ctx, command)}
        expected = {
            path for rule, paths in table.COMMANDS.items() for path in paths
            if any(table.may(someone, rule, scope) for scope in scopes)
        }  # fmt: skip
        assert listed == expected, (place, listed ^ expected)


@pytest.mark.parametrize("someone", PEOPLE, ids=lambda one: one.name)
def test_every_page(settled: SmallHouse, someone: Someone) -> None:
    """A page is not in a room: what counts is what one may in the community."""
    viewer, policy = settled.viewer(who.id_of(someone)), declared().policy()
    for rule, names in table.PAGES.items():
        for name in names:
            needed = pages()[name].permission
            if needed is None:
                assert rule is table.EVERYONE, name
            else:
                assert policy.holds(viewer, needed, COMMUNITY) == table.may(someone, rule, "community"), name


@pytest.mark.parametrize("someone", PEOPLE, ids=lambda one: one.name)
def test_a_refusal_says_who_may(settled: SmallHouse, someone: Someone) -> None:
    for place, ctx in everywhere(settled, someone):
        for command in declared_commands():
            said = dispatcher()._refusal(ctx, command)
            if said is not None:
                assert _names_who_may(someone, command.path, said), (place, command.path, said)


def _names_who_may(someone: Someone, path: str, said: str) -> bool:
    rule = next(rule for rule, paths in table.COMMANDS.items() if path in paths)
    if someone.standing == OUTSIDER:
        return "members of the community" in said and "(#reception:example.org)" in said
    if someone.standing == NEWCOMER and rule.standing == table.MEMBER:
        return "A steward will let you in" in said
    titles = [WORDS[role] for role in table.RANKS if role in rule.roles]  # the lowest first
    if rule.standing <= table.MEMBER:
        titles = ["everyone" if rule.standing <= NEWCOMER else "members"]
    who_may = f"{', '.join(titles[:-1])} or {titles[-1]}" if len(titles) > 1 else titles[0]
    plain = said.replace(" of that group", "").replace(" of the community", "")
    return plain == f"That is for {who_may}. Ask one of them, or type !help to see what you can do here."


def test_refusals_name_the_place_to_those_alone_who_hold_the_role_elsewhere(settled: SmallHouse) -> None:
    steward = next(one for one in PEOPLE if one.name == f"steward of {who.GROUP}")
    stranger = next(one for one in PEOPLE if one.name == f"steward of {who.OTHER_GROUP}")
    member = next(one for one in PEOPLE if one.name == "member")
    invites, policy = "groups.invite", declared().policy()

    def said(someone: Someone, scope: Scope) -> str:
        return str(refusal(policy, settled.viewer(who.id_of(someone)), invites, scope))

    assert "stewards of that group, the lead steward or the Secretariat." in said(stranger, group_scope(who.GROUP))
    assert "stewards of the community, the lead steward or the Secretariat." in said(steward, COMMUNITY)
    assert "of the community" not in said(member, COMMUNITY) and "of that group" not in said(
        member, group_scope(who.GROUP)
    )
    outsider = next(one for one in PEOPLE if one.name == "outsider")
    assert "Come to the Reception room and say hello" in said(outsider, COMMUNITY)  # an entrance without an address


def test_those_who_may_are_named_from_the_lowest_up_however_they_are_declared() -> None:
    policy = declared().policy()
    turned = replace(policy, roles={name: policy.roles[name] for name in reversed(list(policy.roles))})
    assert turned.who_may("groups.invite") == policy.who_may("groups.invite")
    assert len(policy.who_may("groups.invite")) > 1
