"""Who belongs where: rights follow the spaces and the grants, both ways, and people's own decisions stand."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from copp_bot.core.ids import COMMUNITY, RoomId, Scope, UserId
from copp_bot.rooms.rights import BRING, REMOVE, HeldRole, Move, RoomFacts, Snapshot, Stay, misplaced
from tests.rooms.support import BOT, shipped

START = datetime(2026, 1, 1, tzinfo=UTC)
ANNA, STEWARD = UserId("@anna:example.org"), UserId("@steward:example.org")
ROOMS = tuple(
    RoomFacts(RoomId(f"!{r.key}"), r.key, r.is_space, r.scope, r.readers, r.is_given, frozenset({BOT}))
    for r in shipped().all
)
GIVEN = {"reception", "announcements", "coffee-shop", "meetings", "library", "blogs", "photos"}
RHYTHM = {"rhythm/home", "rhythm/library", "rhythm/photos"}


def at(hour: int) -> datetime:
    """So many hours after the start."""
    return START + timedelta(hours=hour)


def stay(membership: str = "join", hour: int = 0, by: UserId = ANNA) -> Stay:
    """A membership since an hour."""
    return Stay(membership, by, at(hour))


def snapshot(stays: dict[str, Stay], roles: Iterable[HeldRole] = ()) -> Snapshot:
    """A world with Anna alone."""
    spaces = frozenset(room.room_id for room in ROOMS if room.is_space)
    held = {RoomId(f"!{key}"): one for key, one in stays.items()}
    return Snapshot(BOT, ROOMS, spaces, {ANNA: held}, {ANNA: tuple(roles)}, frozenset({"lead_steward", "secretariat"}))


def moves(stays: dict[str, Stay], roles: Iterable[HeldRole] = ()) -> tuple[set[str], set[str]]:
    """Keys into which Anna is brought, and from which she is removed."""
    found = misplaced(snapshot(stays, roles))
    return _keys(found, BRING), _keys(found, REMOVE)


def _keys(found: tuple[Move, ...], kind: str) -> set[str]:
    return {move.room_id[1:] for move in found if move.kind == kind}


def inside(*keys: str, hour: int = 1) -> dict[str, Stay]:
    """Joined to these."""
    return {key: stay(hour=hour) for key in keys}


def test_joining_the_root_gives_the_public_area() -> None:
    assert moves(inside("root")) == (GIVEN, set())


def test_joining_a_group_gives_its_rooms() -> None:
    assert moves(inside("root", *GIVEN, "rhythm")) == (RHYTHM, set())


def test_free_rooms_may_be_joined_but_are_not_given() -> None:
    assert moves(inside("root", *GIVEN, "topic-democracy")) == (set(), set())


def test_leaving_the_group_takes_its_rooms() -> None:
    world = inside("root", *GIVEN, *RHYTHM) | {"rhythm": stay("leave", 2)}
    assert moves(world) == (set(), RHYTHM)


def test_pending_invitations_go_too() -> None:
    world = inside("root", *GIVEN) | {"rhythm": stay("leave", 2), "rhythm/home": stay("invite", 1, BOT)}
    assert moves(world) == (set(), {"rhythm/home"})


@pytest.mark.parametrize("end", ["leave", "ban"])
def test_leaving_the_root_takes_everything_but_reception(end: str) -> None:
    world = inside(*GIVEN, "rhythm", *RHYTHM, "topic-democracy", "stewards") | {"root": stay(end, 2)}
    everything = {*GIVEN, "rhythm", *RHYTHM, "topic-democracy", "stewards"} - {"reception"}
    assert moves(world, [HeldRole("steward", COMMUNITY, at(0))]) == (set(), everything)


def test_a_newcomer_stays_in_reception() -> None:
    assert moves(inside("reception")) == (set(), set())


def test_an_outsider_in_a_group_is_removed() -> None:
    assert moves(inside("rhythm")) == (set(), {"rhythm"})
    assert moves({"rhythm": stay("invite", 1, STEWARD)}) == (set(), {"rhythm"})


def test_someone_invited_to_the_root_is_waited_for() -> None:
    assert moves(inside("rhythm") | {"root": stay("invite", 0, BOT)}) == (set(), set())


def test_who_left_by_themselves_is_not_brought_back() -> None:
    world = inside("root", *GIVEN) | {"coffee-shop": stay("leave", 2)}
    assert moves(world) == (set(), set())


def test_who_was_put_out_by_a_person_is_not_brought_back() -> None:
    world = inside("root", *GIVEN) | {"coffee-shop": stay("leave", 2, STEWARD)}
    assert moves(world) == (set(), set())


def test_joining_the_space_again_begins_anew() -> None:
    world = inside("root", *GIVEN, hour=5) | {"coffee-shop": stay("leave", 2)}
    assert moves(world) == ({"coffee-shop"}, set())


def test_who_was_removed_by_the_bot_is_brought_back_even_if_the_removal_came_late() -> None:
    world = inside("root", *GIVEN, hour=5) | {"coffee-shop": stay("leave", 6, BOT)}
    assert moves(world) == ({"coffee-shop"}, set())


def test_the_banned_are_left_alone() -> None:
    world = inside("root", *GIVEN) | {"coffee-shop": stay("ban", 2, STEWARD)}
    assert moves(world) == (set(), set())


def test_the_invited_are_not_asked_twice() -> None:
    world = inside("root", *GIVEN) | {"coffee-shop": stay("invite", 2, BOT)}
    assert moves(world) == (set(), set())


def test_role_rooms_follow_grants() -> None:
    steward = HeldRole("steward", COMMUNITY, at(3))
    assert moves(inside("root", *GIVEN), [steward]) == ({"stewards"}, set())
    assert moves(inside("root", *GIVEN, "stewards")) == (set(), {"stewards"})
    of_a_group = HeldRole("steward", Scope("group:rhythm"), at(3))
    assert moves(inside("root", *GIVEN), [of_a_group]) == ({"stewards"}, set())
    left = inside("root", *GIVEN) | {"stewards": stay("leave", 2)}
    assert moves(left, [steward]) == ({"stewards"}, set())
    assert moves(left, [HeldRole("steward", COMMUNITY, at(1))]) == (set(), set())


def test_lead_and_secretariat_are_in_every_group() -> None:
    lead = HeldRole("lead_steward", COMMUNITY, at(0))
    assert moves(inside("root", *GIVEN, "stewards"), [lead]) == ({"rhythm", "archive"}, set())
    secretariat = HeldRole("secretariat", COMMUNITY, at(0))
    everywhere = {"rhythm", "archive", "stewards", "secretariat"}
    assert moves(inside("root", *GIVEN), [secretariat]) == (everywhere, set())


def test_what_a_role_gave_goes_with_it() -> None:
    """Not what somebody had before, or was given since."""
    world = snapshot(inside("root", *GIVEN, "rhythm", *RHYTHM, "archive"))
    world = replace(world, by_role=frozenset({(ANNA, RoomId("!rhythm"))}))
    assert _keys(misplaced(world), REMOVE) == {"rhythm"}  # its rooms follow
    lead = HeldRole("lead_steward", COMMUNITY, at(0))
    held = replace(world, roles={ANNA: (lead,)})
    assert "!rhythm" not in {move.room_id for move in misplaced(held)}


def test_an_unknown_space_costs_nobody_anything() -> None:
    world = snapshot(inside("root", *GIVEN, "rhythm", *RHYTHM))
    spaces = world.inhabited - {RoomId("!rhythm")}
    assert misplaced(replace(world, inhabited=spaces)) == ()
    assert misplaced(replace(world, inhabited=frozenset())) == ()
    without = tuple(room for room in ROOMS if room.key != "rhythm")
    assert misplaced(replace(world, rooms=without)) == ()


def test_bot_and_creators_are_untouched() -> None:
    rooms = tuple(replace(room, creators=frozenset({BOT, ANNA})) for room in ROOMS)
    world = replace(snapshot(inside("rhythm", "stewards")), rooms=rooms)
    assert misplaced(world) == ()
    stays = {BOT: {RoomId("!rhythm"): stay()}}
    assert misplaced(replace(world, stays=stays, roles={})) == ()


def test_a_marker_names_one_occasion() -> None:
    first = misplaced(snapshot(inside("root", *GIVEN, "rhythm", hour=1)))
    again = misplaced(snapshot(inside("root", *GIVEN, "rhythm", hour=1)))
    later = misplaced(snapshot(inside("root", *GIVEN, hour=1) | inside("rhythm", hour=9)))
    assert [move.marker for move in first] == [move.marker for move in again]
    assert not {move.marker for move in first} & {move.marker for move in later}


MEMBERSHIPS = st.builds(
    Stay, st.sampled_from(["join", "leave", "invite", "ban", "knock"]), st.sampled_from([ANNA, BOT, STEWARD]),
    st.integers(0, 6).map(at),
)  # fmt: skip
HELD = st.builds(
    HeldRole, st.sampled_from(["steward", "lead_steward", "secretariat"]),
    st.sampled_from([COMMUNITY, Scope("group:rhythm")]), st.integers(0, 6).map(at),
)  # fmt: skip


@settings(max_examples=300)
@given(st.dictionaries(st.sampled_from([room.key for room in ROOMS]), MEMBERSHIPS), st.lists(HELD, max_size=2))
def test_moves_come_to_rest_and_let_nobody_in_who_may_not(stays: dict[str, Stay], roles: list[HeldRole]) -> None:
    """After three rounds of making every move there is none left, and only members of a space are in its rooms."""
    now = dict(stays)
    for hour in range(10, 13):
        for move in misplaced(snapshot(now, roles)):
            membership = "join" if move.kind == BRING else "leave"
            now[move.room_id[1:]] = Stay(membership, ANNA if move.kind == BRING else BOT, at(hour))
    assert misplaced(snapshot(now, roles)) == ()
    member = "root" in now and now["root"].membership == "join"
    waiting = "root" in now and now["root"].membership == "invite"
    for key, one in now.items():
        if one.membership == "join" and key not in ("root", "reception") and not waiting:
            assert member
            group = key.split("/")[0]
            assert "/" not in key or now[group].membership == "join"
