"""Sending, rooms, state and people, as the port promises them."""

import pytest

from copp_bot.core.ids import EventId, RoomId, TxnId, UserId
from copp_bot.core.matrix.port import Forbidden, Homeserver, MatrixError, Missing, NewRoom
from tests.contract.rooms import TEXT, bodies, join_rule, room_with, state, text, types
from tests.fakes.person import FakeWorld
from tests.rigs.person import SynapseWorld
from tests.world import Person, Refused, World, annotation

MARKER = state("org.copp_bot.room", {"key": "coffee-shop"})


async def test_a_transaction_sent_twice_is_one_event(bot: Homeserver, anna: Person) -> None:
    room_id = await room_with(bot, anna)
    first = await bot.send(room_id, TEXT, text("hello"), TxnId("one"))
    assert await bot.send(room_id, TEXT, text("hello"), TxnId("one")) == first
    assert await bot.send(room_id, TEXT, text("hello"), TxnId("two")) != first
    assert bodies(await anna.timeline(room_id)) == ["hello", "hello"]


async def test_a_redaction_sent_twice_is_one_event(bot: Homeserver, anna: Person) -> None:
    room_id = await room_with(bot, anna)
    said = EventId(await anna.say(room_id, "secret"))
    first = await bot.redact(room_id, said, "why", TxnId("one"))
    assert await bot.redact(room_id, said, "why", TxnId("one")) == first
    assert (await bot.event(room_id, said))["content"] == {}


async def test_another_device_makes_another_event(world: World, bot: Homeserver, anna: Person) -> None:
    room_id = await room_with(bot, anna)
    first = await bot.send(room_id, TEXT, text("hello"), TxnId("one"))
    other = await another_session(world)
    assert await other.send(room_id, TEXT, text("hello"), TxnId("one")) != first
    await other.close()


async def another_session(world: World) -> Homeserver:
    """The bot signed in as another device."""
    if isinstance(world, SynapseWorld):
        return await world.bot_session("OTHER")
    assert isinstance(world, FakeWorld)
    return world.matrix.bot((await world.bot_homeserver()).user_id, device_id="OTHER")


async def test_only_the_sending_device_is_told_the_transaction(bot: Homeserver, anna: Person) -> None:
    room_id = await room_with(bot, anna)
    sent = await bot.send(room_id, TEXT, text("hello"), TxnId("one"))
    assert (await bot.event(room_id, sent))["unsigned"]["transaction_id"] == "one"
    seen = next(event for event in await anna.timeline(room_id) if event["event_id"] == sent)
    assert "transaction_id" not in seen.get("unsigned", {})


async def test_sending_where_one_is_not_is_forbidden(bot: Homeserver, anna: Person) -> None:
    room_id = RoomId(await anna.create_room({"preset": "private_chat"}))
    with pytest.raises(Forbidden):
        await bot.send(room_id, TEXT, text("hello"), TxnId("one"))


async def test_the_servers_own_redaction_form(bot: Homeserver, anna: Person) -> None:
    """Version 12 has the target in the content, and Synapse repeats it outside for older clients."""
    room_id = await room_with(bot, anna)
    said = EventId(await anna.say(room_id, "secret"))
    redaction = await bot.event(room_id, EventId(await anna.redact(room_id, said)))
    assert redaction["content"]["redacts"] == said
    assert redaction["redacts"] == said


async def test_after_a_redaction_the_edit_still_carries_the_text(bot: Homeserver, anna: Person) -> None:
    room_id = await room_with(bot, anna)
    said = await anna.say(room_id, "secret")
    edited = await anna.edit(room_id, said, "the secret")
    await anna.redact(room_id, said)
    assert (await bot.event(room_id, EventId(edited)))["content"]["m.new_content"]["body"] == "the secret"


async def test_a_foreign_edit_is_accepted_by_the_server(bot: Homeserver, anna: Person, ben: Person) -> None:
    room_id = await room_with(bot, anna, ben)
    said = await anna.say(room_id, "hers")
    edit = await bot.event(room_id, EventId(await ben.edit(room_id, said, "his")))
    assert edit["sender"] == ben.user_id
    assert edit["content"]["m.relates_to"] == {"rel_type": "m.replace", "event_id": said}


async def test_an_event_that_is_not_there_is_missing(bot: Homeserver, anna: Person) -> None:
    room_id = await room_with(bot, anna)
    with pytest.raises(Missing):
        await bot.event(room_id, EventId("$nothing"))


