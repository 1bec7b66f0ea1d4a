"""What was opened by command, as files: they pass the check, and declare the very same rooms."""

from datetime import date
from pathlib import Path

import pytest

from copp_bot.rooms import opened
from copp_bot.rooms.declaration import load
from copp_bot.rooms.export import export
from copp_bot.rooms.models import Entry, GroupFile, GroupKind, ReadersWord, RoomEntry
from copp_bot.rooms.opened import Opened
from tests.rooms.support import copied
from tests.rooms.support import opened as database_in

TITLES = [
    "Drama",
    "no",
    "12:30",
    "1.5",
    "# hash",
    "a: b",
    "'quoted' \"twice\"",
    "{x}",
    "- dash",
    "École ☀",
    "null",
    "!tag",
    "~",
]


def group(title: str) -> Opened:
    """A group of this title."""
    home = RoomEntry(title=title, topic=title, purpose=title, offers=("library",))
    until = date(2030, 1, 31)
    kind = GroupKind.TRAINING
    entry = GroupFile(title=title, topic=title, purpose=title, kind=kind, aim=title, until=until, rooms={"home": home})
    return Opened("drama", entry)


@pytest.mark.parametrize("title", TITLES)
async def test_a_group_becomes_a_file_that_says_the_same(title: str, tmp_path: Path) -> None:
    config = copied(tmp_path)
    before = load(config)
    async with database_in(tmp_path) as database:
        await database.write(lambda session: opened.keep(session, group(title)))
        await database.write(lambda session: opened.close(session, "drama", True))
        wanted = await database.read(lambda session: opened.current(session, before))
        (piece,) = await database.read(lambda session: export(session, before))
        assert (piece.file, piece.is_whole) == ("groups/drama.yaml", True)
        (config / piece.file).write_text(piece.text, encoding="utf-8")
        after = load(config)
        assert await database.read(lambda session: export(session, after)) == ()
    assert after.groups["drama"] == wanted.groups["drama"]
    told = {room.key: room for room in wanted.all}
    for room in opened.rooms_of(after, "drama"):
        assert (room.title, room.topic, room.closed) == (told[room.key].title, told[room.key].topic, True)


async def test_a_topical_room_becomes_an_entry(tmp_path: Path) -> None:
    config = copied(tmp_path)
    entry = RoomEntry(title="Chess", topic="Play", purpose="Play", readers=ReadersWord.COMMUNITY, entry=Entry.FREE)
    async with database_in(tmp_path) as database:
        await database.write(lambda session: opened.keep(session, Opened("chess", entry)))
        (piece,) = await database.read(lambda session: export(session, load(config)))
    assert (piece.file, piece.is_whole) == ("rooms.yaml", False)
    with (config / "rooms.yaml").open("a", encoding="utf-8") as file:
        file.writelines(f"  {line}\n" for line in piece.text.splitlines())
    room = load(config).room("chess")
    assert room is not None
    assert (room.title, room.is_given, room.readers) == ("Chess", False, "community")
