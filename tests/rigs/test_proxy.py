"""The proxy does what its faults say, and lets everything else through unchanged."""

import time
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web

from tests.rigs.proxy import Fault, FaultProxy, Kind

BODY = b'{"answer": 42}'


@pytest.fixture
async def seen() -> list[web.Request]:
    """What reached the homeserver."""
    return []


@pytest.fixture
async def proxy(seen: list[web.Request], free_port: int) -> AsyncIterator[FaultProxy]:
    """A proxy in front of a small server."""

    async def answer(request: web.Request) -> web.Response:
        seen.append(request)
        return web.Response(body=BODY, status=200 if await request.read() != b"bad" else 400)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", free_port).start()
    made = FaultProxy(f"http://127.0.0.1:{free_port}")
    await made.start()
    yield made
    await made.stop()
    await runner.cleanup()


async def call(proxy: FaultProxy, path: str = "/a%2Fb?c=d", body: bytes = b"{}") -> tuple[int, bytes, str]:
    """Status, body and ``Retry-After`` of one call; it is never repeated, since POST is not idempotent."""
    async with (
        aiohttp.ClientSession() as session,
        session.post(proxy.base_url + path, data=body, headers={"Authorization": "Bearer x"}) as response,
    ):
        return response.status, await response.read(), response.headers.get("Retry-After", "")


async def test_what_is_not_disturbed_goes_through(proxy: FaultProxy, seen: list[web.Request]) -> None:
    assert await call(proxy) == (200, BODY, "")
    assert await call(proxy, body=b"bad") == (400, BODY, "")
    assert seen[0].raw_path == "/a%2Fb?c=d" and seen[0].headers["Authorization"] == "Bearer x"
    assert proxy.count("POST /a") == 2


@pytest.mark.parametrize(("kind", "arrived"), [(Kind.DROP_REQUEST, 0), (Kind.DROP_RESPONSE, 1)])
async def test_a_dropped_call_breaks(proxy: FaultProxy, seen: list[web.Request], kind: Kind, arrived: int) -> None:
    proxy.faults = [Fault(kind)]
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await call(proxy)
    assert len(seen) == arrived and proxy.count("", kind) == 1


async def test_a_duplicate_arrives_twice(proxy: FaultProxy, seen: list[web.Request]) -> None:
    proxy.faults = [Fault(Kind.DUPLICATE)]
    assert await call(proxy) == (200, BODY, "") and len(seen) == 2


async def test_a_delay_delays(proxy: FaultProxy) -> None:
    proxy.faults = [Fault(Kind.DELAY, seconds=0.2)]
    began = time.monotonic()
    assert await call(proxy) == (200, BODY, "") and time.monotonic() - began >= 0.2


@pytest.mark.parametrize(
    ("kind", "status", "part", "retry"),
    [
        (Kind.TOO_MANY, 429, b'"retry_after_ms": 2000', "2"),
        (Kind.BROKEN, 500, b"M_UNKNOWN", ""),
        (Kind.BAD_GATEWAY, 502, b"<!doctype html>", ""),
        (Kind.UNAUTHORISED, 401, b"<!doctype html>", ""),
        (Kind.UNKNOWN_TOKEN, 401, b"M_UNKNOWN_TOKEN", ""),
        (Kind.HTML, 200, b"<!doctype html>", ""),
        (Kind.EMPTY, 200, b"", ""),
    ],
)
async def test_an_answer_in_the_homeservers_place(
    proxy: FaultProxy, seen: list[web.Request], kind: Kind, status: int, part: bytes, retry: str
) -> None:
    proxy.faults = [Fault(kind, seconds=2.0)]
    answer = await call(proxy)
    assert (answer[0], answer[2]) == (status, retry) and part in answer[1] and not seen


async def test_a_long_poll_is_shortened_and_a_timeline_limited(proxy: FaultProxy, seen: list[web.Request]) -> None:
    proxy.haste, proxy.faults = 10.0, [Fault(Kind.LIMITED)]
    await call(proxy, '/_matrix/client/v3/sync?timeout=30000&filter={"room":{"timeline":{"limit":100}}}')
    assert seen[0].query["timeout"] == "3000" and '"limit": 1}' in seen[0].query["filter"]


async def test_every_third_call_of_a_kind(proxy: FaultProxy) -> None:
    proxy.faults = [Fault(Kind.BROKEN, on="POST /a", every=3)]
    statuses = [(await call(proxy, path))[0] for path in ("/a", "/b", "/a", "/a", "/b", "/a")]
    assert statuses == [200, 200, 200, 500, 200, 200] and proxy.faults[0].done == 1
