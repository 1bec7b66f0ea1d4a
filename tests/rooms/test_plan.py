"""The plan is pure and ends: after its steps were taken there is nothing left to write, whatever people had changed."""

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from copp_bot.core.ids import COMMUNITY, RoomId, RoomKey, UserId
from copp_bot.core.matrix.port import JsonDict
from copp_bot.rooms import power, state
from copp_bot.rooms.notices import Notice
from copp_bot.rooms.observe import ForeignMarker, Observed, ObservedRoom, read_state
from copp_bot.rooms.plan import CreateRoom, Publish, SetAlias, SetPower, SetState, Step, plan, writes
from copp_bot.rooms.power import Creation, RoleGrant
from tests.rooms.support import BOT, shipped
from tests.rooms.test_power import CONTENTS, GRANTS

KEYS = [room.key for room in shipped().all]
DRIFT = st.dictionaries(
    st.tuples(
        st.sampled_from(KEYS),
        st.sampled_from([state.NAME, state.TOPIC, state.JOIN_RULES, state.HISTORY, state.GUESTS]),
    ),
    st.sampled_from([{}, {"name": "X"}, {"topic": "X"}, {"join_rule": "public"}, {"history_visibility": "shared"}]),
    max_size=5,
)


def taken(observed: Observed, steps: tuple[Step, ...]) -> Observed:
    """The world after the steps, without a homeserver."""
    rooms, aliases = dict(observed.rooms), {"reception": None, **observed.aliases}
    published = set(observed.published)
    for step in steps:
        ids = replace(observed, rooms=rooms).ids
        if isinstance(step, CreateRoom):
            rooms[step.key] = _created(step, ids, "-anew" if observed.rooms else "")
            if step.new.alias_localpart:
                aliases[step.new.alias_localpart] = rooms[step.key].room_id
            if step.new.in_directory:
                published.add(rooms[step.key].room_id)
        elif isinstance(step, SetAlias):
            aliases[step.alias] = rooms[step.key].room_id
        elif isinstance(step, Publish):
            (published.add if step.published else published.discard)(rooms[step.key].room_id)
        elif isinstance(step, SetPower):
            room = rooms[step.key]
            merged = power.merge(room.creation, room.power_levels, step.wanted, BOT)
            rooms[step.key] = _with(room, power.POWER_LEVELS, "", merged)
        elif isinstance(step, SetState):
            at, content = state.resolve(step.state_key, ids), state.resolve(step.content, ids)
            rooms[step.key] = _with(rooms[step.key], step.type, at, content)
    return replace(observed, rooms=rooms, aliases=aliases, published=frozenset(published))


def _created(step: CreateRoom, ids: dict[str, RoomId], tail: str) -> ObservedRoom:
    events = {(e["type"], e["state_key"]): e["content"] for e in state.resolve(list(step.new.initial_state), ids)}
    events[state.NAME, ""], events[state.TOPIC, ""] = {"name": step.new.name}, {"topic": step.new.topic}
    if step.new.alias_localpart:
        events[state.ALIAS, ""] = {"alias": f"#{step.new.alias_localpart}:example.org"}
    events[power.POWER_LEVELS, ""] = dict(step.new.power_levels)
    return ObservedRoom(RoomId(f"!{step.key}{tail}"), step.key, Creation(step.new.version, frozenset({BOT})), events)


def _with(room: ObservedRoom, kind: str, state_key: str, content: JsonDict) -> ObservedRoom:
    return replace(room, state={**room.state, (kind, state_key): content})


def _pointing(observed: Observed, kept: set[RoomId]) -> dict[str, RoomId | None]:
    """The addresses of lost rooms go on leading to where nobody is."""
    return {
        name: target if target is None or target in kept else RoomId(f"{target}-lost")
        for name, target in observed.aliases.items()
    }


def applied(grants: tuple[RoleGrant, ...] = ()) -> Observed:
    """A world in which everything is as declared."""
    nothing = Observed(BOT, aliases={"reception": None})
    return taken(nothing, plan(shipped(), nothing, grants))


def test_an_empty_world_is_built_parents_first() -> None:
    steps = plan(shipped(), Observed(BOT), creators=[UserId("@emergency:example.org")])
    created = [step for step in steps if isinstance(step, CreateRoom)]
    assert [step.key for step in created] == KEYS
    assert all(step.new.version == "12" and step.new.creation_content for step in created)
    assert all(BOT not in step.new.power_levels["users"] for step in created)
    assert plan(shipped(), applied()) == ()


