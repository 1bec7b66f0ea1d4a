"""What people change by hand is set back or asked about, never fought over; rooms that were replaced are followed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from copp_bot.core.ids import RoomId
from copp_bot.core.matrix.port import MARKER
from copp_bot.core.store import rooms as rooms_store
from copp_bot.rooms.declared import declared_rooms
from tests.fakes.person import FakeWorld
from tests.features.rooms.jobs import check, look
from tests.house import House, community, running
from tests.world import Person

OFFICE = [("secretariat", "community")]
TOPIC = "m.room.topic"


async def office(house: House, name: str = "olga") -> Person:
    """Someone of the Secretariat, who may set names and topics by hand."""
    person = await house.member(name, roles=OFFICE)
    await check(house)
    await house.accept(person)
    return person


async def content(house: House, key: str, kind: str, state_key: str = "") -> dict[str, Any]:
    """What a room's state says now."""
    return await house.homeserver.state_event(house.rooms[key], kind, state_key) or {}


def cards(texts: list[str]) -> list[str]:
    """What the Secretariat was told about drift."""
    return [text for text in texts if "is not as declared" in text]


async def test_drift_is_set_back_three_times_an_hour_and_then_asked_about(house: House) -> None:
    olga = await office(house)
    room = house.rooms["blogs"]
    declared = (await content(house, "blogs", TOPIC))["topic"]
    for number in range(1, 6):
        await olga.set_state(room, TOPIC, "", {"topic": f"Mine {number}"})
        await house.settled()
        now = (await content(house, "blogs", TOPIC))["topic"]
        assert now == (declared if number <= 3 else f"Mine {number}")
    told = [said for said in await house.said(olga, "direct") if "I have set back what you changed in “Blogs”" in said]
    assert len(told) == 1
    (first, second) = cards(await house.said(olga, "secretariat"))
    assert first.split("\n") == [
        f"“Blogs” is not as declared: {olga.user_id} has changed it.",
        "Set the topic of “Blogs”.",
        "It says “Mine 4”; declared is “What members think and write”.",
        "I have set this back three times within an hour, and leave it now.",
        "To have it as declared, choose ✅ or type: !rooms apply",
        "To keep it, change the declaration.",
        "✅ as declared",
    ]
    assert second.split("\n")[0] == first.split("\n")[0]
    await look(house)
    assert (await content(house, "blogs", TOPIC))["topic"] == "Mine 5"
    assert len(cards(await house.said(olga, "secretariat"))) == 2
    assert await house.ask(olga, "secretariat", "!rooms apply") == "Done: 1 of 1 step."
    assert (await content(house, "blogs", TOPIC))["topic"] == declared


@pytest.mark.one_homeserver
async def test_what_is_not_declared_is_nobodys_drift(house: House) -> None:
    olga = await office(house)
    await olga.set_state(house.rooms["blogs"], "m.room.pinned_events", "", {"pinned": ["$a"]})
    await olga.set_state(house.rooms["blogs"], "m.room.avatar", "", {"url": "mxc://x/y"})
    await house.settled()
    await look(house)
    assert await content(house, "blogs", "m.room.avatar") == {"url": "mxc://x/y"}
    assert cards(await house.said(olga, "secretariat")) == []


async def test_drift_of_the_tree_is_set_back(house: House) -> None:
    """A room taken off its space's list, and its place among the others."""
    olga = await office(house)
    root, blogs = house.rooms["root"], house.rooms["blogs"]
    before = await content(house, "root", "m.space.child", blogs)
    await olga.set_state(root, "m.space.child", blogs, {})
    await house.settled()
    assert await content(house, "root", "m.space.child", blogs) == before


async def test_a_room_of_ours_is_listed_in_its_own_space_alone(house: House) -> None:
    """A room that is nobody's business but of who listed it stays on the list."""
    olga = await office(house)
    coffee, foreign = house.rooms["coffee-shop"], await olga.create_room({"preset": "public_chat"})
    for child in (coffee, foreign):
        await olga.set_state(house.rooms["rhythm"], "m.space.child", child, {"via": ["example.org"]})
    await house.settled()
    assert await content(house, "rhythm", "m.space.child", coffee) == {}
    assert (await content(house, "rhythm", "m.space.child", foreign))["via"]
    assert (await content(house, "root", "m.space.child", coffee))["via"]
    assert "set back what olga had changed by hand" in await house.ask(olga, "direct", "!audit")


