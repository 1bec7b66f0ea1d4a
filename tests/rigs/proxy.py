"""A proxy between the bot and a real homeserver that does what networks and servers do on bad days.

The rule it keeps: what it does not disturb goes through unchanged, and it notes every call, disturbed or not.
"""

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

import aiohttp
from aiohttp import web
from yarl import URL

HOP = frozenset({"host", "connection", "content-length", "transfer-encoding", "accept-encoding"})
HTML = "<!doctype html><title>Welcome</title><p>This hotel's network asks you to sign in."


class Kind(StrEnum):
    """What happens to a call."""

    DROP_REQUEST = "request dropped"
    DROP_RESPONSE = "response dropped"
    DELAY = "delay"
    DUPLICATE = "duplicate"
    TOO_MANY = "429"
    BROKEN = "500"
    BAD_GATEWAY = "502"
    UNAUTHORISED = "401"
    UNKNOWN_TOKEN = "unknown token"
    HTML = "HTML"
    EMPTY = "empty body"
    LIMITED = "limited"


@dataclass
class Fault:
    """One disturbance.

    Args:
        on: part of ``METHOD /path`` of the calls it is about; empty for all.
        every: every so many of them.
        seconds: how long a delay lasts, or what ``Retry-After`` says.
    """

    kind: Kind
    on: str = ""
    every: int = 1
    seconds: float = 1.0
    seen: int = 0
    done: int = 0

    def hits(self, line: str) -> bool:
        """Is it this call's turn?"""
        if self.on not in line:
            return False
        self.seen += 1
        hit = self.seen % self.every == 0
        self.done += hit
        return hit


@dataclass(frozen=True)
class Call:
    """One call as it came in; ``at`` in seconds of ``time.monotonic``."""

    at: float
    line: str
    fault: Kind | None


@dataclass
class FaultProxy:
    """The proxy.

    Args:
        target: the homeserver's address.
        haste: long polls are shortened by this factor, for a bot whose clock runs so much faster.
    """

    target: str
    haste: float = 1.0
    faults: list[Fault] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    _runner: web.AppRunner | None = None
    _session: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        """Listen on a free port of this machine."""
        app = web.Application(client_max_size=2**30)
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(total=None)
        )
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()

    async def stop(self) -> None:
        """Stop listening."""
        if self._runner is not None and self._session is not None:
            await self._session.close()
            await self._runner.cleanup()

    @property
    def base_url(self) -> str:
        """Where the bot finds it."""
        assert self._runner is not None
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    def count(self, part: str, fault: Kind | None = None) -> int:
        """How many calls had this part, and this fault if one is named."""
        return sum(part in call.line and (fault is None or call.fault is fault) for call in self.calls)

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        line = f"{request.method} {request.path}"
        fault = next((fault for fault in self.faults if fault.hits(line)), None)
        self.calls.append(Call(time.monotonic(), line, fault.kind if fault else None))
        try:
            return await (self._forward(request) if fault is None else self._disturb(request, fault))
        except aiohttp.ClientError:
            return _gone(request)

    async def _disturb(self, request: web.Request, fault: Fault) -> web.StreamResponse:
        made = _ANSWERS.get(fault.kind)
        if made is not None:
            await request.read()
            return made(fault)
        if fault.kind is Kind.DROP_REQUEST:
            return _gone(request)
        if fault.kind is Kind.DELAY:
            await asyncio.sleep(fault.seconds)
        if fault.kind is Kind.DUPLICATE:
            await self._forward(request)
        answer = await self._forward(request, limited=fault.kind is Kind.LIMITED)
        return _gone(request) if fault.kind is Kind.DROP_RESPONSE else answer

    async def _forward(self, request: web.Request, *, limited: bool = False) -> web.Response:
        assert self._session is not None
        headers = {name: value for name, value in request.headers.items() if name.lower() not in HOP}
        url = self._address(request, limited)
        data = await request.read()
        async with self._session.request(
            request.method, url, headers=headers | {"Accept-Encoding": "identity"}, data=data, allow_redirects=False
        ) as answer:
            kept = {name: value for name, value in answer.headers.items() if name.lower() not in HOP}
            return web.Response(status=answer.status, body=await answer.read(), headers=kept)

    def _address(self, request: web.Request, limited: bool) -> URL:
        """The homeserver's own address of a call; a long poll shortened, a timeline limited to its last event."""
        if not request.path.endswith("/sync"):
            return URL(self.target + request.raw_path, encoded=True)
        query = dict(request.query)
        query["timeout"] = str(int(int(query.get("timeout", "0")) / self.haste))
        if limited and "filter" in query:
            wanted = json.loads(query["filter"])
            wanted["room"]["timeline"]["limit"] = 1
            query["filter"] = json.dumps(wanted)
        return URL(self.target + request.path).with_query(query)


def _gone(request: web.Request) -> web.Response:
    """The connection breaks without an answer."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=499)


def _too_many(fault: Fault) -> web.Response:
    body = {"errcode": "M_LIMIT_EXCEEDED", "error": "Too many", "retry_after_ms": int(fault.seconds * 1000)}
    return web.json_response(body, status=429, headers={"Retry-After": str(max(1, round(fault.seconds)))})


_ANSWERS: dict[Kind, Callable[[Fault], web.Response]] = {
    Kind.TOO_MANY: _too_many,
    Kind.BROKEN: lambda _fault: web.json_response({"errcode": "M_UNKNOWN", "error": "Internal"}, status=500),
    Kind.BAD_GATEWAY: lambda _fault: web.Response(status=502, text=HTML, content_type="text/html"),
    Kind.UNAUTHORISED: lambda _fault: web.Response(status=401, text=HTML, content_type="text/html"),
    Kind.UNKNOWN_TOKEN: lambda _fault: web.json_response({"errcode": "M_UNKNOWN_TOKEN", "error": "?"}, status=401),
    Kind.HTML: lambda _fault: web.Response(text=HTML, content_type="text/html"),
    Kind.EMPTY: lambda _fault: web.Response(body=b"", content_type="application/json"),
}
