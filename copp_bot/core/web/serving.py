"""From a request to a page or a change, and back: the only place that knows both HTTP and our pages.

The rule it keeps: who asks is looked up anew for each request, in the transaction that answers it; who may not see
something gets what they would get if it did not exist.
"""

import logging
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo

from aiohttp import web
from babel import negotiate_locale
from sqlmodel import Session

from copp_bot.core.clock import Clock
from copp_bot.core.effects import Batch, RowEffects
from copp_bot.core.errors import NotFound, UserError
from copp_bot.core.feature import RoomDirectory
from copp_bot.core.i18n import LOCALES, reading_in
from copp_bot.core.i18n import gettext as _
from copp_bot.core.ids import COMMUNITY
from copp_bot.core.permissions import Policy
from copp_bot.core.settings import Settings
from copp_bot.core.store import web as store
from copp_bot.core.web import forms, sessions
from copp_bot.core.web.frame import Frame
from copp_bot.core.web.headers import ASKED_EACH_TIME, FILE_POLICY, SHOWN, disposition
from copp_bot.core.web.page import Action, Deed, Download, Form, Page, Panel, Redirect, View, Visit
from copp_bot.core.web.sessions import Visitor
from storage.database import Database

log = logging.getLogger(__name__)
SIGN_IN_PATH = "/sign-in"
LONGEST_PATH = 500


@dataclass(frozen=True)
class Base:
    """What the site stands on.

    Args:
        committed: hands what a change wrote to the sender and the task runner.
    """

    settings: Settings
    database: Database
    policy: Policy
    clock: Clock
    rooms: RoomDirectory
    committed: Callable[[Batch], None]

    @property
    def is_secure(self) -> bool:
        """Do people reach the pages by https?"""
        return (self.settings.web_url or "").startswith("https://")

    @property
    def session_cookie(self) -> str:
        """Name of the cookie that signs in; ``__Host-`` binds it to this host and https (RFC 6265bis)."""
        return "__Host-copp_session" if self.is_secure else "copp_session"


@dataclass(frozen=True)
class Asked:
    """What a request says, as far as pages are concerned.

    Args:
        address: the path, decoded.
        here: path and query as they came, to come back to after signing in.
        secret: the cookie that signs in.
        languages: what the browser asks for, best first.
    """

    address: str
    here: str
    secret: str
    languages: tuple[str, ...]
    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """What a read came to; ``seen`` is a session whose use is to be noted."""

    content: str | Download | Redirect
    status: int = 200
    seen: int | None = None