async def test_drift_while_the_bot_was_off_is_found_at_the_start(tmp_path: Path) -> None:
    world = FakeWorld()
    async with community(world, tmp_path) as house:
        olga = await office(house)
        declared = await content(house, "blogs", "m.room.name")
    await olga.set_state(house.rooms["blogs"], "m.room.name", "", {"name": "Mine"})
    async with _again(house) as house:
        await house.settled()
        assert await content(house, "blogs", "m.room.name") == declared


@pytest.mark.one_homeserver
async def test_where_drift_is_reported_nothing_is_set_back(house: House) -> None:
    """Apart from doors."""
    await house.settled()
    rooms = declared_rooms(house.app.core.rooms)
    rooms.folder = replace(rooms.folder, repairs_drift=False)
    rooms.become(rooms.folder)
    olga = await office(house)
    await olga.set_state(house.rooms["blogs"], TOPIC, "", {"topic": "Mine"})
    await house.settled()
    assert (await content(house, "blogs", TOPIC))["topic"] == "Mine"
    (card,) = cards(await house.said(olga, "secretariat"))
    assert "three times" not in card


async def test_power_by_hand_is_set_back(tmp_path: Path) -> None:
    """An emergency creator makes someone strong; the mirror and the look agree on what is wrong, and it is undone."""
    world = FakeWorld()
    async with community(world, tmp_path) as house:
        anna = await house.member("anna")
        room = house.rooms["blogs"]
        before = await content(house, "blogs", "m.room.power_levels")
        strong = {**before, "users": {**before["users"], anna.user_id: 60}}
        create = world.matrix.rooms[room].state["m.room.create", ""]
        create["content"]["additional_creators"] = [anna.user_id]
        await anna.set_state(room, "m.room.power_levels", "", {**strong, "users": {"@ben:example.org": 60}})
        await house.settled()
        assert await content(house, "blogs", "m.room.power_levels") == before


@asynccontextmanager
async def _again(house: House) -> AsyncIterator[House]:
    """The bot once more, on the same server and database."""
    from copp_bot.app import App  # noqa: PLC0415
    from storage.database import Database  # noqa: PLC0415

    database = Database(house.app.settings.database)
    app = App(house.app.settings, house.homeserver, database, house.app.declared)
    async with running(app):
        yield House(house.world, app, house.homeserver, database, house.rooms, house.data_dir, house.people)
    database.close()


class Upgrade:
    """A room replaced as clients do it: a new room that names the old one, then a tombstone that names the new one."""

    def __init__(self, world: FakeWorld, house: House, key: str) -> None:
        self.matrix, self.house, self.key = world.matrix, house, key
        self.old = house.rooms[key]

    def make_creator(self, person: Person) -> None:
        """Give the right, as ``COPP_EMERGENCY_CREATORS`` does."""
        create = self.matrix.rooms[self.old].state["m.room.create", ""]
        create["content"]["additional_creators"] = [person.user_id]

    async def by(self, person: Person, **how: Any) -> RoomId:
        """Do it; ``how`` spoils it."""
        old = self.matrix.rooms[self.old].state
        kind = old["m.room.create", ""]["content"].get("type")
        creation: dict[str, Any] = {"predecessor": {"room_id": how.get("predecessor", self.old)}}
        creation |= {"type": kind} if kind else {}
        new = await person.create_room(
            {
                "room_version": how.get("version", "12"),
                "creation_content": creation,
                "initial_state": [
                    {"type": "m.room.join_rules", "state_key": "", "content": {"join_rule": how.get("door", "invite")}},
                ],
                "power_level_content_override": {"users": how.get("users", {self.house.bot: 100})},
                "invite": [self.house.bot] if how.get("invited", True) else [],
            }
        )
        await person.set_state(self.old, "m.room.tombstone", "", {"body": "moved", "replacement_room": new})
        await self.house.settled()
        return RoomId(new)


async def key_of(house: House, room: str) -> str | None:
    """The declared key that the mirror gives to a room."""
    row = await house.database.read(lambda session: rooms_store.get(session, room))
    return row.key if row else None