async def test_the_same_reaction_twice_is_refused(bot: Homeserver, anna: Person) -> None:
    room_id = await room_with(bot, anna)
    said = await anna.say(room_id, "hello")
    await anna.react(room_id, said, "👍")
    with pytest.raises(Refused) as refused:
        await anna.react(room_id, said, "👍")
    assert (refused.value.status, refused.value.errcode) == (400, "M_DUPLICATE_ANNOTATION")
    content = annotation(said, "👍")
    reaction = await bot.send(room_id, "m.reaction", content, TxnId("one"))
    assert await bot.send(room_id, "m.reaction", content, TxnId("one")) == reaction
    with pytest.raises(MatrixError) as caught:
        await bot.send(room_id, "m.reaction", content, TxnId("two"))
    assert caught.value.errcode == "M_DUPLICATE_ANNOTATION"
    await bot.redact(room_id, reaction, None, TxnId("three"))
    await bot.send(room_id, "m.reaction", content, TxnId("four"))


async def test_a_new_room_is_what_was_asked_for(bot: Homeserver, anna: Person) -> None:
    room_id = await bot.create_room(
        NewRoom(
            name="Coffee shop",
            topic="Talk",
            initial_state=[MARKER, join_rule("public")],
            power_levels={"events_default": 10, "users": {anna.user_id: 50}},
            creation_content={"org.example": 1},
            invite=[UserId(anna.user_id)],
        )
    )
    now = {(event["type"], event["state_key"]): event for event in await bot.state(room_id)}
    assert now[("m.room.name", "")]["content"]["name"] == "Coffee shop"
    assert now[("m.room.topic", "")]["content"]["topic"] == "Talk"
    assert now[("org.copp_bot.room", "")]["content"] == {"key": "coffee-shop"}
    assert now[("m.room.join_rules", "")]["content"]["join_rule"] == "public"
    assert now[("m.room.history_visibility", "")]["content"]["history_visibility"] == "shared"
    assert now[("m.room.create", "")]["sender"] == bot.user_id
    assert now[("m.room.create", "")]["content"] == {"room_version": "12", "org.example": 1}
    levels = now[("m.room.power_levels", "")]["content"]
    assert (levels["events_default"], levels["users"], levels["ban"]) == (10, {anna.user_id: 50}, 50)
    assert await bot.members(room_id) == {bot.user_id: "join", anna.user_id: "invite"}
    assert room_id in await bot.joined_rooms()
    assert room_id in await anna.invited()


async def test_default_power_levels_are_the_same_everywhere(bot: Homeserver) -> None:
    room_id = await bot.create_room(NewRoom())
    levels = await bot.state_event(room_id, "m.room.power_levels")
    assert levels is not None
    assert levels["users"] == {}
    assert levels["invite"] == 0
    assert levels["events"]["m.room.tombstone"] == 150
    assert (levels["state_default"], levels["events_default"], levels["redact"]) == (50, 0, 50)


async def test_a_space_is_a_room_of_its_type(bot: Homeserver) -> None:
    space = await bot.create_room(NewRoom(is_space=True))
    assert await bot.state_event(space, "m.room.create") == {"type": "m.space", "room_version": "12"}


async def test_room_ids_of_version_12_carry_no_server_name(bot: Homeserver) -> None:
    assert ":" not in await bot.create_room(NewRoom())
    old = await bot.create_room(NewRoom(version="11"))
    assert ":" in old
    levels = await bot.state_event(old, "m.room.power_levels")
    assert levels is not None
    assert levels["users"] == {bot.user_id: 100}


async def test_two_rooms_by_the_same_call_are_two(bot: Homeserver) -> None:
    assert await bot.create_room(NewRoom(name="same")) != await bot.create_room(NewRoom(name="same"))


async def test_an_alias_can_be_squatted(world: World, bot: Homeserver, anna: Person) -> None:
    alias = f"library{bot.user_id[1:].partition(':')[0]}"
    full = f"#{alias}:{world.server_name}"
    assert await bot.resolve_alias(full) is None
    squatted = await anna.create_room({"room_alias_name": alias})
    assert await bot.resolve_alias(full) == squatted
    with pytest.raises(MatrixError) as refused:
        await bot.create_room(NewRoom(alias_localpart=alias))
    assert refused.value.errcode == "M_ROOM_IN_USE"


async def test_a_room_made_with_an_alias_has_it(world: World, bot: Homeserver) -> None:
    alias = f"home{bot.user_id[1:].partition(':')[0]}"
    room_id = await bot.create_room(NewRoom(alias_localpart=alias))
    full = f"#{alias}:{world.server_name}"
    assert await bot.resolve_alias(full) == room_id
    assert await bot.state_event(room_id, "m.room.canonical_alias") == {"alias": full}


async def test_state_is_set_read_and_absent(bot: Homeserver) -> None:
    room_id = await bot.create_room(NewRoom())
    assert await bot.state_event(room_id, "org.example", "a/b c") is None
    first = await bot.set_state(room_id, "org.example", "a/b c", {"n": 1})
    assert await bot.state_event(room_id, "org.example", "a/b c") == {"n": 1}
    assert await bot.set_state(room_id, "org.example", "a/b c", {"n": 1}) == first
    assert await bot.set_state(room_id, "org.example", "a/b c", {"n": 2}) != first


