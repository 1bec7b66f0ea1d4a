"""The aiohttp server: what the features show, signing in, the stylesheet, and health for machines.

The rule it keeps: security headers on every answer, one page for everything that is not there, and nobody who
is slow or sends too much keeps a connection.
"""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import asdict

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from copp_bot.core.errors import SetupError
from copp_bot.core.feature import Feature
from copp_bot.core.health import Health
from copp_bot.core.i18n import gettext as _
from copp_bot.core.logs import about, ref_of
from copp_bot.core.metrics import CONTENT_TYPE
from copp_bot.core.web.entrance import Entrance
from copp_bot.core.web.forms import prepare_uploads
from copp_bot.core.web.frame import Frame
from copp_bot.core.web.headers import FOR_EVERYBODY, security
from copp_bot.core.web.serving import Base, Serving

log = logging.getLogger(__name__)
BIGGEST_FORM = 1_000_000
"""Bytes of a form without a file."""
LONGEST_LINE = 4096
"""Bytes of a request's first line, and of each header."""
HEADER_SECONDS, IDLE_SECONDS = 15.0, 30.0
"""How long a new connection may take for its first request, and how long one may wait for the next."""
REST_SECONDS = 3.0
"""How long the rest of what was refused is still read, so that the answer arrives."""
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Look = Callable[[], Awaitable[Health]]


class Site:
    """The server.

    Args:
        title: the community's name.
        features: whose pages, actions and panels are served.
        look: measures the bot's health.
        exposition: its figures and the counters, as Prometheus reads them.
    """

    def __init__(
        self,
        title: str,
        base: Base,
        features: Iterable[Feature],
        look: Look,
        exposition: Callable[[Mapping[str, float]], bytes],
    ) -> None:
        features = tuple(features)
        menu = [page for feature in features for page in feature.pages]
        self._base = base
        self._features = features
        self._frame = Frame(title, [feature.name for feature in features], menu)
        self._serving = Serving(base, self._frame, tuple(panel for feature in features for panel in feature.panels))
        self.entrance = Entrance(self._serving)
        self._look = look
        self._exposition = exposition
        self._headers = security(base.settings.web_hsts_seconds)
        self._unheard: dict[RequestHandler, asyncio.TimerHandle] = {}
        self._runner: web.AppRunner | None = None
        self._server: asyncio.Server | None = None

    def application(self) -> web.Application:
        """The routes with everything around them."""
        app = web.Application(client_max_size=BIGGEST_FORM, middlewares=[self._guarded])
        app.on_response_prepare.append(self._with_headers)
        app.add_routes(
            [
                web.get("/healthz", self._healthz),
                web.get("/readyz", self._readyz),
                web.get("/metrics", self._metrics),
                web.get("/static/{name}", self._static),
                *self.entrance.routes(),
            ]
        )
        for feature in self._features:
            app.add_routes(web.get(page.path, self._serving.page(page)) for page in feature.pages)
            app.add_routes(web.post(action.path, self._serving.action(action)) for action in feature.actions)
        return app

    async def start(self, host: str, port: int) -> int:
        """Listen; returns the port, which was picked when 0 was asked for."""
        prepare_uploads(self._base.settings.data_dir)
        self._runner = web.AppRunner(
            self.application(),
            access_log=None,
            max_line_size=LONGEST_LINE,
            max_field_size=LONGEST_LINE,
            keepalive_timeout=IDLE_SECONDS,
            lingering_time=REST_SECONDS,
        )
        await self._runner.setup()
        loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_server(self._connection, host, port)
        except OSError as error:
            await self._runner.cleanup()
            raise SetupError(
                f"The web pages cannot listen on {host}:{port} ({error.strerror}).",
                "Choose another COPP_WEB_PORT, or 0 for a free one.",
            ) from None
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()
        for timer in self._unheard.values():
            timer.cancel()
        if self._runner is not None:
            await self._runner.cleanup()

    def _connection(self) -> RequestHandler:
        """A new connection; one that has not brought a whole request in time is closed."""
        assert self._runner is not None and self._runner.server is not None
        connection = self._runner.server()

        def close() -> None:
            del self._unheard[connection]
            connection.force_close()

        self._unheard[connection] = asyncio.get_running_loop().call_later(HEADER_SECONDS, close)
        return connection

    async def _static(self, request: web.Request) -> web.Response:
        asset = self._frame.assets.get(request.match_info["name"])
        if asset is None:
            raise web.HTTPNotFound
        response = web.Response(body=asset.body, content_type=asset.media_type, charset="utf-8")
        response.headers["Cache-Control"] = FOR_EVERYBODY
        return response

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
    async def _guarded(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        timer = self._unheard.pop(request.protocol, None)
        if timer is not None:
            timer.cancel()
        return await self._answered(request, handler)

    async def _with_headers(self, _request: web.Request, response: web.StreamResponse) -> None:
        for name, value in self._headers.items():
            response.headers.setdefault(name, value)

    async def _answered(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Every problem is a page."""
        try:
            return await handler(request)
        except (web.HTTPNotFound, web.HTTPMethodNotAllowed):
            return await self._serving.error(request, 404)
        except web.HTTPRequestEntityTooLarge:
            return await self._serving.error(request, 413, _("That is more than this page takes. Send less of it."))
        except web.HTTPException as error:
            return web.Response(status=error.status, text=error.reason)
        except Exception:
            ref = ref_of(secrets.token_hex(8))
            with about(ref):
                log.exception("a page failed")
            sentence = _("Something went wrong (ref {ref}). Nothing was changed. Tell a steward if it happens again.")
            return await self._serving.error(request, 500, sentence.format(ref=ref))
