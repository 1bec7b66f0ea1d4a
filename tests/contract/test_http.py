"""What the homeserver may answer, and what becomes of it; a small server answers as it is told."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from aiohttp import web

from copp_bot.core.ids import MxcUri, RoomId, TxnId, UserId
from copp_bot.core.matrix.client import Client
from copp_bot.core.matrix.http import Http, Timeouts
from copp_bot.core.matrix.port import (
    Forbidden,
    MatrixError,
    Missing,
    RateLimited,
    TooLarge,
    Unavailable,
    UnknownToken,
)

ROOM = RoomId("!room:example.org")
TOKEN = "syt_secret"
LIMIT = 10_000
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Server:
    """Answers every request with ``answer`` and remembers the last one."""

    def __init__(self) -> None:
        self.requests = 0
        self.answer: Answer = replying(200, b"{}")
        self.request: web.Request | None = None
        self.body = b""
        self.url = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.request, self.body = request, await request.read()
        self.requests += 1
        return await self.answer(request)


@pytest.fixture
async def server(free_port: int) -> AsyncIterator[Server]:
    """A server on this machine."""
    made = Server()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", made.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", free_port).start()
    made.url = f"http://127.0.0.1:{free_port}"
    yield made
    await runner.cleanup()


@pytest.fixture
async def client(server: Server) -> AsyncIterator[Client]:
    """A client of that server, with little patience."""
    timeouts = Timeouts(connect=1, total=1, silence=1)
    made = Client(Http(server.url, timeouts=timeouts, limit=LIMIT), UserId("@copp:example.org"), TOKEN)
    yield made
    await made.close()


def replying(status: int, body: bytes | dict[str, object], **headers: str) -> Answer:
    """Always this answer."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()

    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, body=raw, headers=headers)

    return answer


async def half(request: web.Request) -> web.StreamResponse:
    """An answer that breaks off."""
    response = web.StreamResponse(headers={"Content-Length": "1000"})
    await response.prepare(request)
    await response.write(b'{"joined_rooms": [')
    assert request.transport is not None
    request.transport.abort()
    return response


async def endless(request: web.Request) -> web.StreamResponse:
    """More than anybody wants."""
    response = web.StreamResponse()
    await response.prepare(request)
    for _number in range(100):
        await response.write(b" " * LIMIT)
    return response


async def silent(_request: web.Request) -> web.StreamResponse:
    """Never an answer."""
    await asyncio.Event().wait()
    raise AssertionError


NOT_A_HOMESERVER = [
    replying(200, b"<html>Welcome to nginx</html>", **{"Content-Type": "text/html"}),
    replying(200, b""),
    replying(200, b"[1, 2]"),
    replying(200, b"{}"),
    replying(200, b'{"joined_rooms": "many"}'),
    replying(200, b'{"joined_rooms": ['),
    replying(200, b"\xff\xfe"),
    replying(200, b"[" * 9_000),
    replying(200, b'{"a": ' + b"9" * 5_000 + b"}"),
    replying(404, b"<html>no such page</html>"),
    replying(403, b""),
    replying(401, b"<html>who are you</html>"),
    replying(302, b"", Location="https://example.org/login"),
    replying(500, {"errcode": "M_UNKNOWN", "error": "oh"}),
    replying(502, b"<html>Bad gateway</html>"),
    replying(503, b""),
    replying(504, b"[]"),
    replying(400, b'"no"'),
    half,
    silent,
]


@pytest.mark.parametrize("answer", NOT_A_HOMESERVER)
async def test_what_is_no_answer_of_a_homeserver_is_unavailable(server: Server, client: Client, answer: Answer) -> None:
    server.answer = answer
    with pytest.raises(Unavailable):
        await client.joined_rooms()


REFUSALS: list[tuple[int, str, type[MatrixError]]] = [
    (400, "M_BAD_JSON", MatrixError),
    (401, "M_UNKNOWN_TOKEN", UnknownToken),
    (401, "M_MISSING_TOKEN", UnknownToken),
    (401, "M_UNAUTHORIZED", MatrixError),
    (403, "M_FORBIDDEN", Forbidden),
    (404, "M_NOT_FOUND", Missing),
    (404, "M_UNRECOGNIZED", MatrixError),
    (409, "M_CONFLICT", MatrixError),
    (413, "M_TOO_LARGE", TooLarge),
    (418, "", MatrixError),
]


