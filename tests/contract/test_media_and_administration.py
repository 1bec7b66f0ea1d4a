"""Media, and what the administrator's token does."""

from pathlib import Path

import pytest

from copp_bot.core.ids import EventId, MxcUri, RoomId, UserId
from copp_bot.core.matrix.port import Forbidden, Homeserver, Missing, NewRoom, TooLarge
from tests.contract.rooms import join_rule, room_with
from tests.world import Person, Raw, World


async def test_bytes_go_up_and_down(bot: Homeserver, anna: Person, tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(bytes(range(256)) * 1000)
    mxc = await bot.upload(source, "application/pdf", "naïve/../name.pdf")
    assert await bot.download(mxc, target, 256_000) == 256_000
    assert target.read_bytes() == source.read_bytes()
    assert await anna.download(mxc) == source.read_bytes()


async def test_a_strange_media_type_is_no_obstacle(bot: Homeserver, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    assert (await bot.upload(tmp_path / "file", "text/\r\nX-Evil: yes", "file")).startswith("mxc://")


async def test_an_empty_file_is_a_file(bot: Homeserver, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    mxc = await bot.upload(tmp_path / "empty", "text/plain", "empty")
    assert await bot.download(mxc, tmp_path / "again", 10) == 0


async def test_too_many_bytes_leave_nothing_behind(bot: Homeserver, anna: Person, tmp_path: Path) -> None:
    mxc = MxcUri(await anna.upload(b"x" * 100_001, "text/plain", "long"))
    with pytest.raises(TooLarge):
        await bot.download(mxc, tmp_path / "long", 100_000)
    assert not (tmp_path / "long").exists()


async def test_media_that_are_not_there_are_missing(world: World, bot: Homeserver, tmp_path: Path) -> None:
    for mxc in (f"mxc://{world.server_name}/nothing", "https://example.org/x", "mxc://../..", "mxc://a/b/c"):
        with pytest.raises(Missing):
            await bot.download(MxcUri(mxc), tmp_path / "nothing", 10)
    assert not (tmp_path / "nothing").exists()


async def test_private_media_are_open_to_any_account_also_after_redaction(
    bot: Homeserver, anna: Person, world: World
) -> None:
    room_id = await room_with(bot, anna)
    posted = await anna.post_file(room_id, "secret.txt", b"secret", "text/plain", caption="mine")
    mxc = (await bot.event(room_id, EventId(posted)))["content"]["url"]
    await anna.redact(room_id, posted)
    assert await (await world.person("outsider")).download(mxc) == b"secret"


async def test_deleted_media_are_gone(bot: Homeserver, anna: Person, tmp_path: Path) -> None:
    mxc = MxcUri(await anna.upload(b"secret", "text/plain", "secret"))
    assert bot.administration is not None
    assert await bot.administration.media_owner(mxc) == anna.user_id
    for _time in range(2):
        await bot.administration.delete_media(mxc)
    with pytest.raises(Missing):
        await bot.administration.media_owner(mxc)
    with pytest.raises(Missing):
        await bot.download(mxc, tmp_path / "secret", 10)


@pytest.mark.parametrize("rule", ["invite", "public", "knock", "restricted"])
async def test_people_are_joined_without_their_doing(bot: Homeserver, anna: Person, rule: str) -> None:
    room_id = await bot.create_room(NewRoom(initial_state=[join_rule(rule)]))
    assert bot.administration is not None
    for _time in range(2):
        await bot.administration.force_join(room_id, UserId(anna.user_id))
    assert (await bot.members(room_id))[UserId(anna.user_id)] == "join"
    assert room_id in await anna.joined()
    await anna.say(room_id, "still myself")


async def test_joining_a_banned_person_is_forbidden(bot: Homeserver, anna: Person) -> None:
    room_id = await bot.create_room(NewRoom())
    await bot.ban(room_id, UserId(anna.user_id))
    assert bot.administration is not None
    with pytest.raises(Forbidden):
        await bot.administration.force_join(room_id, UserId(anna.user_id))


async def test_joining_nobody_is_missing(world: World, bot: Homeserver) -> None:
    room_id = await bot.create_room(NewRoom())
    assert bot.administration is not None
    with pytest.raises(Missing):
        await bot.administration.force_join(room_id, UserId(f"@nobody:{world.server_name}"))


async def test_a_deactivated_account_leaves_its_rooms(bot: Homeserver, anna: Person) -> None:
    room_id = await room_with(bot, anna)
    await anna.deactivate()
    left = await wait_until_left(bot, room_id, anna.user_id)
    assert left["content"]["membership"] == "leave"
    assert await bot.members(room_id) == {bot.user_id: "join"}


async def wait_until_left(bot: Homeserver, room_id: RoomId, user_id: str) -> Raw:
    """The member event by which someone left, waiting for it in the sync."""
    since: str | None = None
    found: Raw | None = None
    while found is None:
        answer = await bot.sync(since, 10_000, {"room": {"timeline": {"limit": 100}}})
        since = answer["next_batch"]
        entry = answer.get("rooms", {}).get("join", {}).get(room_id, {"timeline": {"events": []}})
        found = next((event for event in entry["timeline"]["events"] if is_leave(event, user_id)), None)
    return found


def is_leave(event: Raw, user_id: str) -> bool:
    """Did this event make this person leave?"""
    return event.get("state_key") == user_id and event["content"].get("membership") == "leave"


async def test_a_lifted_rate_limit_shows(bot: Homeserver, anna: Person) -> None:
    assert bot.administration is not None
    user = UserId(anna.user_id)
    assert not await bot.administration.is_rate_limit_lifted(user)
    await bot.administration.lift_rate_limit(user)
    assert await bot.administration.is_rate_limit_lifted(user)


async def test_the_servers_clock_is_seen(bot: Homeserver) -> None:
    await bot.joined_rooms()
    assert bot.clock_skew is not None and abs(bot.clock_skew) < 5
