"""A member's own space: made once, open to members, written by its owner, gone for whoever leaves the community."""

import pytest

from copp_bot.core.ids import RoomId, UserId
from copp_bot.core.matrix.port import MARKER
from copp_bot.core.store import meta
from copp_bot.core.store import rooms as rooms_store
from copp_bot.rooms import opened, personal
from copp_bot.rooms.declared import declared_rooms
from tests.features.blogs.blog_house import comment, messages, post
from tests.features.library.library_house import dump
from tests.house import House
from tests.world import Person, Raw, Refused

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def own_rooms(house: House, person: Person) -> tuple[RoomId, RoomId]:
    """The space and the blog room of someone."""
    owner = UserId(person.user_id)
    space = await house.database.read(lambda session: rooms_store.room_id(session, personal.key_of(owner)))
    room = await house.database.read(lambda session: rooms_store.room_id(session, personal.blog_key(owner)))
    assert space is not None and room is not None
    return space, room


def _is_root(raw: Raw) -> bool:
    return "m.relates_to" not in raw["content"]


async def test_made_once_open_to_members_and_no_group(blogs: House) -> None:
    """Asked for twice at once; the owner is in it with a steward's power, a member may come, others may not."""
    goran, joao = blogs.people["goran"], blogs.people["joao"]
    direct = await blogs.direct(goran)
    before = len(await blogs.homeserver.joined_rooms())
    for _ in range(2):
        await goran.say(direct, "!me space")
    await blogs.settled()
    space, room = await own_rooms(blogs, goran)
    assert len(await blogs.homeserver.joined_rooms()) == before + 2
    assert str(room) in await blogs.ask(goran, "direct", "!me space")
    assert {space, room} <= await goran.joined()
    levels = await blogs.homeserver.state_event(room, "m.room.power_levels") or {}
    assert levels["users"][goran.user_id] == 50 and levels["events_default"] == 0
    await joao.join(space)
    await joao.join(room)
    await blogs.settled()
    for name in ("noor", "silvio"):
        with pytest.raises(Refused):
            await blogs.people[name].join(room)
    assert "Groups: Rhythm and language" in await blogs.ask(joao, "direct", "!me")
    assert "Blog of" not in await blogs.ask(joao, "direct", "!groups")
    assert "~" not in await blogs.ask(joao, "direct", "!groups")


async def test_posts_stand_there_and_comments_are_kept(blogs: House) -> None:
    """The first stands in the room of all and has the space made; the next ones are told there by a link."""
    ioana, joao = blogs.people["ioana"], blogs.people["joao"]
    await post(blogs, "ioana", "Zzfirstpost", "In the common room.", "community")
    _space, room = await own_rooms(blogs, ioana)
    assert str(room) in (await blogs.said(ioana, "direct"))[-1] or room in await ioana.joined()
    assert await messages(blogs, joao, "blogs", "Zzfirstpost")
    number = await post(blogs, "ioana", "Zzsecondpost", "In a room of my own.", "community")
    assert not await messages(blogs, joao, "blogs", "Zzsecondpost")
    (told,) = await messages(blogs, joao, "blogs", number)
    assert str(room) in told["content"]["body"] and told["content"]["body"].startswith("ioana has published")
    await joao.join(room)
    blogs.rooms["own"] = room
    (root,) = [raw for raw in await messages(blogs, joao, "own", "Zzsecondpost") if _is_root(raw)]
    await comment(blogs, "joao", "own", root["event_id"], "Zzwelcome here.")
    assert "joao: Zzwelcome here." in await blogs.ask(blogs.people["lucia"], "direct", f"!blog show {number}")
    await blogs.ask(ioana, "direct", f"!blog publish {number} public yes")
    assert len(await messages(blogs, joao, "own", "Zzsecondpost")) == 1
    await ioana.redact(room, root["event_id"])  # its owner has the power to
    await blogs.settled()
    assert "There is no" in await blogs.ask(joao, "direct", f"!blog show {number}")
    assert not await messages(blogs, joao, "blogs", number)
    assert "zzsecondpost" not in dump(blogs)


async def test_a_lost_database_takes_it_back_from_the_markers(blogs: House) -> None:
    """So that nobody gets a second one."""
    zofia = blogs.people["zofia"]
    await blogs.ask(zofia, "direct", "!me space")
    space, _room = await own_rooms(blogs, zofia)
    key = personal.key_of(UserId(zofia.user_id))
    marker = await blogs.homeserver.state_event(space, MARKER) or {}
    assert marker["key"] == key and zofia.user_id not in key
    await blogs.database.write(lambda session: meta.drop(session, opened.LOOKED))
    await blogs.database.write(lambda session: meta.drop(session, personal.PERSONAL + key))
    folder = declared_rooms(blogs.app.core.rooms).folder
    declared = await opened.whole(folder, blogs.homeserver, blogs.bot, blogs.database)
    found = declared.room(key)
    assert found is not None and found.owner == zofia.user_id and found.title == "Space of zofia"


async def test_who_leaves_the_community_is_taken_out(blogs: House) -> None:
    """The owner, and a reader."""
    matteo, aino = blogs.people["matteo"], blogs.people["aino"]
    await blogs.ask(matteo, "direct", "!me space")
    space, room = await own_rooms(blogs, matteo)
    await aino.join(room)
    await blogs.settled()
    for person in (aino, matteo):
        await person.leave(blogs.rooms["root"])
        await blogs.settled()
        assert not {space, room} & await person.joined()
    with pytest.raises(Refused):
        await aino.join(room)
    assert "That is for members" in await blogs.ask(matteo, "direct", "!me space")
