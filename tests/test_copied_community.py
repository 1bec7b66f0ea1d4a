"""A community goes on in another database: its numbers stay, searches answer the same, and nothing is said twice."""

from collections import Counter
from pathlib import Path

import pytest

from copp_bot.core import databases as sut
from copp_bot.core.settings import Settings
from copp_bot.core.store import outbox
from tests.databases import KINDS, Databases
from tests.fakes.person import FakeWorld
from tests.features.library.library_house import number_in, peopled, shelve
from tests.house import ROOMS_CONFIG, House, community, is_answer
from tests.world import Person

TITLES = ("Alphorn one", "Alphorn two", "Bells")
ASKED = ("!library search alphorn", "!library search bronze", "!library list", "!library tags", "!groups")


async def answers(house: House, person: Person) -> list[str]:
    """What someone gets to see."""
    return [await house.ask(person, "direct", text) for text in ASKED]


async def replies(house: House, person: Person, room: str) -> Counter[str]:
    """How many answers each message in a room has."""
    found = await person.timeline(room)
    return Counter(
        raw["event_id"] for raw in found for answer in found if is_answer(answer, house.bot, raw["event_id"])
    )


@pytest.mark.usefixtures("postgresql")
@pytest.mark.parametrize(("from_kind", "to_kind"), [KINDS, KINDS[::-1]])
async def test_a_community_goes_on_where_it_was_copied_to(
    databases: Databases, tmp_path: Path, from_kind: str, to_kind: str
) -> None:
    source, target = databases.make(from_kind, tmp_path / "old"), databases.make(to_kind, tmp_path / "new")
    world = FakeWorld()
    async with peopled(world, tmp_path, source) as house:
        joao, room = house.people["joao"], house.rooms["rhythm/home"]
        numbers = [
            await shelve(house, "lucia", "rhythm/library", f"{title} of bronze.", f"{title} #horn") for title in TITLES
        ]
        before = await answers(house, joao)
        world.matrix.drop_response_next("send")
        said_last = await joao.say(room, "!library list")
        await joao.wait_for(room, lambda raw: is_answer(raw, house.bot, said_last))
        assert await house.database.read(outbox.open_rows), "the bot must not have heard that its answer went out"
    settings = Settings(
        homeserver="http://127.0.0.1",
        user_id=house.bot,
        data_dir=tmp_path,
        rooms_config=ROOMS_CONFIG,
        database_url=target,
    )
    sut.copy(settings, source, None, lambda *step: None)
    said_meanwhile = await joao.say(room, "!library search bells")
    async with community(world, tmp_path, database_url=target) as again:
        again.people.update(house.people)
        again.directs.update(house.directs)
        assert numbers[2] in await again.answer(joao, room, said_meanwhile)
        assert await answers(again, joao) == before
        for number, title in zip(numbers, TITLES, strict=True):
            assert title in await again.ask(joao, "direct", f"!library show {number}")
        new = await shelve(again, "lucia", "rhythm/library", "A fourth of brass.", "Alphorn four")
        assert new not in numbers
        assert number_in(await again.ask(joao, "direct", "!library search brass")) == new
        counted = await replies(again, joao, room)
        assert counted[said_last] == counted[said_meanwhile] == 1
        for place in ("rhythm/library", "direct", "rhythm/home"):
            assert set((await replies(again, joao, await again.room(joao, place))).values()) <= {1}
    databases.drop(source)
    databases.drop(target)
