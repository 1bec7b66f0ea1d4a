"""Signing in: a link in the direct chat is the only key, and only a form sent from the browser turns it.

The rule it keeps: the same answer whoever is asked for; a link that is merely opened, by a preview or a scanner, is not
used up; nobody is signed in as somebody without having been told as whom.
"""

import asyncio
import logging
import secrets
from collections import deque
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from aiohttp import web
from sqlmodel import Session

from copp_bot.core.effects import Batch, RowEffects
from copp_bot.core.i18n import gettext as _
from copp_bot.core.i18n import reading_in
from copp_bot.core.ids import UserId
from copp_bot.core.people import load_viewer
from copp_bot.core.readers import reader
from copp_bot.core.web import forms, notices, sessions
from copp_bot.core.web.agents import agent_words
from copp_bot.core.web.page import Form, Redirect, View
from copp_bot.core.web.serving import SIGN_IN_PATH, Answer, Asked, Serving, local_path

log = logging.getLogger(__name__)
T = TypeVar("T")
SENT_PATH, OUT_PATH = "/sign-in/sent", "/sign-out"
LINK_PATH = "/sign-in/{link:[A-Za-z0-9_-]{20,100}}"
BROWSER_LIFE = timedelta(hours=1)
MOST_ASKED, ASKED_WITHIN = 60, 60.0
"""Links that may be asked for on the page within so many seconds, by everybody together."""
LONGEST_ID = 255
"""Of a Matrix id (Matrix specification, User Identifiers)."""