@pytest.mark.parametrize(("status", "errcode", "kind"), REFUSALS)
async def test_refusals_have_their_exceptions(
    server: Server, client: Client, status: int, errcode: str, kind: type[MatrixError]
) -> None:
    server.answer = replying(status, {"errcode": errcode, "error": "no " * 1000})
    with pytest.raises(MatrixError) as caught:
        await client.joined_rooms()
    assert type(caught.value) is kind
    assert (caught.value.status, caught.value.errcode) == (status, errcode)
    assert len(caught.value.message) <= 200


async def test_errors_whose_fields_are_of_wrong_types(server: Server, client: Client) -> None:
    server.answer = replying(403, {"errcode": 7, "error": ["x"]})
    with pytest.raises(Forbidden) as caught:
        await client.joined_rooms()
    assert caught.value.errcode == ""


RETRIES: list[tuple[bytes | dict[str, object], dict[str, str], float]] = [
    ({"errcode": "M_LIMIT_EXCEEDED", "retry_after_ms": 2500}, {}, 2.5),
    ({"errcode": "M_LIMIT_EXCEEDED", "retry_after_ms": 2500}, {"Retry-After": "3"}, 2.5),
    ({"errcode": "M_LIMIT_EXCEEDED"}, {"Retry-After": "7"}, 7.0),
    (b"<html>slow down</html>", {"Retry-After": "7"}, 7.0),
    (b"", {}, 1.0),
    ({"retry_after_ms": -1}, {}, 1.0),
    ({"retry_after_ms": "soon"}, {"Retry-After": "soon"}, 1.0),
    (b'{"retry_after_ms": Infinity}', {}, 1.0),
    ({"retry_after_ms": True}, {}, 1.0),
    (b'{"retry_after_ms": ' + b"9" * 400 + b"}", {}, 86_400.0),
    ({}, {"Retry-After": "9" * 400}, 86_400.0),
    ({}, {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
]


@pytest.mark.parametrize(("body", "headers", "seconds"), RETRIES)
async def test_a_rate_limit_says_how_long(
    server: Server, client: Client, body: bytes | dict[str, object], headers: dict[str, str], seconds: float
) -> None:
    server.answer = replying(429, body, **headers)
    with pytest.raises(RateLimited) as caught:
        await client.send(ROOM, "m.room.message", {}, TxnId("one"))
    assert caught.value.retry_after == seconds


async def test_a_rate_limit_until_a_date(server: Server, client: Client) -> None:
    due = datetime.now(UTC) + timedelta(seconds=90)
    server.answer = replying(429, b"", **{"Retry-After": format_datetime(due, usegmt=True)})
    with pytest.raises(RateLimited) as caught:
        await client.joined_rooms()
    assert 80 < caught.value.retry_after <= 90


async def test_an_answer_too_long_is_cut_off(server: Server, client: Client) -> None:
    server.answer = endless
    with pytest.raises(TooLarge):
        await client.joined_rooms()


async def test_a_long_error_page_is_still_its_status(server: Server, client: Client) -> None:
    server.answer = replying(502, b"x" * 1_000_000)
    with pytest.raises(Unavailable) as caught:
        await client.joined_rooms()
    assert caught.value.status == 502


async def test_nobody_there_is_unavailable(server: Server, unused_url: str) -> None:
    client = Client(Http(unused_url), UserId("@copp:example.org"), TOKEN)
    with pytest.raises(Unavailable) as caught:
        await client.joined_rooms()
    assert caught.value.status == 0
    await client.close()


@pytest.fixture
def unused_url() -> str:
    """An address where nobody listens (port 9, discard)."""
    return "http://127.0.0.1:9"


async def test_the_token_travels_in_the_header_only(server: Server, client: Client) -> None:
    server.answer = replying(200, {"event_id": "$one"})
    await client.send(ROOM, "m.room.message", {"body": "hello"}, TxnId("a/b?c"))
    assert server.request is not None
    assert server.request.headers["Authorization"] == f"Bearer {TOKEN}"
    assert "token" not in server.request.raw_path
    assert server.request.raw_path == ("/_matrix/client/v3/rooms/%21room%3Aexample.org/send/m.room.message/a%2Fb%3Fc")
    assert json.loads(server.body) == {"body": "hello"}


async def test_no_secret_and_no_body_in_exceptions(server: Server, client: Client) -> None:
    for answer in (half, replying(200, b"<html>"), replying(502, b"")):
        server.answer = answer
        with pytest.raises(MatrixError) as caught:
            await client.send(ROOM, "m.room.message", {"body": "private words"}, TxnId("one"))
        chain = f"{caught.value!r} {caught.value.__cause__!r}"
        assert TOKEN not in chain
        assert "private words" not in chain


async def test_a_redirect_is_not_followed_with_the_token(server: Server, client: Client) -> None:
    server.answer = replying(307, b"", Location=f"{server.url}/elsewhere")
    with pytest.raises(Unavailable):
        await client.joined_rooms()
    assert server.request is not None
    assert server.request.path != "/elsewhere"


async def test_a_sync_may_take_its_time(server: Server, client: Client) -> None:
    async def late(_request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(1.3)  # longer than an ordinary call may take
        return web.json_response({"next_batch": "s1"})

    server.answer = late
    assert await client.sync(None, 5_000, {}) == {"next_batch": "s1"}
    assert server.request is not None
    assert dict(server.request.query) == {"timeout": "5000", "filter": "{}", "set_presence": "offline"}


async def test_a_sync_without_a_token_is_no_sync(server: Server, client: Client) -> None:
    server.answer = replying(200, {"rooms": {}})
    with pytest.raises(Unavailable):
        await client.sync("s1", 0, {})


async def test_malformed_members_are_left_out(server: Server, client: Client) -> None:
    good = {"state_key": "@anna:example.org", "content": {"membership": "join"}}
    server.answer = replying(200, {"chunk": [good, 1, {}, {"state_key": 2, "content": []}]})
    assert await client.members(ROOM) == {"@anna:example.org": "join"}


async def test_a_broken_download_leaves_nothing(server: Server, client: Client, tmp_path: Path) -> None:
    for answer in (half, endless, replying(404, {"errcode": "M_NOT_FOUND"})):
        server.answer = answer
        with pytest.raises(MatrixError):
            await client.download(MxcUri("mxc://example.org/abc"), tmp_path / "file", LIMIT)
        assert not (tmp_path / "file").exists()


async def test_a_full_disk_is_not_the_servers_fault(server: Server, client: Client) -> None:
    server.answer = replying(200, b"bytes")
    with pytest.raises(OSError, match="No such file"):
        await client.download(MxcUri("mxc://example.org/abc"), Path("/nowhere/at/all"), LIMIT)


async def test_half_characters_are_not_sent(server: Server, client: Client) -> None:
    server.answer = replying(200, {"event_id": "$one"})
    await client.send(ROOM, "m.room.message", {"body": "\ud83d 👍 \\ud83d"}, TxnId("one"))
    assert json.loads(server.body) == {"body": "? 👍 \\ud83d"}


@pytest.mark.parametrize(
    ("date", "low", "high"),
    [("{ahead}", 3590, 3610), ("yesterday", None, None), ("", None, None), ("Tue, 99 Foo 2026", None, None)],
)
async def test_the_difference_of_the_clocks_is_measured(
    server: Server, client: Client, date: str, low: float | None, high: float | None
) -> None:
    ahead = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    server.answer = replying(200, {"joined_rooms": []}, Date=date.format(ahead=ahead))
    await client.joined_rooms()
    if low is None or high is None:
        assert client.clock_skew is None
    else:
        assert client.clock_skew is not None and low < client.clock_skew < high


async def breaking(request: web.Request) -> web.StreamResponse:
    """The connection breaks without an answer."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


@pytest.mark.parametrize("call", ["get", "put"])
async def test_a_call_whose_connection_breaks_is_not_repeated_behind_our_back(
    server: Server, client: Client, call: str
) -> None:
    """Also on a connection that has carried a call before."""
    server.answer = replying(200, {"joined_rooms": [], "event_id": "$1"})
    await client.joined_rooms()
    server.answer, server.requests = breaking, 0
    with pytest.raises(Unavailable):
        await (client.joined_rooms() if call == "get" else client.send(ROOM, "m.room.message", {}, TxnId("1")))
    assert server.requests == 1
