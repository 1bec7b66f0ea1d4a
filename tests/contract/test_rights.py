"""Power levels and membership rules: what the server lets whom do."""

import pytest

from copp_bot.core.ids import EventId, TxnId, UserId
from copp_bot.core.matrix.port import Forbidden, Homeserver, MatrixError, NewRoom
from tests.contract.rooms import TEXT, join_rule, room_with, text
from tests.world import Person, Refused, World


async def refused(act: object) -> int:
    """The HTTP status with which an act of a person is refused."""
    with pytest.raises(Refused) as caught:
        await act  # type: ignore[misc]
    return caught.value.status


async def test_creators_of_version_12_must_not_stand_in_the_power_levels(bot: Homeserver, anna: Person) -> None:
    room_id = await bot.create_room(NewRoom(creation_content={"additional_creators": [anna.user_id]}))
    levels = await bot.state_event(room_id, "m.room.power_levels")
    assert levels is not None
    for creator in (bot.user_id, anna.user_id):
        with pytest.raises(MatrixError) as caught:
            await bot.set_state(room_id, "m.room.power_levels", "", {**levels, "users": {creator: 100}})
        assert caught.value.status == 400


async def test_a_refused_creation_leaves_half_a_room_behind(bot: Homeserver) -> None:
    """It has no marker and no name, so it is nobody's; look before asking for levels that version 12 refuses."""
    before = set(await bot.joined_rooms())
    with pytest.raises(MatrixError) as caught:
        await bot.create_room(NewRoom(name="never", power_levels={"users": {bot.user_id: 100}}))
    assert caught.value.status == 400
    (orphan,) = set(await bot.joined_rooms()) - before
    assert [event["type"] for event in await bot.state(orphan)] == ["m.room.create", "m.room.member"]


async def test_a_creator_stands_above_every_level(bot: Homeserver, anna: Person, ben: Person) -> None:
    room_id = await room_with(
        bot,
        anna,
        ben,
        creation_content={"additional_creators": [ben.user_id]},
        power_levels={"events_default": 1000, "users": {anna.user_id: 1000}},
    )
    await bot.send(room_id, TEXT, text("above all"), TxnId("one"))
    assert await refused(anna.kick(room_id, ben.user_id)) == 403
    await bot.kick(room_id, UserId(anna.user_id))


async def test_the_bot_in_version_11_is_one_of_many(bot: Homeserver, anna: Person) -> None:
    room_id = await room_with(bot, anna, version="11", power_levels={"users": {bot.user_id: 100, anna.user_id: 100}})
    with pytest.raises(Forbidden):
        await bot.kick(room_id, UserId(anna.user_id))
    levels = await bot.state_event(room_id, "m.room.power_levels")
    assert levels is not None
    with pytest.raises(Forbidden):
        await bot.set_state(room_id, "m.room.power_levels", "", {**levels, "users": {bot.user_id: 100}})


async def test_members_may_speak_but_not_change(bot: Homeserver, anna: Person) -> None:
    room_id = await room_with(bot, anna)
    await anna.say(room_id, "hello")
    assert await refused(anna.set_state(room_id, "m.room.topic", "", {"topic": "mine"})) == 403


async def test_levels_of_single_events_are_kept(bot: Homeserver, anna: Person) -> None:
    room_id = await room_with(bot, anna, power_levels={"events": {TEXT: 50, "m.room.topic": 0}})
    assert await refused(anna.say(room_id, "hello")) == 403
    await anna.set_state(room_id, "m.room.topic", "", {"topic": "mine"})


async def test_in_a_space_nobody_posts(bot: Homeserver, anna: Person) -> None:
    space = await room_with(bot, anna, is_space=True, power_levels={"events_default": 100})
    assert await refused(anna.say(space, "hello")) == 403


async def test_nobody_gives_more_than_they_have(bot: Homeserver, anna: Person, ben: Person) -> None:
    users = {anna.user_id: 50, ben.user_id: 50}
    room_id = await room_with(bot, anna, ben, power_levels={"users": users, "events": {"m.room.power_levels": 50}})
    levels = await bot.state_event(room_id, "m.room.power_levels")
    assert levels is not None
    for wrong in ({anna.user_id: 90}, {**users, ben.user_id: 0}):
        assert await refused(anna.set_state(room_id, "m.room.power_levels", "", {**levels, "users": wrong})) == 403
    await anna.set_state(room_id, "m.room.power_levels", "", {**levels, "users": {**users, anna.user_id: 0}})


