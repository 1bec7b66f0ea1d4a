"""What nobody should ask for, and what the homeserver makes of it."""

import pytest

from copp_bot.core.ids import EventId, RoomId, TxnId, UserId
from copp_bot.core.matrix.port import Forbidden, Homeserver, MatrixError, Missing, NewRoom, TooLarge
from tests.contract.rooms import TEXT, room_with, text
from tests.world import Person, Refused, World

NOWHERE = "elsewhere.example"


async def status(act: object) -> tuple[type[MatrixError], int]:
    """The exception that the bot gets."""
    with pytest.raises(MatrixError) as caught:
        await act  # type: ignore[misc]
    return type(caught.value), caught.value.status


async def test_an_event_that_is_too_large(bot: Homeserver) -> None:
    room_id = await bot.create_room(NewRoom())
    with pytest.raises(TooLarge):
        await bot.send(room_id, TEXT, text("x" * 70_000), TxnId("one"))
    await bot.send(room_id, TEXT, text("x" * 60_000), TxnId("two"))


async def test_numbers_with_fractions_do_not_exist(bot: Homeserver) -> None:
    room_id = await bot.create_room(NewRoom())
    assert await status(bot.send(room_id, TEXT, {**text("x"), "n": 1.5}, TxnId("one"))) == (MatrixError, 400)
    assert await status(bot.set_state(room_id, "org.example", "", {"n": [0.25]})) == (MatrixError, 400)
    await bot.send(room_id, TEXT, text('version "1.5" of 2.5'), TxnId("two"))


@pytest.mark.parametrize(("said", "stands"), [("a\0b", "a\0b"), ("a👍\u202eb", "a👍\u202eb")])
async def test_strange_characters_pass(bot: Homeserver, said: str, stands: str) -> None:
    room_id = await bot.create_room(NewRoom())
    sent = await bot.send(room_id, TEXT, text(said), TxnId("one"))
    assert (await bot.event(room_id, sent))["content"]["body"] == stands


async def test_people_who_cannot_be(world: World, bot: Homeserver) -> None:
    room_id = await bot.create_room(NewRoom())
    await bot.invite(room_id, UserId(f"@nobody:{world.server_name}"))  # the server takes any name for one of its own
    assert await status(bot.invite(room_id, UserId("nonsense"))) == (MatrixError, 400)
    assert await status(bot.invite(room_id, UserId(f"@nobody:{NOWHERE}"))) == (Forbidden, 403)
    assert await status(bot.profile_name(UserId("nonsense"))) == (MatrixError, 400)
    assert await status(bot.profile_name(UserId(f"@nobody:{NOWHERE}"))) == (Forbidden, 403)
    assert await status(bot.create_room(NewRoom(invite=[UserId("nonsense")]))) == (MatrixError, 400)


async def test_rooms_that_are_not_there(world: World, bot: Homeserver) -> None:
    room_id = RoomId(f"!nothing:{world.server_name}")
    assert await status(bot.state(room_id)) == (Forbidden, 403)
    assert await status(bot.send(room_id, TEXT, text("x"), TxnId("one"))) == (Forbidden, 403)
    assert await status(bot.join(room_id)) == (Missing, 404)
    await bot.leave(room_id)


async def test_tokens_and_aliases_that_are_none(bot: Homeserver) -> None:
    room_id = await bot.create_room(NewRoom())
    assert await status(bot.messages(room_id, "nonsense", None, 5)) == (MatrixError, 400)
    assert await status(bot.sync("nonsense", 0, {})) == (MatrixError, 400)
    assert await status(bot.resolve_alias("nonsense")) == (MatrixError, 400)


async def test_redacting_what_is_not_there_is_accepted(bot: Homeserver) -> None:
    room_id = await bot.create_room(NewRoom())
    assert await bot.redact(room_id, EventId("$nothing"), None, TxnId("one"))


async def test_power_levels_that_are_none(bot: Homeserver, anna: Person) -> None:
    room_id = await bot.create_room(NewRoom())
    for users in ({"nonsense": 1}, {anna.user_id: "50"}):
        assert await status(bot.set_state(room_id, "m.room.power_levels", "", {"users": users})) == (MatrixError, 400)


async def test_who_is_banned_reads_nothing_and_cannot_leave(bot: Homeserver, anna: Person) -> None:
    room_id = await room_with(bot, anna)
    await bot.ban(room_id, UserId(anna.user_id))
    for act in (anna.timeline(room_id), anna.leave(room_id)):
        with pytest.raises(Refused) as caught:
            await act
        assert caught.value.status == 403


async def test_an_ended_account_keeps_its_name_and_can_still_be_put_into_rooms(bot: Homeserver, anna: Person) -> None:
    room_id = await bot.create_room(NewRoom())
    await anna.deactivate()
    assert await bot.profile_name(UserId(anna.user_id)) == "anna"
    assert bot.administration is not None
    await bot.administration.force_join(room_id, UserId(anna.user_id))
    assert (await bot.members(room_id))[UserId(anna.user_id)] == "join"
