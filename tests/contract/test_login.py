"""Signing in: what works, and the sentence for each thing that does not."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from pydantic import SecretStr

from copp_bot.core.errors import SetupError
from copp_bot.core.ids import RoomId, TxnId
from copp_bot.core.matrix.client import Client
from copp_bot.core.matrix.http import Http
from copp_bot.core.matrix.login import connect
from copp_bot.core.matrix.paths import by_hand
from copp_bot.core.matrix.port import Forbidden, NewRoom, Unavailable, UnknownToken
from copp_bot.core.settings import Settings
from copp_bot.demo.homeserver import LocalHomeserver

PASSWORD = "a password of tests"


def settings(homeserver: str, user_id: str, password: str | None = PASSWORD, **more: object) -> Settings:
    """Settings of a bot, from nothing but these."""
    secret = SecretStr(password) if password else None
    return Settings(homeserver=homeserver, user_id=user_id, password=secret, data_dir=Path("unused"), **more)  # type: ignore[arg-type]


@pytest.fixture
async def user_id(synapse: LocalHomeserver) -> str:
    """An account."""
    return await synapse.create_account("signer", PASSWORD)


@pytest.mark.synapse
async def test_a_password_is_used_once_and_the_device_stays(synapse: LocalHomeserver, user_id: str) -> None:
    first = await connect(settings(synapse.base_url, user_id))
    room_id = await first.create_room(NewRoom())
    sent = await first.send(room_id, "m.room.message", {"msgtype": "m.text", "body": "x"}, TxnId("one"))
    await first.close()
    kept = await connect(settings(synapse.base_url, user_id, "wrong"), kept_token=first.access_token)
    assert kept.access_token == first.access_token
    await kept.close()
    anew = await connect(settings(synapse.base_url, user_id), kept_token="unknown")
    assert anew.access_token not in ("unknown", first.access_token)
    assert await said_again(anew, room_id) == sent
    await anew.close()


async def said_again(client: Client, room_id: RoomId) -> str:
    """The event id of the same transaction, sent after a new login."""
    return await client.send(room_id, "m.room.message", {"msgtype": "m.text", "body": "x"}, TxnId("one"))


@pytest.mark.synapse
async def test_no_device_keys_are_uploaded(synapse: LocalHomeserver, user_id: str) -> None:
    client = await connect(settings(synapse.base_url, user_id))
    http = Http(synapse.base_url)
    method, path, data = by_hand("POST", "v3", "keys", "query", body={"device_keys": {user_id: []}})
    assert (await http.call(method, path, data, token=client.access_token))["device_keys"] == {user_id: {}}
    await client.close()
    await http.close()


@pytest.mark.synapse
async def test_a_wrong_password_is_said_plainly(synapse: LocalHomeserver, user_id: str) -> None:
    with pytest.raises(SetupError) as caught:
        await connect(settings(synapse.base_url, user_id, "wrong"))
    assert caught.value.problem == f"The homeserver does not accept the password of {user_id}."
    assert "COPP_PASSWORD" in caught.value.remedy


@pytest.mark.synapse
async def test_a_token_of_somebody_else_is_refused(synapse: LocalHomeserver, user_id: str) -> None:
    await synapse.create_account("somebody", PASSWORD)
    token = SecretStr(await synapse.login("somebody", PASSWORD))
    with pytest.raises(SetupError, match="belongs to @somebody"):
        await connect(settings(synapse.base_url, user_id, access_token=token))


@pytest.mark.synapse
async def test_an_unknown_token_without_a_password(synapse: LocalHomeserver, user_id: str) -> None:
    with pytest.raises(SetupError, match="does not know the access token any more"):
        await connect(settings(synapse.base_url, user_id, None, access_token=SecretStr("unknown")))


@pytest.mark.synapse
async def test_an_invalid_administrators_token_is_a_refusal_only(synapse: LocalHomeserver, user_id: str) -> None:
    client = await connect(settings(synapse.base_url, user_id, admin_token=SecretStr("unknown")))
    assert client.administration is not None
    with pytest.raises(Forbidden):
        await client.administration.lift_rate_limit(client.user_id)
    await client.close()


@pytest.mark.synapse
async def test_a_token_that_ended_says_so(synapse: LocalHomeserver) -> None:
    client = await connect(settings(synapse.base_url, await synapse.create_account("leaving", PASSWORD)))
    http = Http(synapse.base_url)
    method, path, data = by_hand("POST", "v3", "logout")
    await http.call(method, path, data, token=client.access_token)
    with pytest.raises(UnknownToken):
        await client.joined_rooms()
    await client.close()
    await http.close()


async def test_nothing_to_sign_in_with() -> None:
    with pytest.raises(SetupError, match="nothing to sign in with"):
        await connect(settings("http://127.0.0.1:9", "@copp:example.org", None))


async def test_nobody_there() -> None:
    with pytest.raises(SetupError) as caught:
        await connect(settings("http://127.0.0.1:9", "@copp:example.org"))
    assert caught.value.problem == "The homeserver at http://127.0.0.1:9 does not answer."
    assert isinstance(caught.value.__cause__, Unavailable)


@pytest.fixture
async def web_page(free_port: int) -> AsyncIterator[str]:
    """The address of something that is not a homeserver."""

    async def page(_request: web.Request) -> web.Response:
        return web.Response(text="<html>Hello</html>", content_type="text/html")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", page)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", free_port).start()
    yield f"http://127.0.0.1:{free_port}"
    await runner.cleanup()


async def test_a_web_page_is_not_a_homeserver(web_page: str) -> None:
    with pytest.raises(SetupError, match="is not a working Matrix homeserver"):
        await connect(settings(web_page, "@copp:example.org"))