@settings(max_examples=60)
@given(DRIFT, st.dictionaries(st.sampled_from(KEYS), CONTENTS, max_size=3), GRANTS, st.sets(st.sampled_from(KEYS)))
def test_after_all_steps_nothing_is_left_to_write(
    drift: dict[tuple[RoomKey, str], JsonDict],
    levels: dict[RoomKey, JsonDict],
    grants: list[RoleGrant],
    lost: set[RoomKey],
) -> None:
    observed = applied()
    rooms = dict(observed.rooms)
    for (key, kind), content in drift.items():
        rooms[key] = _with(rooms[key], kind, "", content)
    for key, content in levels.items():
        rooms[key] = _with(rooms[key], power.POWER_LEVELS, "", content)
    kept = {key: room for key, room in rooms.items() if key not in lost}
    observed = replace(observed, rooms=kept, aliases=_pointing(observed, {room.room_id for room in kept.values()}))
    after = taken(observed, plan(shipped(), observed, grants))
    assert writes(plan(shipped(), after, grants)) == ()


def test_each_difference_has_its_sentence() -> None:
    observed = applied()
    reception = _with(observed.rooms[RoomKey("reception")], state.NAME, "", {"name": "Lobby"})
    root = _with(observed.rooms[RoomKey("root")], state.CHILD, "!library", {})
    library = _with(observed.rooms[RoomKey("library")], state.JOIN_RULES, "", {"join_rule": "public"})
    rooms = {**observed.rooms, RoomKey("reception"): reception, RoomKey("root"): root, RoomKey("library"): library}
    assert [step.sentence for step in plan(shipped(), replace(observed, rooms=rooms))] == [
        "Rename “Lobby” to “Reception”.",
        "Set who may join “Library”.",
        "List “Library” in “Community of Practice”.",
    ]


def test_a_lost_space_takes_its_rooms_along() -> None:
    """When a group's space is gone, its rooms stay, and follow the new one."""
    observed = applied()
    rooms = {key: room for key, room in observed.rooms.items() if key != "rhythm"}
    steps = plan(shipped(), replace(observed, rooms=rooms))
    kinds = [(type(step).__name__, step.key) for step in writes(steps)]
    assert ("CreateRoom", "rhythm") in kinds
    assert ("SetState", "rhythm/home") in kinds
    rebuilt = taken(replace(observed, rooms=rooms), steps)
    assert plan(shipped(), rebuilt) == ()


def test_a_bot_without_power_asks_a_person() -> None:
    observed = applied()
    weak = replace(observed.rooms[RoomKey("blogs")], creation=Creation("11", frozenset({UserId("@anna:example.org")})))
    weak = _with(_with(weak, power.POWER_LEVELS, "", {"users": {BOT: 10}}), state.NAME, "", {"name": "X"})
    (step,) = plan(shipped(), replace(observed, rooms={**observed.rooms, RoomKey("blogs"): weak}))
    assert isinstance(step, Notice)
    assert "The bot's power in “Blogs” is 10" in step.sentence


def test_encrypted_doubled_and_foreign_rooms_are_told() -> None:
    observed = applied()
    encrypted = _with(observed.rooms[RoomKey("blogs")], "m.room.encryption", "", {"algorithm": "x"})
    double = replace(observed.rooms[RoomKey("photos")], room_id=RoomId("!double"))
    observed = replace(
        observed,
        rooms={**observed.rooms, RoomKey("blogs"): encrypted},
        doubles=(double,),
        foreign=(ForeignMarker(RoomId("!trap"), "@mallory:example.org"),),
    )
    steps = plan(shipped(), observed)
    assert all(isinstance(step, Notice) for step in steps)
    assert [word in step.sentence for step, word in zip(steps, ("encrypted", "!double", "!trap"), strict=True)] == [
        True
    ] * 3


def test_grants_show_in_the_sentence() -> None:
    grant = RoleGrant(UserId("@anna:example.org"), "secretariat", COMMUNITY)
    steps = writes(plan(shipped(), applied(), [grant]))
    assert len(steps) == len(KEYS)
    assert steps[0].sentence == "Set the power levels of “Community of Practice”: @anna:example.org 90."
    back = writes(plan(shipped(), applied((grant,))))
    assert back[0].sentence == "Set the power levels of “Community of Practice”: @anna:example.org 0."


JUNK: Any = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=100)
@given(st.lists(st.fixed_dictionaries({}, optional=dict.fromkeys(("type", "state_key", "content", "sender"), JUNK))))
def test_malformed_state_is_never_ours(events: list[JsonDict]) -> None:
    assert read_state(RoomId("!a"), events, BOT) is None
