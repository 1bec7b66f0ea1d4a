"""Avatars, addresses, room versions, and how little is asked: on the fake and on a real Synapse."""

import shutil
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from copp_bot.core.ids import RoomId
from copp_bot.core.matrix.port import MARKER, Homeserver
from copp_bot.demo.homeserver import LocalHomeserver
from copp_bot.rooms import state
from copp_bot.rooms.apply import apply, look_and_plan
from copp_bot.rooms.declaration import load
from copp_bot.rooms.declared import Declaration
from copp_bot.rooms.reading import DeclarationError
from tests.fakes.person import FakeWorld
from tests.rigs.person import SynapseWorld
from tests.rooms.support import around, copied, opened, shipped
from tests.world import World

PNG = b"\x89PNG\r\n\x1a\n" + bytes(60)


@pytest.fixture(params=["fake", pytest.param("synapse", marks=pytest.mark.synapse)])
def real(request: pytest.FixtureRequest) -> LocalHomeserver | None:
    """The real homeserver, or None for the fake."""
    return request.getfixturevalue("synapse") if request.param == "synapse" else None


@pytest.fixture
async def world(real: LocalHomeserver | None) -> AsyncIterator[World]:
    """A homeserver."""
    made: World = FakeWorld() if real is None else SynapseWorld(real)
    try:
        yield made
    finally:
        await made.close()


def small(declared: Declaration, *keys: str) -> Declaration:
    """The root and these rooms of the public area, so that it is quick."""
    return replace(
        declared,
        spaces=declared.spaces[:1],
        rooms=tuple(room for room in declared.rooms if room.key in keys),
        groups={},
    )


