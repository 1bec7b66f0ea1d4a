"""Power levels over random states: no lock-out, nothing unknown lost, every write allowed."""

import os
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copp_bot.core.ids import COMMUNITY, Scope, UserId, group_scope
from copp_bot.rooms import power
from copp_bot.rooms.power import BOT as FULL
from copp_bot.rooms.power import POWER_LEVELS, Creation, RoleGrant
from tests.rooms.support import BOT, shipped

PEOPLE = [UserId(f"@{name}:example.org") for name in ("anna", "boris", "chloe", "dario")]
LEVELS = st.integers(-10, 160)
STATES = int(os.environ.get("PROVE_POWER", "400"))
"""How many states are tried; ``make prove-power`` tries ten thousand."""
TYPES = [*power.OURS_ALONE, "m.room.name", "m.reaction", "org.example.unknown"]
CONTENTS = st.fixed_dictionaries(
    {},
    optional={
        "users": st.dictionaries(st.sampled_from([*PEOPLE, BOT]), LEVELS),
        "events": st.dictionaries(st.sampled_from(TYPES), LEVELS),
        "notifications": st.dictionaries(st.sampled_from(["room", "org.example.shout"]), LEVELS),
        "org.example.unknown": st.one_of(st.text(), st.lists(st.integers())),
        **dict.fromkeys((*power.ACTIONS, "users_default", "events_default", "state_default"), LEVELS),
    },
)
GRANTS = st.lists(
    st.builds(
        RoleGrant,
        st.sampled_from(PEOPLE),
        st.sampled_from(["steward", "lead_steward", "secretariat"]),
        st.sampled_from([COMMUNITY, group_scope("rhythm")]),
    ),
    max_size=4,
)
ROOMS = st.sampled_from(shipped().all)


@st.composite
def rooms_as_they_may_be(draw: st.DrawFn) -> tuple[Creation, dict[str, Any] | None]:
    version = draw(st.sampled_from(["10", "11", "12"]))
    creators = frozenset(draw(st.lists(st.sampled_from([BOT, PEOPLE[0]]), min_size=1, max_size=2, unique=True)))
    if version != "12":
        creators = frozenset(sorted(creators)[:1])
    creation = Creation(version, creators)
    levels: dict[str, Any] | None = draw(st.one_of(st.none(), CONTENTS))
    if levels and "users" in levels:
        levels["users"] = {user: level for user, level in levels["users"].items() if user not in creation.unlisted}
    return creation, levels


def server_allows(creation: Creation, old: dict[str, Any] | None, new: dict[str, Any], sender: str) -> bool:
    """The authorization rules for ``m.room.power_levels`` (room version 10, rule 10; version 12 adds creators)."""
    if creation.creators_are_unlimited and any(user in creation.creators for user in new.get("users", {})):
        return False
    if old is None:
        return True
    own = power.level_of(creation, old, sender)
    if own < power.needed(old, POWER_LEVELS):
        return False
    plain = [("users_default", 0), ("events_default", 0), ("state_default", 50), *power.ACTIONS.items()]
    changes = [(old.get(name), new.get(name)) for name, _default in plain]
    for table in ("events", "notifications"):
        was, now = old.get(table, {}), new.get(table, {})
        changes += [(was.get(name), now.get(name)) for name in {*was, *now}]
    if any(a != b and max(a or 0, b or 0) > own for a, b in changes):
        return False
    was, now = old.get("users", {}), new.get("users", {})
    for user in {*was, *now}:
        a, b = was.get(user), now.get(user)
        if a != b and (((a or 0) >= own and a is not None and user != sender) or (b or 0) > own):
            return False
    return True


@settings(max_examples=STATES)
@given(rooms_as_they_may_be(), ROOMS, GRANTS)
def test_merging_is_allowed_can_be_undone_and_keeps_what_is_unknown(
    state: tuple[Creation, dict[str, Any] | None], room: Any, grants: list[RoleGrant]
) -> None:
    creation, before = state
    wanted = power.desired(room, power.powers_in(room.scope, grants, shipped().roles))
    after = power.merge(creation, before, wanted, BOT)
    assert power.merge(creation, after, wanted, BOT) == after
    if after == (before or {}):
        return
    assert server_allows(creation, before, after, BOT)
    assert power.can_still_undo(creation, before, after, BOT)
    assert power.level_of(creation, after, BOT) >= min(FULL, power.level_of(creation, before, BOT))
    for name, value in (before or {}).items():
        if name not in wanted:
            assert after[name] == value
    for table in ("events", "notifications"):
        kept = {name: level for name, level in (before or {}).get(table, {}).items() if name not in wanted[table]}
        assert {name: level for name, level in after[table].items() if name not in wanted[table]} == kept
    assert not creation.unlisted & set(after["users"])


