"""The leak matrix of names: those who know of a group type all that takes or guesses one, where others read along.

The rule it keeps: a group that is not listed is named, by its key or its title, in no room that people outside it may
read, in answers, edits and messages alike; and those who are not in the community yet read the title of no group. What
someone typed may be quoted to them. A new command that takes a group, without its lines here, fails.
"""

import json
import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import pytest_asyncio

from copp_bot.core.commands.declare import Command, Kind
from copp_bot.rooms.declared import reader_roles
from tests.fakes.person import FakeWorld
from tests.features.built import built_features
from tests.features.library.library_house import number_in, shelve
from tests.house import ROOMS_CONFIG, House, community
from tests.world import Raw

pytestmark = pytest.mark.asyncio(loop_scope="module")
KEY, TITLE = "hush", "Velvet circle"
"""Of the group that is not listed."""
NEAR = "huhs"
"""Much like its key."""
LISTED = ("Rhythm and language", "Family archives in the classroom")
"""Titles of the groups that members may know of."""
STEWARD, LEAD, SECRETARIAT = "steward", "lead_steward", "secretariat"
ASKERS = ("goran", "ioana")
"""They may know nothing of the group, and have asked to join another."""
ENTERED: tuple[tuple[str, tuple[str, ...], tuple[tuple[str, str], ...]], ...] = (
    ("lucia", (KEY,), ()),
    ("zofia", (KEY, "rhythm"), ()),
    ("aino", (KEY, "rhythm"), ((STEWARD, f"group:{KEY}"), (STEWARD, "group:rhythm"))),
    ("matteo", (KEY,), ((STEWARD, "community"),)),
    ("birgit", (KEY, "rhythm"), ((LEAD, "community"),)),
    ("odile", (KEY, "rhythm"), ((SECRETARIAT, "community"),)),
    *((name, (), ()) for name in ASKERS),
)
"""Name, groups, and roles with their scopes."""
PLACES = {
    "reception": ("lucia", "zofia", "aino", "matteo", "birgit", "odile"),
    "coffee-shop": ("lucia", "zofia", "aino", "matteo", "birgit", "odile"),
    "rhythm/home": ("zofia", "aino", "birgit", "odile"),
}
"""Where others read along, and who asks there."""
TAKES_A_GROUP = {"group", "for"}
"""Options that name one."""
PROBES: dict[str, tuple[str, ...]] = {
    "activity": ("!activity",),
    "blog publish": (
        "!blog publish {blog} group",
        f"!blog publish {{blog}} group group:{KEY}",
        "!blog publish {blog}",
        f"!blog publish {{blog}} group:{NEAR}",
    ),
    "did": ("!did welcomed @goran", f"!did welcomed @goran group:{KEY}"),
    "duty": ("!duty on", f"!duty on group:{KEY}", "!duty off"),
    "find": ("!find rhythm",),
    "group accept": ("!group accept @goran archive", f"!group accept @goran {KEY}"),
    "group close": (f"!group close {KEY}", "!group close nowhere"),
    "group decline": ("!group decline @ioana archive", f"!group decline @ioana {KEY}"),
    "group invite": ("!group invite @goran rhythm", "!group invite @goran", f"!group invite @goran {KEY}"),
    "group join": (f"!group join {KEY}", "!group join nowhere", "!group join archive"),
    "group leave": ("!group leave nowhere", "!group leave", f"!group leave {KEY}"),
    "group members": ("!group members", f"!group members {KEY}", "!group members nowhere"),
    "group open": (f"!group open {KEY}", "!group open nowhere"),
    "group reopen": (f"!group reopen {KEY}", "!group reopen nowhere"),
    "groups": ("!groups",),
    "handover": ("!handover a note", f"!handover a note group:{KEY}"),
    "help": ("!help", "!help group leave", "!help library add"),
    "library add": (
        "!library add https://example.invalid/page",
        "!library add https://example.invalid/page for:foo",
        f"!library add https://example.invalid/page for:{KEY}",
    ),
    "library audience": (
        "!library audience {shelved} group",
        f"!library audience {{shelved}} group group:{KEY}",
        f"!library audience {{shelved}} group group:{NEAR}",
    ),
    "library list": ("!library list", f"!library list group:{KEY}", f"!library list group:{NEAR}"),
    "library search": (f"!library search velvetword group:{KEY}", "!library search velvetword"),
    "me": ("!me",),
    "meet new": ("!meet new Tea | tomorrow 18:00",),
    "role grant": (
        f"!role grant @goran steward group:{KEY}",
        "!role grant @goran steward group:nowhere",
        f"!role grant @goran steward group:{NEAR}",
    ),
    "role list": ("!role list",),
    "role revoke": (f"!role revoke @goran steward group:{KEY}", "!role revoke @aino steward"),
    "roster": ("!roster", f"!roster group:{KEY}"),
    "search": (f"!search velvetword group:{KEY}", f"!search velvetword group:{NEAR}", "!search velvetword"),
    "team": ("!team",),
    "unheard": ("!unheard",),
    "welcome": ("!welcome",),
    "who": ("!who @lucia",),
}
"""What is typed, by command; those who ask have a draft ``{blog}`` and know of ``{shelved}``."""