def counted(bot: Homeserver, monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Counts every call of the bot from now on."""
    calls: Counter[str] = Counter()

    def counting(name: str, call: Any) -> Any:
        async def run(*args: Any, **how: Any) -> Any:
            calls[name] += 1
            return await call(*args, **how)

        return run

    for name in ("state", "state_event", "set_state", "create_room", "joined_rooms", "resolve_alias", "set_alias",
                 "published_rooms", "publish", "members", "invite", "kick", "join", "upload", "send"):  # fmt: skip
        monkeypatch.setattr(bot, name, counting(name, getattr(bot, name)))
    return calls


async def test_a_plan_of_an_unchanged_community_asks_once_per_room(
    world: World, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And once for the list of rooms, for the room directory and for each declared address; it writes nothing."""
    bot = await world.bot_homeserver()
    declared = small(shipped(), "reception", "library", "blogs")
    async with opened(database_url) as database:
        await apply(declared, around(bot, database))
        calls = counted(bot, monkeypatch)
        observed, steps = await look_and_plan(declared, around(bot, database))
    assert steps == ()
    assert calls == {"joined_rooms": 1, "state": len(observed.rooms), "resolve_alias": 1, "published_rooms": 1}


def with_picture(folder: Path, data: bytes, name: str = "pictures/sun.png") -> Path:
    """The shipped declaration, in which Reception and Library show a picture."""
    config = copied(folder)
    (config / name).parent.mkdir(exist_ok=True)
    (config / name).write_bytes(data)
    rooms = (config / "rooms.yaml").read_text(encoding="utf-8")
    for key in ("reception", "library"):
        rooms = rooms.replace(f"  {key}:\n", f"  {key}:\n    avatar: {name}\n")
    (config / "rooms.yaml").write_text(rooms, encoding="utf-8")
    return config


async def test_a_picture_is_uploaded_once_and_anew_when_it_changes(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database_url: str
) -> None:
    bot = await world.bot_homeserver()
    calls = counted(bot, monkeypatch)
    config = with_picture(tmp_path, PNG)
    async with opened(database_url) as database:
        setting = around(bot, database)
        declared = small(load(config), "reception", "library")
        rooms = (await apply(declared, setting)).rooms
        shown = [await bot.state_event(rooms[key], state.AVATAR) for key in ("reception", "library")]
        assert calls["upload"] == 1
        assert shown[0] == shown[1] and shown[0] is not None
        assert shown[0]["url"].startswith("mxc://") and shown[0]["info"] == {"mimetype": "image/png"}
        assert (await apply(declared, setting)).total == 0
        (config / "pictures/sun.png").write_bytes(PNG + b"more")
        changed = await apply(small(load(config), "reception", "library"), setting)
    assert (changed.done, calls["upload"]) == (2, 2)


@pytest.mark.parametrize(
    ("data", "words"),
    [(b"<svg/>", "not a picture"), (PNG + bytes(1_000_001), "larger than 1 MB"), (None, "There is no file")],
)
def test_what_is_no_avatar_is_named(tmp_path: Path, data: bytes | None, words: str) -> None:
    config = with_picture(tmp_path, data or PNG)
    if data is None:
        shutil.rmtree(config / "pictures")
    with pytest.raises(DeclarationError) as caught:
        load(config)
    assert [words in mistake.problem and mistake.line is not None for mistake in caught.value.mistakes] == [True] * 2


async def test_an_address_that_became_free_is_given_and_a_lost_one_comes_back(world: World, database_url: str) -> None:
    bot = await world.bot_homeserver()
    declared = small(shipped(), "reception", "library")
    bare = replace(declared, rooms=tuple(replace(room, alias=None) for room in declared.rooms))
    async with opened(database_url) as database:
        setting = around(bot, database)
        rooms = (await apply(bare, setting)).rooms
        assert (await apply(declared, setting)).done == 2
        assert (await apply(declared, setting)).total == 0
    full = f"#reception:{world.server_name}"
    assert await bot.resolve_alias(full) == rooms["reception"]
    assert await bot.state_event(rooms["reception"], state.ALIAS) == {"alias": full}
    await bot.set_alias(full, rooms["reception"])  # again: nothing happens
    with pytest.raises(Exception, match=r"409|400"):
        await bot.set_alias(full, rooms["library"])


async def test_the_room_directory_shows_what_is_declared(world: World, database_url: str) -> None:
    """Also after a hand has taken the one off it and shown the other."""
    bot = await world.bot_homeserver()
    declared = small(shipped(), "reception", "coffee-shop")
    open_ = replace(declared, rooms=tuple(replace(room, readers="public") for room in declared.rooms))
    async with opened(database_url) as database:
        setting = around(bot, database)
        rooms = (await apply(open_, setting)).rooms
        assert rooms["reception"] in await bot.published_rooms()
        await bot.publish(rooms["reception"], False)
        await bot.publish(rooms["coffee-shop"], True)
        _observed, steps = await look_and_plan(open_, setting)
        assert sorted(step.sentence for step in steps) == [
            "Show “Reception” in the room directory.",
            "Take “Coffee shop” off the room directory.",
        ]
        assert (await apply(open_, setting)).done == 2
    shown = await bot.published_rooms()
    assert (rooms["reception"] in shown, rooms["coffee-shop"] in shown) == (True, False)


async def test_a_server_that_publishes_nothing_says_who_can_change_it(database_url: str) -> None:
    fake = FakeWorld()
    bot = await fake.bot_homeserver()
    declared = small(shipped(), "reception")
    async with opened(database_url) as database:
        setting = around(bot, database)
        fake.matrix.lists_rooms = False
        outcome = await apply(declared, setting)
        rooms, (told,) = outcome.rooms, outcome.notices
        assert (outcome.done, outcome.refused) == (len(rooms) + 1, ())
        outcome = await apply(declared, setting)
        assert outcome.notices == (told,)
        assert "room_list_publication_rules" in told and "in_directory: false" in told
        assert (outcome.done, outcome.refused) == (0, ())
        _observed, steps = await look_and_plan(declared, setting)
        assert [step.sentence for step in steps] == [told]
        assert fake.matrix.calls["publish"] == 2
        fake.matrix.lists_rooms = True
        outcome = await apply(declared, setting)
        assert (outcome.done, outcome.notices) == (1, ())
    assert fake.matrix.published == {rooms["reception"]}


@pytest.mark.parametrize("version", ["10", "11", "12"])
async def test_every_room_version_is_kept_alike(world: World, database_url: str, version: str) -> None:
    """Made, in order at once, and mended after a hand has changed it."""
    bot = await world.bot_homeserver()
    declared = replace(small(shipped(), "announcements", "stewards"), room_version=version)
    async with opened(database_url) as database:
        setting = around(bot, database)
        outcome = await apply(declared, setting)
        assert outcome.refused == ()
        room = RoomId(outcome.rooms["announcements"])
        create = next(raw for raw in await bot.state(room) if raw["type"] == "m.room.create")
        assert create["content"]["room_version"] == version
        levels = await bot.state_event(room, "m.room.power_levels")
        assert levels is not None
        await bot.set_state(room, "m.room.power_levels", "", {**levels, "ban": 60, "org.example.unknown": "kept"})
        await bot.set_state(room, state.JOIN_RULES, "", {"join_rule": "public"})
        assert (await apply(declared, setting)).done == 2
        mended = await bot.state_event(room, "m.room.power_levels")
        assert mended == {**levels, "org.example.unknown": "kept"}
        assert (await apply(declared, setting)).total == 0
        assert (await bot.state_event(room, MARKER) or {})["key"] == "announcements"
