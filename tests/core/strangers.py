"""Servers of strangers, on loopback: sound, slow, endless and lying ones; and a resolver like an attacker's."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp import web

from copp_bot.core.fetch import Found, IpAddress

HTML = "<html lang=fr><head><title>Rythmes</title><meta name=description content='Un résumé'></head><p>à l’école"
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Resolver:
    """Answers with the next of these addresses each time, and counts."""

    def __init__(self, *answers: tuple[IpAddress, ...]) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def __call__(self, host: str, port: int, family: int) -> Found:
        addresses = self.answers[min(self.asked, len(self.answers) - 1)]
        self.asked += 1
        kinds = ((socket.AF_INET6 if found.version == 6 else socket.AF_INET, str(found)) for found in addresses)
        return [(kind, socket.SOCK_STREAM, 6, "", (address, port)) for kind, address in kinds]


class Server:
    """A web server that remembers what it was asked."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.requests: list[web.Request] = []
        self.url = ""
        self.port = 0

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Every path, every method."""
        self.requests.append(request)
        return await self.answer(request)


@asynccontextmanager
async def serving(answer: Answer, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[Server]:
    """A server on a free port."""
    server = Server(answer)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, host, port).start()
    server.port = runner.addresses[0][1]
    server.url = f"http://{host}:{server.port}/"
    try:
        yield server
    finally:
        await runner.cleanup()


@asynccontextmanager
async def talking(talk: Callable[[asyncio.StreamWriter], Awaitable[None]]) -> AsyncIterator[str]:
    """A server that reads a request and then says whatever ``talk`` says."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            await talk(writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"


def gives(body: str | bytes = HTML, media_type: str = "text/html; charset=utf-8", status: int = 200) -> Answer:
    """An answer that is always the same."""

    async def answer(_request: web.Request) -> web.Response:
        data = body.encode() if isinstance(body, str) else body
        return web.Response(body=data, status=status, headers={"Content-Type": media_type})

    return answer


def sends_to(place: str) -> Answer:
    """A redirect that is always the same."""

    async def answer(_request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": place})

    return answer


async def hold(_writer: asyncio.StreamWriter) -> None:
    """Say nothing."""
    await asyncio.Event().wait()


async def drip(writer: asyncio.StreamWriter) -> None:
    """Always a little, never the end."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n")
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.05)  # slowness is what is tested


async def endless_headers(writer: asyncio.StreamWriter) -> None:
    """A header that never ends."""
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X-More: " + b"x" * 1000 + b"\r\n")
        await writer.drain()


async def continues(writer: asyncio.StreamWriter) -> None:
    """Promises an answer for ever."""
    while True:
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n" * 100)
        await writer.drain()
        await asyncio.sleep(0)
