"""The HTTP edge: health for machines, a plain front page for people. Features add their routes.

The rule it keeps: security headers on every answer, and no page that needs a person to be known is cached.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from html import escape

from aiohttp import web

from copp_bot.core.errors import SetupError
from copp_bot.core.health import Health
from copp_bot.core.i18n import gettext as _
from copp_bot.core.metrics import CONTENT_TYPE

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "private, no-store",
}
BIGGEST_REQUEST = 1_000_000


class Site:
    """The aiohttp server.

    Args:
        title: the community's name, for the front page.
        look: measures the bot's health.
        exposition: its figures and the counters, as Prometheus reads them.
    """

    def __init__(
        self, title: str, look: Callable[[], Awaitable[Health]], exposition: Callable[[Mapping[str, float]], bytes]
    ) -> None:
        self._title = title
        self._look = look
        self._exposition = exposition
        self._runner: web.AppRunner | None = None

    async def start(self, host: str, port: int) -> int:
        """Listen; returns the port, which was picked when 0 was asked for."""
        app = web.Application(client_max_size=BIGGEST_REQUEST, middlewares=[_with_headers])
        app.router.add_get("/", self._front)
        app.router.add_get("/healthz", self._healthz)
        app.router.add_get("/readyz", self._readyz)
        app.router.add_get("/metrics", self._metrics)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port)
        try:
            await site.start()
        except OSError as error:
            await self._runner.cleanup()
            raise SetupError(
                f"The web pages cannot listen on {host}:{port} ({error.strerror}).",
                "Choose another COPP_WEB_PORT, or 0 for a free one.",
            ) from None
        return int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        """Stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _front(self, _request: web.Request) -> web.Response:
        title = escape(self._title)
        words = escape(_("This community lives in Matrix rooms. Members sign in with any Matrix client."))
        page = (
            f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
            f'<meta name="viewport" content="width=device-width"><h1>{title}</h1><p>{words}</p></html>'
        )
        return web.Response(text=page, content_type="text/html")

    async def _healthz(self, _request: web.Request) -> web.Response:
        return web.json_response({"status": "up"})

    async def _readyz(self, _request: web.Request) -> web.Response:
        health = await self._look()
        status = 200 if health.is_ready else 503
        return web.json_response({"ready": health.is_ready, **asdict(health)}, status=status)

    async def _metrics(self, _request: web.Request) -> web.Response:
        health = await self._look()
        return web.Response(body=self._exposition(health.figures), headers={"Content-Type": CONTENT_TYPE})


@web.middleware
async def _with_headers(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    try:
        response = await handler(request)
    except web.HTTPException as error:
        response = web.Response(status=error.status, text=error.reason)
    response.headers.update(HEADERS)
    return response
