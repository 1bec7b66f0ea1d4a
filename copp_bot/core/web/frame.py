"""Templates: everything that is shown is data, escaped by itself, and every text goes through the same gettext."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from babel.dates import format_date
from jinja2 import Environment, FileSystemLoader, PrefixLoader, StrictUndefined
from markdown_it import MarkdownIt
from markupsafe import Markup

from copp_bot.core.i18n import gettext, ngettext
from copp_bot.core.reply import Reply
from copp_bot.core.web.page import Page, View, Visit
from copp_bot.core.words import moment, text_language

CORE = Path(__file__).parent
_COMMONMARK = MarkdownIt("commonmark", {"html": False}).disable("image")
STATIC = {"site.css": "text/css", "icon.svg": "image/svg+xml"}


@dataclass(frozen=True)
class Asset:
    """A file that is the same for everybody. ``version`` changes with its bytes."""

    body: bytes
    media_type: str
    version: str


class Frame:
    """Renders views.

    Args:
        title: the community's name.
        features: their names; each may have a folder ``templates``.
        menu: pages that have a name in the menu.
    """

    def __init__(self, title: str, features: Iterable[str], menu: Iterable[Page]) -> None:
        self.assets = {name: _asset(name, media_type) for name, media_type in STATIC.items()}
        self._menu = sorted((page for page in menu if page.menu), key=lambda page: page.order)
        folders = {name: CORE.parent.parent / "features" / name / "templates" for name in features}
        loaders = {"core": FileSystemLoader(CORE / "templates")}
        loaders |= {name: FileSystemLoader(folder) for name, folder in folders.items() if folder.is_dir()}
        self.environment = Environment(
            loader=PrefixLoader(loaders),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.i18n"],
        )
        self.environment.install_gettext_callables(gettext, ngettext, newstyle=True)  # type: ignore[attr-defined]
        self.environment.filters |= {
            "lines": _lines,
            "moment": moment,
            "day": _day,
            "part": _part,
            "markdown": _markdown,
        }
        versions = {name: asset.version for name, asset in self.assets.items()}
        self.environment.globals |= {"site": title, "versions": versions, "query": query}

    def page(self, view: View, visit: Visit, address: str, csrf: str, panels: Iterable[View] = ()) -> str:
        """A whole page as HTML.

        Args:
            address: the path that was asked for, for the menu and for coming back after signing in.
            csrf: the token that its forms carry.
        """
        around = self._around(visit, address, csrf)
        filled = [Markup(self._render(panel, around)) for panel in panels]  # noqa: S704 - rendered, so escaped
        return self._render(view, {**around, "panels": filled})

    def _around(self, visit: Visit, address: str, csrf: str) -> Mapping[str, Any]:
        menu = [page for page in self._menu if visit.is_known and (not page.permission or visit.may(page.permission))]
        return {
            "me": visit.viewer if visit.is_known else None,
            "menu": [(page.path, gettext(page.menu or "")) for page in menu],
            "address": address,
            "csrf": csrf,
            "language": text_language(),
            "zone": visit.zone,
            "problem": visit.problem,
            "form": visit.form,
            "done": visit.asked("done"),
        }

    def _render(self, view: View, around: Mapping[str, Any]) -> str:
        taken = around.keys() & view.values.keys()
        assert not taken, f"{view.template} may not give other values to {taken}"
        return self.environment.get_template(view.template).render({**around, **view.values})


def query(**parts: object) -> str:
    """What follows the question mark of an address, without what is empty."""
    given = [(name, one) for name, value in parts.items() for one in _each(value) if one not in (None, "")]
    return urlencode(given)


def _each(value: object) -> Iterable[object]:
    return value if isinstance(value, (list, tuple)) else (value,)


def _part(text: object) -> str:
    """Anything as one part of a path."""
    return quote(str(text), safe="@:")


def _lines(reply: Reply) -> list[Markup]:
    """The lines of a chat answer; their parts were escaped one by one (``core/reply.py``)."""
    return [Markup(line) for line in reply.html.split("<br>")]  # noqa: S704


def _markdown(text: str) -> Markup:
    """CommonMark without HTML and without pictures from elsewhere."""
    return Markup(_COMMONMARK.render(text))  # noqa: S704


def _day(at: datetime, zone: ZoneInfo) -> str:
    return str(format_date(at.astimezone(zone), "d MMM y", locale=text_language()))


def _asset(name: str, media_type: str) -> Asset:
    body = files("copp_bot.core.web").joinpath("static", name).read_bytes()
    return Asset(body, media_type, hashlib.sha256(body).hexdigest()[:12])
