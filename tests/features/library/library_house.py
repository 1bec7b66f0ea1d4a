"""A community with people who shelve things, and ways to look for what is left of a thing."""

import json
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy import create_engine, inspect, text

from tests.house import House, community, is_answer
from tests.samples import pdf
from tests.world import Person, Raw, World, posted_file

PDF = "application/pdf"
GROUP, OTHER_GROUP = "rhythm", "archive"
ENTERED: tuple[tuple[str, tuple[str, ...], tuple[tuple[str, str], ...]], ...] = (
    ("lucia", (GROUP,), ()),
    ("joao", (GROUP,), ()),
    ("aino", (GROUP,), (("steward", "group:rhythm"),)),
    ("ioana", (OTHER_GROUP,), ()),
    ("zofia", (GROUP, OTHER_GROUP), ()),
    ("goran", (), ()),
    ("matteo", (), (("steward", "community"),)),
)
"""Name, groups, and roles with their scopes."""
_NUMBER = re.compile(r"\b[LB]\d+\b")


@asynccontextmanager
async def peopled(world: World, folder: Path, database_url: str | None = None) -> AsyncIterator[House]:
    """The community with everybody in their rooms, a newcomer (noor) and an outsider (silvio)."""
    async with community(world, folder, database_url=database_url) as house:
        people = [await house.enter(name, *groups, roles=roles) for name, groups, roles in ENTERED]
        await house.newcomer("noor")
        await house.outsider("silvio")
        for person in people:
            await house.accept(person)
        yield house


async def shelve(house: House, name: str, place: str, text: str, command: str, file: str = "sheet.pdf") -> str:
    """Post a PDF of this text with the command as its caption; the resource's short id."""
    person = house.people[name]
    room = await house.room(person, place)
    event = await person.post_file(room, file, pdf(text), PDF, caption=f"!library add {command}")
    return number_in(await house.answer(person, room, event))


def number_in(answer: str) -> str:
    """The first short id in an answer."""
    found = _NUMBER.search(answer)
    assert found, answer
    return found[0]


async def post(person: Person, room: str, *, caption: str | None, size: int, **content: object) -> str:
    """Post a file event with a content of one's own; returns its event id."""
    plain = posted_file("sheet.pdf", "mxc://example.org/nothing", size, PDF, caption, None)
    return await person.send(room, "m.room.message", {**plain, **content})


async def find_answer(house: House, person: Person, room: str, event: str) -> Raw:
    """The raw event of the bot's answer to an event."""
    return await person.wait_for(room, lambda raw: is_answer(raw, house.bot, event))


async def first_answer(house: House, person: Person, place: str, text: str) -> str:
    """Say something and return the answer as it first reads; where no task follows, that is all there is."""
    room = await house.room(person, place)
    raw = await find_answer(house, person, room, await person.say(room, text))
    return str(raw["content"]["body"])


def dump(house: House) -> str:
    """Every row of every table as an SQL dump has them, in small letters."""
    with create_engine(house.database.url).connect() as connection:
        virtual = {"search_item"} if house.database.is_sqlite else set[str]()  # what it keeps lies in other tables
        names = sorted(set(inspect(connection).get_table_names()) - virtual)
        rows = [row for name in names for row in connection.execute(text(f'SELECT * FROM "{name}"'))]
    return "\n".join(map(repr, rows)).lower()


def copies(house: House) -> list[str]:
    """The files of ours that lie below the data folder."""
    return sorted(path.name for path in (house.data_dir / "files").glob("*"))


async def still_said(house: House, names: Sequence[str], places: Sequence[str]) -> str:
    """Every event of the bot, edits too, that these people can still read at these places; in small letters."""
    found = []
    for name in names:
        for place in places:
            room = await house.room(house.people[name], place)
            timeline = await house.people[name].timeline(room)
            found += [json.dumps(raw["content"], ensure_ascii=False) for raw in timeline if raw["sender"] == house.bot]
    return "\n".join(found).lower()