async def test_a_replaced_space_is_followed_with_all_that_hangs_on_it(tmp_path: Path) -> None:
    world = FakeWorld()
    async with community(world, tmp_path) as house:
        olga = await office(house)
        anna, ben = await house.member("anna", "rhythm"), await house.member("ben", "rhythm")
        await ben.leave(house.rooms["rhythm"])
        await house.settled()
        upgrade = Upgrade(world, house, "rhythm")
        upgrade.make_creator(olga)
        new = await upgrade.by(olga)
        assert (await key_of(house, new), await key_of(house, upgrade.old)) == ("rhythm", None)
        state = world.matrix.rooms[new].state
        assert state[MARKER, ""]["sender"] == house.bot
        root = world.matrix.rooms[house.rooms["root"]].state
        assert root["m.space.child", new]["content"]["via"]
        assert root["m.space.child", upgrade.old]["content"] == {}
        home = world.matrix.rooms[house.rooms["rhythm/home"]].state
        assert home["m.room.join_rules", ""]["content"]["allow"][0]["room_id"] == new
        assert home["m.space.parent", upgrade.old]["content"] == {}
        # Who is in the group is taken along; who is not gets in by neither door.
        assert new in await anna.joined()
        assert new not in await ben.joined() | await ben.invited()
        await ben_goes_back(world, house, ben, upgrade.old)
        with pytest.raises(Exception, match="403"):
            await ben.join(house.rooms["rhythm/home"])
        assert "was replaced by a new room" in "\n".join(await house.said(olga, "secretariat"))
        assert await house.ask(olga, "direct", "!rooms plan") == "Everything is as declared; there is nothing to do."


async def ben_goes_back(world: FakeWorld, house: House, ben: Person, old: RoomId) -> None:
    """Into the old space, by an invitation of the past."""
    world.matrix.set_membership(house.bot, old, ben.user_id, "invite")
    await ben.join(old)
    await house.settled()


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ({"predecessor": "!another", "door": "public"}, "does not follow ours"),
        ({"predecessor": "!another"}, "I cannot join it"),
        ({"invited": False}, "I cannot join it"),
        ({"version": "11", "users": {}}, "power there is 0"),
    ],
)
async def test_a_room_that_does_not_verifiably_follow_is_refused(tmp_path: Path, how: dict[str, Any], why: str) -> None:
    world = FakeWorld()
    async with community(world, tmp_path) as house:
        olga = await office(house)
        upgrade = Upgrade(world, house, "blogs")
        upgrade.make_creator(olga)
        if how.get("users") == {}:
            how = {**how, "users": {olga.user_id: 100}}
        new = await upgrade.by(olga, **how)
        assert (await key_of(house, new), await key_of(house, upgrade.old)) == (None, "blogs")
        await look(house)
        told = [text for text in await house.said(olga, "secretariat") if "in favour of another room" in text]
        assert len(told) == 1
        assert why in told[0]


async def test_a_new_room_of_another_key_is_refused(tmp_path: Path) -> None:
    world = FakeWorld()
    async with community(world, tmp_path) as house:
        olga = await office(house)
        upgrade = Upgrade(world, house, "blogs")
        upgrade.make_creator(olga)
        tombstone = {"body": "moved", "replacement_room": house.rooms["secretariat"]}
        await olga.set_state(upgrade.old, "m.room.tombstone", "", tombstone)
        await house.settled()
        assert await key_of(house, house.rooms["secretariat"]) == "secretariat"
        assert "It is another room of ours." in "\n".join(await house.said(olga, "secretariat"))


async def test_opened_groups_survive_a_restart_and_a_lost_database(tmp_path: Path) -> None:
    world = FakeWorld()
    (tmp_path / "first").mkdir()
    async with community(world, tmp_path / "first") as house:
        olga = await office(house)
        await house.ask(olga, "direct", "!group new Drama kind:project")
        await house.ask(olga, "direct", "!group open drama")
        await house.ask(olga, "direct", "!group close drama yes")
    async with _again(house) as house:
        assert house.app.core.rooms.groups()["drama"].closed
    async with community(world, tmp_path) as house:
        await house.settled()
        info = house.app.core.rooms.groups()["drama"]
        assert (info.title, info.kind, info.closed) == ("Drama", "project", True)
        markers = [
            room.state[MARKER, ""]["content"] for room in world.matrix.rooms.values() if (MARKER, "") in room.state
        ]
        keys = sorted(marker["key"] for marker in markers if "key" in marker)
        assert keys == sorted(room.key for room in declared_rooms(house.app.core.rooms).declaration.all)
        members = world.matrix.rooms[await _room(house, "drama/home")].state["m.room.power_levels", ""]["content"]
        assert members["events_default"] == 50


async def _room(house: House, key: str) -> str:
    found = await house.database.read(lambda session: rooms_store.room_id(session, key))
    assert found is not None
    return found
