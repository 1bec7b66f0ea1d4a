"""An account of the demonstration against a real homeserver: what it does may be repeated, and it waits for others."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import aiohttp
import pytest
import pytest_asyncio

from copp_bot.demo.asking import ask, direct_chat, is_shelved
from copp_bot.demo.homeserver import LocalHomeserver
from copp_bot.demo.person import JsonDict, Person, Refused

pytestmark = [pytest.mark.synapse, pytest.mark.asyncio(loop_scope="session")]


@pytest_asyncio.fixture(loop_scope="session")
async def two(synapse: LocalHomeserver) -> AsyncIterator[tuple[Person, Person]]:
    """Two signed-in people who do not know each other."""
    async with aiohttp.ClientSession() as http:
        yield await newcomer(synapse, http), await newcomer(synapse, http)


async def newcomer(synapse: LocalHomeserver, http: aiohttp.ClientSession) -> Person:
    """An account of its own."""
    name = f"demo-{uuid4().hex[:8]}"
    await synapse.create_account(name, "secret")
    return await Person.login(http, synapse.base_url, name, "secret")


def text(body: str, **relation: object) -> JsonDict:
    """The content of a message."""
    return {"msgtype": "m.text", "body": body, "m.mentions": {}} | ({"m.relates_to": relation} if relation else {})


async def test_a_wrong_password_is_refused(synapse: LocalHomeserver, two: tuple[Person, Person]) -> None:
    name = two[0].user_id[1:].split(":")[0]
    async with aiohttp.ClientSession() as http:
        with pytest.raises(Refused, match="M_FORBIDDEN"):
            await Person.login(http, synapse.base_url, name, "wrong")


async def test_the_same_transaction_is_the_same_event_after_another_login(
    synapse: LocalHomeserver, two: tuple[Person, Person]
) -> None:
    anna, _ben = two
    room = await anna.create_room({})
    first = await anna.send(room, text("once"), "txn")
    async with aiohttp.ClientSession() as http:
        again = await Person.login(http, synapse.base_url, anna.user_id[1:].split(":")[0], "secret")
        assert await again.send(room, text("once"), "txn") == first


async def test_enter_waits_until_someone_opens_the_door(two: tuple[Person, Person]) -> None:
    anna, ben = two
    room = await anna.create_room({"preset": "private_chat"})
    entering = asyncio.create_task(ben.enter(room))
    await anna.invite(room, ben.user_id)
    await anna.invite(room, ben.user_id)
    await entering
    assert room in await ben.joined_rooms()


async def test_asking_waits_for_the_edit_that_is_final(two: tuple[Person, Person]) -> None:
    anna, bot = two
    room = await direct(anna, bot)
    position = await bot.position()
    asking = asyncio.create_task(ask(anna, bot.user_id, room, text("!library add"), "txn", until=is_shelved))
    question = await bot.find(room, position, lambda event: event["content"].get("body") == "!library add", 20)
    reply = {"m.in_reply_to": {"event_id": question["event_id"]}}
    answer = await bot.send(room, text("Reading it …", **reply), "answer")
    final = text("* done", rel_type="m.replace", event_id=answer) | {"m.new_content": text("Shelved as L12")}
    await bot.send(room, final, "final")
    assert await asking == (question["event_id"], "Shelved as L12")
    looked_back = await ask(anna, bot.user_id, room, text("!library add"), "txn", until=is_shelved, look_back=True)
    assert looked_back == (question["event_id"], "Shelved as L12")


async def test_a_direct_chat_is_found_again(two: tuple[Person, Person]) -> None:
    anna, bot = two
    room = await direct(anna, bot)
    assert await direct_chat(anna, bot.user_id, frozenset(), look_back=True) == room
    kept = await anna.call("GET", f"/_matrix/client/v3/user/{anna.user_id}/account_data/m.direct")
    assert kept == {bot.user_id: [room]}


async def test_a_direct_chat_that_the_bot_has_opened_is_taken(two: tuple[Person, Person]) -> None:
    anna, bot = two
    room = await bot.create_room({"preset": "trusted_private_chat", "is_direct": True, "invite": [anna.user_id]})
    assert await direct_chat(anna, bot.user_id, frozenset()) == room


async def direct(anna: Person, bot: Person) -> str:
    """Anna opens a direct chat, and the bot comes."""
    position = await bot.position()
    opening = asyncio.create_task(direct_chat(anna, bot.user_id, frozenset()))
    while not (invited := (await bot.sync(position)).get("rooms", {}).get("invite", {})):
        pass
    await bot.join(next(iter(invited)))
    return await opening