async def test_a_stranger_reads_no_state(bot: Homeserver, anna: Person) -> None:
    room_id = RoomId(await anna.create_room({"preset": "private_chat"}))
    for read in (bot.state(room_id), bot.members(room_id), bot.state_event(room_id, "m.room.name")):
        with pytest.raises(Forbidden):
            await read


async def test_who_left_reads_the_state_of_then(bot: Homeserver, anna: Person) -> None:
    room_id = RoomId(await anna.create_room({"preset": "private_chat", "name": "then", "invite": [bot.user_id]}))
    await bot.join(room_id)
    await bot.leave(room_id)
    await anna.set_state(room_id, "m.room.name", "", {"name": "now"})
    assert await bot.state_event(room_id, "m.room.name") == {"name": "then"}


async def test_invitations_repeat_nothing(bot: Homeserver, anna: Person) -> None:
    room_id = await bot.create_room(NewRoom())
    for _time in range(2):
        await bot.invite(room_id, UserId(anna.user_id), "welcome")
    await anna.join(room_id)
    await bot.invite(room_id, UserId(anna.user_id))
    changes = [
        (event["content"]["membership"], event["content"].get("reason"))
        for event in await anna.timeline(room_id)
        if event["type"] == "m.room.member" and event["state_key"] == anna.user_id
    ]
    assert changes == [("invite", "welcome"), ("join", None)]


async def test_kicking_someone_who_is_not_there_does_nothing(bot: Homeserver, anna: Person) -> None:
    room_id = await bot.create_room(NewRoom())
    await bot.kick(room_id, UserId(anna.user_id))
    await bot.invite(room_id, UserId(anna.user_id))
    await bot.kick(room_id, UserId(anna.user_id), "changed our mind")
    await bot.kick(room_id, UserId(anna.user_id))
    assert await bot.members(room_id) == {bot.user_id: "join"}


async def test_a_ban_is_made_and_ended(bot: Homeserver, anna: Person) -> None:
    room_id = await room_with(bot, anna, initial_state=[join_rule("public")])
    await bot.ban(room_id, UserId(anna.user_id), "spam")
    assert (await bot.members(room_id))[UserId(anna.user_id)] == "ban"
    await bot.kick(room_id, UserId(anna.user_id))
    with pytest.raises(Forbidden):
        await bot.invite(room_id, UserId(anna.user_id))
    with pytest.raises(Refused):
        await anna.join(room_id)
    for _time in range(2):
        await bot.unban(room_id, UserId(anna.user_id))
    await anna.join(room_id)
    await bot.unban(room_id, UserId(anna.user_id))
    assert (await bot.members(room_id))[UserId(anna.user_id)] == "join"


async def test_the_bot_joins_and_leaves(bot: Homeserver, anna: Person) -> None:
    room_id = RoomId(await anna.create_room({"preset": "private_chat", "invite": [bot.user_id]}))
    for _time in range(2):
        await bot.join(room_id)
    assert room_id in await bot.joined_rooms()
    for _time in range(2):
        await bot.leave(room_id)
    assert room_id not in await bot.joined_rooms()


async def test_the_bot_declines_an_invitation(bot: Homeserver, anna: Person) -> None:
    room_id = RoomId(await anna.create_room({"preset": "private_chat", "invite": [bot.user_id]}))
    await bot.leave(room_id)
    with pytest.raises(Forbidden):
        await bot.join(room_id)


async def test_a_person_leaves_twice(bot: Homeserver, anna: Person) -> None:
    room_id = await room_with(bot, anna)
    await anna.leave(room_id)
    assert await bot.members(room_id) == {bot.user_id: "join"}
    assert await anna.joined() == set()


async def test_names_of_accounts(world: World, bot: Homeserver, anna: Person) -> None:
    assert await bot.profile_name(UserId(anna.user_id)) == "anna"
    with pytest.raises(Missing):
        await bot.profile_name(UserId(f"@nobody:{world.server_name}"))


async def test_a_direct_chat_makes_the_bot_a_creator(bot: Homeserver, anna: Person) -> None:
    room_id = RoomId(await anna.create_direct(bot.user_id))
    await bot.join(room_id)
    create = await bot.state_event(room_id, "m.room.create")
    assert create is not None
    assert create["additional_creators"] == [bot.user_id]
    assert await bot.members(room_id) == {anna.user_id: "join", bot.user_id: "join"}


async def test_an_encrypted_direct_chat_shows_it_before_joining(bot: Homeserver, anna: Person) -> None:
    room_id = await anna.create_direct(bot.user_id, encrypted=True)
    stripped = (await bot.sync(None, 0, {}))["rooms"]["invite"][room_id]["invite_state"]["events"]
    assert "m.room.encryption" in types(stripped)
    own = next(event for event in stripped if event.get("state_key") == bot.user_id)
    assert own["content"]["is_direct"] is True