class Serving:
    """Shows pages and carries out actions."""

    def __init__(self, base: Base, frame: Frame, panels: tuple[Panel, ...]) -> None:
        self.base = base
        self.frame = frame
        self._panels = panels

    def page(self, page: Page) -> Callable[[web.Request], Any]:
        """The handler of a page."""

        async def handle(request: web.Request) -> web.StreamResponse:
            asked = self.asked(request)
            answer = await self.base.database.read(lambda session: self._look(session, asked, page))
            if answer.seen is not None:
                seen, now = answer.seen, self.base.clock.now()
                self.base.database.submit(lambda session: store.see(session, seen, now))
            return self.response(answer)

        return handle

    def action(self, action: Action) -> Callable[[web.Request], Any]:
        """The handler of an action."""

        async def handle(request: web.Request) -> web.StreamResponse:
            asked = self.asked(request)
            visitor = await self.base.database.read(lambda session: self.visitor(session, asked)[0])
            if not visitor.is_known:
                return self.response(Answer(Redirect(SIGN_IN_PATH)))
            if not self.base.policy.holds(visitor.viewer, action.permission, COMMUNITY):
                return await self.error(request, 404)
            with reading_in(self.language(visitor, asked)):
                return await self._act(request, asked, action)

        return handle

    async def error(self, request: web.Request, status: int, sentence: str | None = None) -> web.StreamResponse:
        """The page that says what is wrong; of 404 there is one only, whatever was asked for."""
        asked = self.asked(request)

        def show(session: Session) -> Answer:
            visitor, _is_news = self.visitor(session, asked)
            with reading_in(self.language(visitor, asked)):
                return self._error(self._visit(session, asked, visitor), asked, status, sentence)

        return self.response(await self.base.database.read(show))

    def asked(self, request: web.Request) -> Asked:
        """The request without HTTP."""
        accepted = request.headers.get("Accept-Language", "")[:200].split(",")
        languages = tuple(part.split(";")[0].strip() for part in accepted if part.strip())
        secret = request.cookies.get(self.base.session_cookie, "")
        query = dict(reversed(list(request.query.items())))
        return Asked(request.path, request.path_qs, secret, languages, dict(request.match_info), query)

    def visitor(self, session: Session, asked: Asked) -> tuple[Visitor, bool]:
        """Who asks, as of this transaction."""
        return sessions.visitor(session, self.base.policy, asked.secret, self.base.clock.now())

    def language(self, visitor: Visitor, asked: Asked) -> str:
        """The language of the page: the member's, else one that the browser asks for, else the community's."""
        if visitor.viewer.language:
            return visitor.viewer.language
        there = [path.name for path in LOCALES.iterdir()] if LOCALES.is_dir() else []
        wanted = [language.partition("-")[0] for language in asked.languages]
        return (not visitor.is_known and negotiate_locale(wanted, [*there, "en"])) or self.base.rooms.language

    def render(self, session: Session, asked: Asked, view: View, csrf: str, status: int = 200) -> Answer:
        """A page of the frame's own, for whoever asks."""
        visit = self._visit(session, asked)
        with reading_in(self.language(Visitor(visit.viewer, visit.session_id), asked)):
            return Answer(self.frame.page(view, visit, asked.address, csrf), status)

    def response(self, answer: Answer) -> web.StreamResponse:
        """As HTTP."""
        content = answer.content
        if isinstance(content, Redirect):
            return web.Response(status=303, headers={"Location": content.to})
        if isinstance(content, Download):
            return self._file(content)
        return web.Response(text=content, status=answer.status, content_type="text/html")

    def _look(self, session: Session, asked: Asked, page: Page) -> Answer:
        visitor, is_news = self.visitor(session, asked)
        visit = self._visit(session, asked, visitor)
        with reading_in(self.language(visitor, asked)):
            if page.permission is not None and not visit.may(page.permission):
                if visitor.is_known:
                    return self._error(visit, asked, 404)
                return Answer(Redirect(f"{SIGN_IN_PATH}?next={quote(asked.here)}"))
            answer = self._shown(visit, asked, page.show)
        return replace(answer, seen=visitor.session_id) if is_news else answer

    def _shown(self, visit: Visit, asked: Asked, show: Callable[[Visit], Any], status: int = 200) -> Answer:
        try:
            view = show(visit)
            if not isinstance(view, View):
                return Answer(view)
            panels = [panel.fill(visit) for panel in self._panels if panel.where is view.panels]
        except NotFound:
            return self._error(visit, asked, 404)
        except UserError as error:
            return self._error(visit, asked, 400, error.sentence)
        filled = [panel for panel in panels if panel is not None]
        html = self.frame.page(view, visit, asked.address, sessions.csrf_token(asked.secret), filled)
        return Answer(html, status)

    def _error(self, visit: Visit, asked: Asked, status: int, sentence: str | None = None) -> Answer:
        """The page of what is not there is the same at every address, but for the way back after signing in."""
        here = asked.here if status == 404 and not visit.is_known else ""
        view = View("core/error.html", {"status": status, "sentence": sentence, "next": here})
        return Answer(self.frame.page(view, visit, "", sessions.csrf_token(asked.secret)), status)

    def _visit(self, session: Session, asked: Asked, visitor: Visitor | None = None) -> Visit:
        visitor = visitor or self.visitor(session, asked)[0]
        return Visit(
            session=session,
            viewer=visitor.viewer,
            policy=self.base.policy,
            zone=self._zone(visitor),
            now=self.base.clock.now(),
            path=asked.path,
            query=asked.query,
            session_id=visitor.session_id,
        )

    def _zone(self, visitor: Visitor) -> ZoneInfo:
        return ZoneInfo(visitor.viewer.timezone) if visitor.viewer.timezone else self.base.rooms.zone

    async def _act(self, request: web.Request, asked: Asked, action: Action) -> web.StreamResponse:
        form = Form()
        folder = self.base.settings.data_dir / forms.UPLOADS if action.takes_file else None
        try:
            limit = self.base.settings.upload_limit
            form = await forms.read(request, lambda said: sessions.is_csrf_token(said, asked.secret), folder, limit)
            if action.receive is not None:
                form = replace(form, received=await action.receive(form))
            redirect, batch = await self.base.database.write(lambda session: self._change(session, asked, action, form))
        except forms.Refused:
            return await self.error(request, 403, _("That form was too old. Go back, load the page again, and retry."))
        except NotFound:
            return await self.error(request, 404)
        except UserError as error:
            return await self._again(asked, action, form, error.sentence)
        finally:
            if form.upload is not None:
                form.upload.path.unlink(missing_ok=True)
        self.base.committed(batch)
        return self.response(Answer(redirect))

    def _change(self, session: Session, asked: Asked, action: Action, form: Form) -> tuple[Redirect, Batch]:
        visitor, _is_news = self.visitor(session, asked)
        if visitor.session_id is None or not self.base.policy.holds(visitor.viewer, action.permission, COMMUNITY):
            raise NotFound("")  # signed out, or the right gone, while the form was on its way
        batch = Batch()
        cause = f"web:{secrets.token_hex(16)}"
        effects = RowEffects(session, self.base.clock.now(), cause, batch, visitor.viewer.user_id)
        zone = self._zone(visitor)
        deed = Deed(effects, visitor.viewer, self.base.policy, zone, asked.path, form, visitor.session_id)
        with reading_in(self.language(visitor, asked)):
            redirect = action.run(deed)
        session.flush()
        batch.flush(session)
        return redirect, batch

    async def _again(self, asked: Asked, action: Action, form: Form, problem: str) -> web.StreamResponse:
        """The page with the form, what was typed in it, and what is wrong."""

        def show(session: Session) -> Answer:
            visitor, _is_news = self.visitor(session, asked)
            visit = replace(self._visit(session, asked, visitor), form=form, problem=problem)
            with reading_in(self.language(visitor, asked)):
                return self._shown(visit, asked, action.again, status=422)

        return self.response(await self.base.database.read(show))

    def _file(self, download: Download) -> web.StreamResponse:
        path = self.base.settings.data_dir / download.path
        is_shown = download.media_type in SHOWN
        kind = f"{download.media_type}; charset=utf-8" if download.media_type == "text/plain" else download.media_type
        headers = {
            "Content-Type": kind if is_shown else "application/octet-stream",
            "Content-Disposition": disposition("inline" if is_shown else "attachment", download.name),
            "Content-Security-Policy": FILE_POLICY,
            "Cache-Control": ASKED_EACH_TIME,
        }
        return web.FileResponse(path, headers=headers)


def local_path(said: str) -> str:
    """A path of this site to go on to, or the home page for whatever is none."""
    parts = urlsplit(said)
    is_path = said.startswith("/") and not said.startswith(("//", "/\\")) and not parts.netloc
    is_plain = said.isascii() and said.isprintable() and len(said) <= LONGEST_PATH
    return said if is_path and is_plain and not said.startswith(SIGN_IN_PATH) else sessions.HOME