@dataclass
class Named:
    """The community with a group that is not listed, and what the bot has said since a probe was typed.

    Args:
        numbers: name -> the short id of their draft.
        heard: what was typed -> the bot's events in rooms where others read along, with the key of the room.
    """

    house: House
    world: FakeWorld
    numbers: dict[str, str] = field(default_factory=dict)
    shelved: str = ""
    heard: dict[str, list[tuple[str, Raw]]] = field(default_factory=dict)

    async def ask(self, text: str) -> None:
        """Everybody types it everywhere; who has left the group comes back."""
        before = len(self.world.matrix.sent)
        for place, names in PLACES.items():
            for name in names:
                typed = text.format(blog=self.numbers[name], shelved=self.shelved)
                await self.house.people[name].say(self.house.rooms[place], typed)
        await self.house.settled()
        said = self.world.matrix.sent[before:]
        keys = {str(room_id): key for key, room_id in self.house.rooms.items() if is_overheard(self.house, key)}
        self.heard[text] = [(keys[room], raw) for room, raw in said if room in keys and raw["sender"] == self.house.bot]
        if "leave" in text:
            await self._all_back()

    async def _all_back(self) -> None:
        for name, groups, _roles in ENTERED:
            await self.house.accept(await self.house.enter(name, *groups))


def is_overheard(house: House, key: str) -> bool:
    """Is it a room that people outside the group may read, and that is not for role holders, who know it?"""
    room = house.app.declared.room(key)
    return room is not None and key.partition("/")[0] != KEY and not reader_roles(room.readers)


def probes() -> Iterator[str]:
    """Every line; those by which people leave come last."""
    yield from sorted((text for texts in PROBES.values() for text in texts), key=lambda text: "leave" in text)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def named(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Named]:
    """Everybody has come, and has asked for everything."""
    folder = tmp_path_factory.mktemp("names")
    world = FakeWorld()
    async with community(world, folder, rooms_config=_with_secret(folder)) as house:
        made = Named(house, world)
        for name, groups, roles in ENTERED:
            person = await house.member(name, *groups, roles=roles)
            await house.direct(person)
            made.numbers[name] = number_in(await house.ask(person, "direct", "!blog new A draft\nIts text."))
        made.shelved = await shelve(house, "lucia", f"{KEY}/home", "velvetword", "A velvet thing", "thing.pdf")
        for name in ASKERS:
            await house.ask(house.people[name], "direct", "!group join archive")
        for text in probes():
            await made.ask(text)
        yield made
    await world.close()


def _with_secret(folder: Path) -> Path:
    """The shipped declaration with a group more."""
    copied = folder / "rooms_config"
    shutil.copytree(ROOMS_CONFIG, copied)
    group = (copied / "groups" / "rhythm.yaml").read_text(encoding="utf-8")
    hidden = group.replace("listed: true", "listed: false").replace(LISTED[0], TITLE).replace("Rhythm", TITLE)
    (copied / "groups" / f"{KEY}.yaml").write_text(hidden, encoding="utf-8")
    return copied


@pytest.mark.parametrize("command", PROBES)
async def test_no_room_hears_of_a_group_that_it_may_not_know(named: Named, command: str) -> None:
    for text in PROBES[command]:
        for place, raw in named.heard[text]:
            said = json.dumps(raw, ensure_ascii=False).casefold()
            hidden = [TITLE, *(LISTED if place == "reception" else ()), *([] if KEY in text else [KEY])]
            assert not [word for word in hidden if word.casefold() in said], (text, place, raw["content"])


async def test_the_rooms_are_answered(named: Named) -> None:
    """Else silence would pass."""
    assert {place for heard in named.heard.values() for place, _raw in heard} >= set(PLACES)
    assert len([text for text, heard in named.heard.items() if heard]) > len(named.heard) * 0.8
    titles = json.dumps([raw for _place, raw in named.world.matrix.sent], ensure_ascii=False)
    assert titles.count(TITLE) > 50  # in direct chats and in the group's own rooms


async def test_every_command_that_takes_a_group_is_asked() -> None:
    commands = [command for feature in built_features() for command in feature.commands]
    assert {command.path for command in commands if takes_a_group(command)} <= set(PROBES)


def takes_a_group(command: Command) -> bool:
    """Is a group named in it?"""
    return bool(TAKES_A_GROUP & set(command.options)) or any(param.kind is Kind.GROUP for param in command.params)