class Entrance:
    """The pages of signing in and out."""

    def __init__(self, serving: Serving) -> None:
        self._serving = serving
        self._base = serving.base
        self._asked = deque[float](maxlen=MOST_ASKED)
        self._sending: set[asyncio.Task[None]] = set()
        self._server = self._base.settings.user_id.split(":", 1)[1]
        self._browser_cookie = "__Host-copp_browser" if self._base.is_secure else "copp_browser"

    def routes(self) -> tuple[web.RouteDef, ...]:
        """What the site adds to its router."""
        return (
            web.get(SIGN_IN_PATH, self._ask),
            web.post(SIGN_IN_PATH, self._send),
            web.get(SENT_PATH, self._sent),
            web.get(LINK_PATH, self._confirm),
            web.post(LINK_PATH, self._enter),
            web.post(OUT_PATH, self._leave),
        )

    async def idle(self) -> None:
        """Wait until every link that was asked for is on its way, or is not to be sent."""
        await asyncio.gather(*self._sending)

    async def _ask(self, request: web.Request) -> web.StreamResponse:
        """The form for a link."""
        if await self._is_signed_in(request):
            return self._serving.response(Answer(Redirect(sessions.HOME)))
        onward = local_path(request.query.get("next", sessions.HOME))
        values = {"next": onward, "is_open": bool(self._base.settings.web_url), "server": self._server}
        return await self._show(request, View("core/sign_in.html", values))

    async def _send(self, request: web.Request) -> web.StreamResponse:
        """Have a link sent, if there is somebody to send it to; the answer does not tell."""
        browser, form = self._browser(request), await self._form(request)
        if form is None:
            return await self._too_old(request)
        if not self._base.settings.web_url:
            return self._serving.response(Answer(Redirect(SIGN_IN_PATH)))  # says so
        if not self._may_ask():
            sentence = _("Too many people ask for links at the moment. Wait a minute, and try again.")
            return await self._serving.error(request, 429, sentence)
        user_id, path = self._meant(form.text("user_id")), local_path(form.text("next"))
        sending = asyncio.create_task(self._send_link(user_id, browser, path))
        self._sending.add(sending)
        sending.add_done_callback(self._sending.discard)
        return self._serving.response(Answer(Redirect(SENT_PATH)))

    async def _sent(self, request: web.Request) -> web.StreamResponse:
        """Where to look now."""
        return await self._show(request, View("core/sent.html", {"minutes": notices.MINUTES}))

    async def _confirm(self, request: web.Request) -> web.StreamResponse:
        """As whom? Nothing happens before the button is pressed."""
        asked, browser = self._serving.asked(request), self._browser(request)

        def show(session: Session) -> Answer:
            link = sessions.link(session, self._base.policy, request.match_info["link"], self._base.clock.now())
            if link is None:
                return self._render(session, asked, View("core/used.html", {"is_elsewhere": False}), browser, 410)
            if not link.fits(browser):
                return self._render(session, asked, View("core/used.html", {"is_elsewhere": True}), browser, 403)
            name = load_viewer(session, link.user_id, self._base.clock.now()).name
            values = {"user_id": link.user_id, "name": name or link.user_id}
            return self._render(session, asked, View("core/confirm.html", values), browser)

        return self._with_browser(self._serving.response(await self._base.database.read(show)), browser)

    async def _enter(self, request: web.Request) -> web.StreamResponse:
        """Turn the key."""
        browser = self._browser(request)
        if await self._form(request) is None:
            return await self._too_old(request)
        secret, agent = request.match_info["link"], request.headers.get("User-Agent", "")
        done, batch = await self._write(lambda effects: self._turn(effects, secret, browser, agent))
        if done is None:
            return self._serving.response(Answer(Redirect(request.path)))  # says what is wrong with it
        self._base.committed(batch)
        session_secret, path = done
        response = self._serving.response(Answer(Redirect(path)))
        self._set(response, self._base.session_cookie, session_secret, sessions.SESSION_LIFE)
        self._drop(response, self._browser_cookie)
        return response

    async def _leave(self, request: web.Request) -> web.StreamResponse:
        """End this session."""
        asked = self._serving.asked(request)
        if not asked.secret or await self._form(request, asked.secret) is None:
            return await self._too_old(request)

        def leave(session: Session) -> None:
            visitor, _is_news = self._serving.visitor(session, asked)
            if visitor.session_id is not None:
                sessions.end(session, visitor.viewer.user_id, visitor.session_id)

        await self._base.database.write(leave)
        response = self._serving.response(Answer(Redirect("/")))
        self._drop(response, self._base.session_cookie)
        return response

    def _turn(self, effects: RowEffects, secret: str, browser: str, agent: str) -> tuple[str, str] | None:
        link = sessions.link(effects.session, self._base.policy, secret, effects.now)
        if link is None or not link.fits(browser):
            return None
        begun = sessions.begin(effects, link, agent)
        if link.txn_id is not None:
            with reading_in(reader(effects.session, link.user_id, self._base.rooms).language):
                effects.edit(link.txn_id, notices.render_used(agent_words(agent)))
        return begun, link.path

    async def _send_link(self, user_id: UserId, browser: str, path: str) -> None:
        try:
            _done, batch = await self._write(lambda effects: self._offer(effects, user_id, browser, path))
            self._base.committed(batch)
        except Exception:  # nobody waits for this
            log.exception("a sign-in link could not be sent")

    def _offer(self, effects: RowEffects, user_id: UserId, browser: str, path: str) -> None:
        session, now = effects.session, effects.now
        if not sessions.may_sign_in(self._base.policy, load_viewer(session, user_id, now)):
            return
        secret = sessions.new_link(session, user_id, now, browser=browser, path=path)
        if secret:
            with reading_in(reader(session, user_id, self._base.rooms).language):
                url = link_address(self._base.settings.web_url or "", secret)
                txn = effects.send(user_id, notices.render_link_for_browser(url, user_id))
            sessions.carried_by(session, secret, txn, now)

    async def _write(self, job: Callable[[RowEffects], T]) -> tuple[T, Batch]:
        def write(session: Session) -> tuple[T, Batch]:
            batch = Batch()
            effects = RowEffects(session, self._base.clock.now(), f"web:{secrets.token_hex(16)}", batch)
            done = job(effects)
            session.flush()
            batch.flush(session)
            return done, batch

        return await self._base.database.write(write)

    async def _is_signed_in(self, request: web.Request) -> bool:
        asked = self._serving.asked(request)
        return await self._base.database.read(lambda session: self._serving.visitor(session, asked)[0].is_known)

    async def _show(self, request: web.Request, view: View) -> web.StreamResponse:
        asked, browser = self._serving.asked(request), self._browser(request)
        answer = await self._base.database.read(lambda session: self._render(session, asked, view, browser))
        return self._with_browser(self._serving.response(answer), browser)

    def _render(self, session: Session, asked: Asked, view: View, browser: str, status: int = 200) -> Answer:
        return self._serving.render(session, asked, view, sessions.csrf_token(browser), status)

    async def _form(self, request: web.Request, secret: str | None = None) -> Form | None:
        known = secret or request.cookies.get(self._browser_cookie, "")
        try:
            return await forms.read(request, lambda said: sessions.is_csrf_token(said, known), None, 0)
        except forms.Refused:
            return None

    async def _too_old(self, request: web.Request) -> web.StreamResponse:
        sentence = _("That form was too old. Go back, load the page again, and retry.")
        return await self._serving.error(request, 403, sentence)

    def _meant(self, said: str) -> UserId:
        """A Matrix id; of one without a server, on the community's own."""
        said = said[:LONGEST_ID].casefold()
        return UserId(said if said.startswith("@") and ":" in said else f"@{said.lstrip('@')}:{self._server}")

    def _may_ask(self) -> bool:
        now = self._base.clock.monotonic()
        if len(self._asked) == MOST_ASKED and now - self._asked[0] < ASKED_WITHIN:
            return False
        self._asked.append(now)
        return True

    def _browser(self, request: web.Request) -> str:
        """The secret of the browser that asks, made when it has none yet."""
        found = request.cookies.get(self._browser_cookie, "")
        return found if 20 <= len(found) <= 100 else sessions.new_secret()

    def _with_browser(self, response: web.StreamResponse, browser: str) -> web.StreamResponse:
        self._set(response, self._browser_cookie, browser, BROWSER_LIFE)
        return response

    def _set(self, response: web.StreamResponse, name: str, value: str, life: timedelta) -> None:
        secure, seconds = self._base.is_secure, int(life.total_seconds())
        response.set_cookie(name, value, max_age=seconds, path="/", httponly=True, samesite="Lax", secure=secure)

    def _drop(self, response: web.StreamResponse, name: str) -> None:
        response.del_cookie(name, path="/", httponly=True, samesite="Lax", secure=self._base.is_secure)


def link_address(web_url: str, secret: str) -> str:
    """The address of a link, as people reach the pages."""
    return f"{web_url}{SIGN_IN_PATH}/{secret}"
