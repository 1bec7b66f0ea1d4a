"""Applying: everything is made once, a second run writes nothing, and a kill at any moment makes no double."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from copp_bot.core.ids import RoomId, UserId
from copp_bot.core.matrix.port import MARKER, Forbidden, RateLimited, Unavailable, UnknownToken
from copp_bot.core.store import rooms as mirror
from copp_bot.rooms.apply import apply, look_and_plan
from copp_bot.rooms.notices import Notice
from copp_bot.rooms.plan import writes
from storage.tables.people import GrantRow
from storage.tables.rooms import RoomRow
from tests.fakes.matrix import FakeMatrix
from tests.rooms.support import BOT, around, opened, shipped
from tests.world import Refused

ANNA = UserId("@anna:example.org")


class Killed(BaseException):
    """The process ends here."""


def markers(matrix: FakeMatrix) -> list[str]:
    """The declared keys of all rooms of the server."""
    return sorted(
        room.state[MARKER, ""]["content"]["key"] for room in matrix.rooms.values() if (MARKER, "") in room.state
    )


def state(matrix: FakeMatrix, room_id: str, kind: str, state_key: str = "") -> Any:
    """The content of a state event."""
    return matrix.rooms[room_id].state[kind, state_key]["content"]


async def test_everything_is_made_once(database_url: str) -> None:
    matrix = FakeMatrix()
    said: list[tuple[int, int, str]] = []
    async with opened(database_url) as database:
        outcome = await apply(shipped(), around(matrix.bot(BOT), database), lambda *step: said.append(step))
        assert (outcome.refused, outcome.notices) == ((), ())
        assert [number for number, _total, _sentence in said] == list(range(1, outcome.total + 1))
        assert markers(matrix) == sorted(room.key for room in shipped().all)
        rows = await database.read(mirror.managed)
    assert {row.key: row.room_id for row in rows} == outcome.rooms
    assert all(row.version == "12" and row.creators == [BOT] and row.power_levels for row in rows)
    assert {row.key: (row.kind, row.scope, row.readers) for row in rows} == {
        room.key: (room.kind, room.scope, room.readers) for room in shipped().all
    }


async def test_rooms_are_as_designed(database_url: str) -> None:
    matrix = FakeMatrix()
    async with opened(database_url) as database:
        rooms = (await apply(shipped(), around(matrix.bot(BOT), database))).rooms
    assert state(matrix, rooms["root"], "m.room.join_rules") == {"join_rule": "invite"}
    assert state(matrix, rooms["rhythm"], "m.room.join_rules") == {"join_rule": "invite"}
    assert state(matrix, rooms["stewards"], "m.room.join_rules") == {"join_rule": "invite"}
    assert state(matrix, rooms["reception"], "m.room.join_rules") == {"join_rule": "public"}
    for key, space in (("coffee-shop", "root"), ("rhythm/home", "rhythm")):
        allow = [{"type": "m.room_membership", "room_id": rooms[space]}]
        assert state(matrix, rooms[key], "m.room.join_rules") == {"join_rule": "restricted", "allow": allow}
        assert state(matrix, rooms[key], "m.space.parent", rooms[space])["canonical"] is True
        assert state(matrix, rooms[space], "m.space.child", rooms[key])["via"] == ["example.org"]
    assert state(matrix, rooms["root"], "m.room.power_levels")["events_default"] == 100
    assert state(matrix, rooms["announcements"], "m.room.power_levels")["events_default"] == 50
    assert all(("m.room.encryption", "") not in matrix.rooms[room].state for room in rooms.values())
    assert matrix.aliases == {"#reception:example.org": rooms["reception"]}


async def test_the_second_run_writes_nothing(database_url: str) -> None:
    matrix = FakeMatrix()
    async with opened(database_url) as database:
        setting = around(matrix.bot(BOT), database)
        first = await apply(shipped(), setting)
        before = matrix.calls.copy()
        second = await apply(shipped(), setting)
    made = matrix.calls - before
    assert second.total == 0
    assert second.rooms == first.rooms
    assert made["create_room"] == made["set_state"] == 0
    assert made["state"] == len(first.rooms)


@pytest.mark.parametrize("method", ["create_room", "set_state"])
async def test_killed_after_each_step_and_resumed(database_url: str, method: str) -> None:
    """The process dies before, or right after, each of its writes in turn; one server, one run after the other."""
    matrix = FakeMatrix()
    bot = matrix.bot(BOT)
    total = len(shipped().all) if method == "create_room" else 20
    real = getattr(bot, method)

    async def lethal(*args: Any) -> Any:
        if len(deaths) % 2:
            deaths.append("before")
            raise Killed
        await real(*args)
        deaths.append("after")
        raise Killed

    async with opened(database_url) as database:
        deaths: list[str] = []
        setattr(bot, method, lethal)
        while len(deaths) < 2 * total:
            try:
                await apply(shipped(), around(bot, database))
            except Killed:
                continue
            break
        setattr(bot, method, real)
        await apply(shipped(), around(bot, database))
        assert (await apply(shipped(), around(bot, database))).total == 0
    assert deaths.count("after") == total
    assert markers(matrix) == sorted(room.key for room in shipped().all)


async def test_lost_answers_rate_limits_and_outages_make_no_doubles(database_url: str) -> None:
    matrix = FakeMatrix()
    paused: list[float] = []

    async def pause(seconds: float) -> None:
        paused.append(seconds)

    async with opened(database_url) as database:
        matrix.drop_response_next("create_room", 3)
        matrix.drop_response_next("set_state", 2)
        matrix.fail_next("create_room", RateLimited(62.0))
        matrix.fail_next("joined_rooms", Unavailable("", "away", 502), 4)
        outcome = await apply(shipped(), replace(around(matrix.bot(BOT), database), pause=pause))
    assert not outcome.refused
    assert markers(matrix) == sorted(room.key for room in shipped().all)
    assert [wait for wait in paused if wait >= 62.0] == [wait for wait in paused if wait > 60.0]
    assert max(paused) < 63.0


async def test_a_refused_step_is_told_and_the_others_go_on(database_url: str) -> None:
    matrix = FakeMatrix()
    async with opened(database_url) as database:
        setting = around(matrix.bot(BOT), database)
        await apply(shipped(), setting)
        renamed = replace(shipped(), rooms=tuple(replace(room, topic="New") for room in shipped().rooms))
        matrix.fail_next("set_state", Forbidden("M_FORBIDDEN", "no", 403))
        outcome = await apply(renamed, setting)
    assert outcome.done == len(renamed.rooms) - 1
    assert outcome.refused == ("Set the topic of “Reception”. The homeserver refused (M_FORBIDDEN).",)


async def test_an_unknown_token_ends_it(database_url: str) -> None:
    matrix = FakeMatrix()
    async with opened(database_url) as database:
        matrix.fail_next("create_room", UnknownToken("M_UNKNOWN_TOKEN", "gone", 401))
        with pytest.raises(UnknownToken):
            await apply(shipped(), around(matrix.bot(BOT), database))


async def test_a_lost_database_costs_no_rooms(tmp_path: Path, database_url: str) -> None:
    matrix = FakeMatrix()
    (tmp_path / "first").mkdir()
    async with opened(tmp_path / "first") as database:
        first = await apply(shipped(), around(matrix.bot(BOT), database))
    async with opened(database_url) as database:
        second = await apply(shipped(), around(matrix.bot(BOT), database))
    assert (second.total, second.rooms) == (0, first.rooms)


async def test_grants_become_power(database_url: str) -> None:
    matrix = FakeMatrix()
    now = datetime.now(UTC)
    grant = GrantRow(user_id=ANNA, role="steward", scope="group:rhythm", granted_by=BOT, granted_at=now)
    async with opened(database_url) as database:
        setting = around(matrix.bot(BOT), database)
        rooms = (await apply(shipped(), setting)).rooms
        await database.write(lambda session: session.add(grant))
        _observed, steps = await look_and_plan(shipped(), setting)
        assert steps[0].sentence == f"Set the power levels of “Rhythm and language”: {ANNA} 50."
        assert len(writes(steps)) == 4
        await apply(shipped(), setting)
    assert state(matrix, rooms["rhythm/home"], "m.room.power_levels")["users"] == {ANNA: 50}
    assert state(matrix, rooms["coffee-shop"], "m.room.power_levels")["users"] == {}


async def test_a_foreign_marker_is_not_ours(database_url: str) -> None:
    matrix = FakeMatrix()
    mallory = matrix.person("mallory")
    trap = await mallory.create_room(
        {"initial_state": [{"type": MARKER, "state_key": "", "content": {"key": "stewards", "kind": "room"}}]}
    )
    await mallory.invite(trap, BOT)
    bot = matrix.bot(BOT)
    await bot.join(RoomId(trap))
    async with opened(database_url) as database:
        outcome = await apply(shipped(), around(bot, database))
        row = await database.read(lambda session: session.get(RoomRow, trap))
    assert outcome.rooms["stewards"] != trap
    assert row is None
    assert outcome.notices == (
        f"The room {trap} carries our marker, but {mallory.user_id} has set it. It is left alone.",
    )


async def test_a_squatted_alias_is_told_and_costs_only_the_alias(database_url: str) -> None:
    matrix = FakeMatrix()
    squat = await matrix.person("mallory").create_room({"room_alias_name": "reception"})
    async with opened(database_url) as database:
        outcome = await apply(shipped(), around(matrix.bot(BOT), database))
    assert matrix.aliases["#reception:example.org"] == squat
    assert outcome.rooms["reception"] != squat
    assert len(outcome.notices) == 1
    assert "#reception:example.org does not lead to “Reception”" in outcome.notices[0]


async def test_what_is_not_declared_any_more_stays(database_url: str) -> None:
    matrix = FakeMatrix()
    async with opened(database_url) as database:
        setting = around(matrix.bot(BOT), database)
        first = await apply(shipped(), setting)
        fewer = replace(shipped(), rooms=tuple(room for room in shipped().rooms if room.key != "blogs"))
        observed, steps = await look_and_plan(fewer, setting)
    assert observed.ids == first.rooms
    assert all(isinstance(step, Notice) for step in steps)
    assert steps[0].sentence.startswith("“Blogs” (blogs) is not declared any more")


async def test_an_unlisted_group_is_not_below_the_root(database_url: str) -> None:
    matrix = FakeMatrix()
    spaces = tuple(replace(space, linked=space.key != "rhythm") for space in shipped().spaces)
    async with opened(database_url) as database:
        setting = around(matrix.bot(BOT), database)
        rooms = (await apply(replace(shipped(), spaces=spaces), setting)).rooms
        assert ("m.space.child", rooms["rhythm"]) not in matrix.rooms[rooms["root"]].state
        assert (await apply(shipped(), setting)).done == 2
        assert "via" in state(matrix, rooms["root"], "m.space.child", rooms["rhythm"])
        assert (await apply(replace(shipped(), spaces=spaces), setting)).done == 1
        assert state(matrix, rooms["root"], "m.space.child", rooms["rhythm"]) == {}


async def test_outsiders_learn_no_names(database_url: str) -> None:
    matrix = FakeMatrix()
    async with opened(database_url) as database:
        rooms = (await apply(shipped(), around(matrix.bot(BOT), database))).rooms
    outsider = matrix.person("outsider")
    for key, room_id in rooms.items():
        if key != "reception":
            with pytest.raises(Refused):
                await outsider.join(room_id)
            with pytest.raises(Refused):
                await outsider.timeline(room_id)