@settings(max_examples=STATES)
@given(rooms_as_they_may_be(), ROOMS, GRANTS, GRANTS)
def test_nobody_is_locked_out(
    state: tuple[Creation, dict[str, Any] | None], room: Any, grants: list[RoleGrant], later: list[RoleGrant]
) -> None:
    """Where the bot could write the power levels before, it can after, and can make any later declaration true."""
    creation, before = state
    could = power.level_of(creation, before, BOT) >= power.needed(before, POWER_LEVELS)
    after = _written(creation, before, _wanted(room, grants))
    assert not could or power.level_of(creation, after, BOT) >= power.needed(after, POWER_LEVELS)
    again = _written(creation, after, _wanted(room, later))
    assert not could or power.level_of(creation, again, BOT) >= power.needed(again, POWER_LEVELS)
    own = power.level_of(creation, before, BOT)
    if could and own >= FULL and before is not None:
        strong = {u for u, level in before.get("users", {}).items() if power.number(level, 0) >= own and u != BOT}
        wanted = _wanted(room, later)["users"]
        for user in set(PEOPLE) - strong - creation.unlisted:
            muted = power.number(before.get("users", {}).get(user), 0) < 0
            assert again is not None
            assert muted or again["users"].get(user, 0) == wanted.get(user, 0)


def _written(creation: Creation, before: dict[str, Any] | None, wanted: dict[str, Any]) -> dict[str, Any] | None:
    """What the room says after the bot has done what it can; unchanged where there is nothing to write."""
    after = power.merge(creation, before, wanted, BOT)
    return before if after == (before or {}) else after


def _wanted(room: Any, grants: list[RoleGrant]) -> dict[str, Any]:
    return power.desired(room, power.powers_in(room.scope, grants, shipped().roles))


@pytest.mark.parametrize("version", ["10", "11", "12"])
def test_a_new_room_is_as_declared_at_once(version: str) -> None:
    creation = Creation(version, frozenset({BOT, PEOPLE[3]}) if version == "12" else frozenset({BOT}))
    grants = [RoleGrant(PEOPLE[0], "secretariat", COMMUNITY), RoleGrant(PEOPLE[3], "lead_steward", COMMUNITY)]
    for room in shipped().all:
        powers = power.powers_in(room.scope, grants, shipped().roles)
        content = power.first_content(room, powers, creation, BOT)
        assert power.merge(creation, content, power.desired(room, powers), BOT) == content
        assert content["users"].get(PEOPLE[0]) == 90
        assert (BOT in content["users"]) == (version != "12")
        assert (PEOPLE[3] in content["users"]) == (version != "12")


def test_roles_count_in_their_scope_or_everywhere() -> None:
    anna, boris, chloe, _ = PEOPLE
    rhythm = group_scope("rhythm")
    grants = [
        RoleGrant(anna, "steward", rhythm),
        RoleGrant(boris, "steward", COMMUNITY),
        RoleGrant(chloe, "lead_steward", COMMUNITY),
        RoleGrant(chloe, "steward", rhythm),
    ]
    roles = shipped().roles
    assert power.powers_in(rhythm, grants, roles) == {anna: 50, chloe: 75}
    assert power.powers_in(COMMUNITY, grants, roles) == {boris: 50, chloe: 75}
    assert power.powers_in(Scope("group:archive"), grants, roles) == {chloe: 75}


def test_a_revoked_role_loses_its_power_and_a_muted_person_stays_muted() -> None:
    creation = Creation("12", frozenset({BOT}))
    room = shipped().rooms[0]
    before = power.desired(room, {PEOPLE[0]: 50}) | {"users": {PEOPLE[0]: 50, PEOPLE[1]: -1}}
    after = power.merge(creation, before, power.desired(room, {}), BOT)
    assert after["users"] == {PEOPLE[1]: -1}


def test_someone_as_strong_as_the_bot_is_left_alone() -> None:
    creation = Creation("11", frozenset({BOT}))
    room = shipped().rooms[0]
    before = power.desired(room, {}) | {"users": {BOT: 100, PEOPLE[0]: 100}}
    assert power.merge(creation, before, power.desired(room, {}), BOT) == before


def test_without_power_nothing_is_written() -> None:
    creation = Creation("11", frozenset({PEOPLE[0]}))
    before = {"users": {PEOPLE[0]: 100, BOT: 40}}
    assert power.merge(creation, before, power.desired(shipped().rooms[0], {}), BOT) == before


@pytest.mark.parametrize(
    "after",
    [
        {"users": {BOT: 100, PEOPLE[0]: 100}},
        {"users": {}},
        {"users": {BOT: 50}},
        {"users": {BOT: 100}, "events": {POWER_LEVELS: 101}},
        {"users": {BOT: 100}, "ban": 101},
    ],
)
def test_what_could_not_be_undone_is_seen(after: dict[str, Any]) -> None:
    creation = Creation("11", frozenset({BOT}))
    assert not power.can_still_undo(creation, {"users": {BOT: 100}}, after, BOT)
    assert power.can_still_undo(creation, {"users": {BOT: 100}}, {"users": {BOT: 100}, "ban": 75}, BOT)


def test_creation_is_read_from_any_version() -> None:
    old = {"sender": BOT, "content": {"room_version": "10", "creator": BOT}}
    new = {"sender": BOT, "content": {"room_version": "12", "additional_creators": [PEOPLE[0], 5]}}
    assert power.level_of(power.creation_of(old), {"users": {BOT: 100}}, BOT) == 100
    assert power.level_of(power.creation_of(new), {}, BOT) == power.UNLIMITED
    assert power.creation_of(new).unlisted == {BOT, PEOPLE[0]}
    assert power.creation_of({"content": 3}).creators == frozenset()