async def test_stewards_redact_members_do_not(bot: Homeserver, anna: Person, ben: Person) -> None:
    room_id = await room_with(bot, anna, ben, power_levels={"users": {anna.user_id: 50}})
    said = await ben.say(room_id, "rude")
    hers = await anna.say(room_id, "please")
    assert await refused(ben.redact(room_id, hers)) == 403
    await ben.redact(room_id, await ben.say(room_id, "oops"))
    await anna.redact(room_id, said)
    assert (await bot.event(room_id, EventId(said)))["content"] == {}


async def test_redacted_state_keeps_what_holds_the_room_together(bot: Homeserver, anna: Person) -> None:
    room_id = await room_with(bot, anna, name="Library")
    events = {(event["type"], event["state_key"]): event for event in await bot.state(room_id)}
    for key in (("m.room.name", ""), ("m.room.member", anna.user_id)):
        await bot.redact(room_id, events[key]["event_id"], None, TxnId(key[0]))
    assert await bot.state_event(room_id, "m.room.name") == {}
    assert (await bot.members(room_id))[UserId(anna.user_id)] == "join"


async def test_inviting_kicking_and_banning_need_their_levels(bot: Homeserver, anna: Person, ben: Person) -> None:
    room_id = await room_with(bot, anna, power_levels={"invite": 50})
    assert await refused(anna.invite(room_id, ben.user_id)) == 403
    assert await refused(anna.kick(room_id, bot.user_id)) == 403
    assert await refused(anna.ban(room_id, ben.user_id)) == 403


async def test_stewards_do_not_act_on_their_equals(bot: Homeserver, anna: Person, ben: Person) -> None:
    room_id = await room_with(bot, anna, ben, power_levels={"users": {anna.user_id: 50, ben.user_id: 50}})
    assert await refused(anna.kick(room_id, ben.user_id)) == 403
    assert await refused(anna.ban(room_id, ben.user_id)) == 403


async def test_a_closed_room_opens_by_invitation_only(bot: Homeserver, anna: Person) -> None:
    room_id = await bot.create_room(NewRoom())
    assert await refused(anna.join(room_id)) == 403
    await bot.invite(room_id, UserId(anna.user_id))
    await anna.join(room_id)
    await anna.leave(room_id)
    assert await refused(anna.join(room_id)) == 403


async def test_an_open_room_opens_to_all(bot: Homeserver, anna: Person) -> None:
    room_id = await bot.create_room(NewRoom(initial_state=[join_rule("public")]))
    await anna.join(room_id)
    assert room_id in await anna.joined()


async def test_a_restricted_room_opens_to_members_of_its_space(bot: Homeserver, anna: Person, ben: Person) -> None:
    space = await room_with(bot, anna, is_space=True)
    room_id = await bot.create_room(NewRoom(initial_state=[join_rule("restricted", space)]))
    await anna.join(room_id)
    assert await refused(ben.join(room_id)) == 403
    await anna.leave(space)
    await anna.leave(room_id)
    assert await refused(anna.join(room_id)) == 403


async def test_a_knock_is_answered_by_an_invitation_or_a_refusal(bot: Homeserver, anna: Person, ben: Person) -> None:
    room_id = await bot.create_room(NewRoom(initial_state=[join_rule("knock")]))
    await anna.knock(room_id)
    await ben.knock(room_id)
    assert await bot.members(room_id) == {bot.user_id: "join", anna.user_id: "knock", ben.user_id: "knock"}
    await bot.invite(room_id, UserId(anna.user_id))
    await anna.join(room_id)
    await bot.kick(room_id, UserId(ben.user_id))
    assert await bot.members(room_id) == {bot.user_id: "join", anna.user_id: "join"}


async def test_a_closed_room_takes_no_knocks(bot: Homeserver, anna: Person) -> None:
    room_id = await bot.create_room(NewRoom())
    assert await refused(anna.knock(room_id)) == 403


async def test_the_name_of_a_knock_room_shows_to_those_outside(world: World, bot: Homeserver) -> None:
    room_id = await bot.create_room(NewRoom(name="Rhythm", initial_state=[join_rule("knock")]))
    outsider = await world.person("outsider")
    await outsider.knock(room_id)
    assert await refused(outsider.timeline(room_id)) == 403


async def test_a_member_may_not_be_put_in_by_force(bot: Homeserver, anna: Person, ben: Person) -> None:
    room_id = await room_with(bot, anna)
    join = {"membership": "join"}
    assert await refused(anna.set_state(room_id, "m.room.member", ben.user_id, join)) == 403
