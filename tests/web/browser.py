"""A browser without a screen: keeps cookies, follows forms as they stand on the page, and shows what came.

The rule it keeps: nothing is sent that the page did not have: fields and tokens are taken from its forms.
"""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from selectolax.lexbor import LexborHTMLParser, LexborNode

from tests.house import WEB_URL, House
from tests.world import Person

LINK = re.compile(re.escape(WEB_URL) + r"(/sign-in/[\w-]+)")


@dataclass(frozen=True)
class Shown:
    """An answer."""

    status: int
    url: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def html(self) -> str:
        """As text."""
        return self.body.decode()

    @property
    def tree(self) -> LexborHTMLParser:
        """As a tree."""
        return LexborHTMLParser(self.html)

    @property
    def text(self) -> str:
        """What is read of it."""
        body = self.tree.body
        return " ".join(body.text(separator=" ").split()) if body else ""

    def form(self, action: str) -> LexborNode:
        """The form that goes to this path."""
        for form in self.tree.css("form"):
            if (form.attributes.get("action") or "").partition("?")[0] == action:
                return form
        raise AssertionError(f"no form to {action} on {self.url}: {self.text[:300]}")

    def fields(self, action: str) -> dict[str, str]:
        """What a form would send as it stands."""
        form, found = self.form(action), dict[str, str]()
        for node in form.css("input[name]"):
            kind = node.attributes.get("type")
            if kind not in ("checkbox", "radio", "file") or "checked" in node.attributes:
                found[node.attributes["name"] or ""] = node.attributes.get("value") or ""
        for node in form.css("textarea[name]"):
            found[node.attributes["name"] or ""] = node.text()
        for node in form.css("select[name]"):
            chosen = node.css_first("option[selected]") or node.css_first("option")
            assert chosen is not None
            found[node.attributes["name"] or ""] = chosen.attributes.get("value") or ""
        return {name: value for name, value in found.items() if name}


@dataclass
class Browser:
    """One browser."""

    house: House
    http: aiohttp.ClientSession
    last: Shown | None = None
    agent: str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    visited: list[str] = field(default_factory=list)

    async def get(self, path: str, **headers: str) -> Shown:
        """Open an address, and follow where it leads."""
        return await self._ask("GET", path, headers=headers)

    async def send(self, action: str, /, file: tuple[str, bytes, str] | None = None, **fields: str) -> Shown:
        """Fill in a form of the page that is shown, and send it."""
        assert self.last is not None
        filled = {**self.last.fields(action), **fields}
        data: Any = filled
        if self.last.form(action).attributes.get("enctype") == "multipart/form-data":
            data = aiohttp.FormData(default_to_multipart=True)
            for name, value in filled.items():
                data.add_field(name, value)
            if file is not None:
                data.add_field("file", file[1], filename=file[0], content_type=file[2])
        return await self.post(action, data)

    async def post(self, path: str, data: Any, **headers: str) -> Shown:
        """Send whatever is given."""
        return await self._ask("POST", path, data=data, headers=headers)

    async def sign_in(self, person: Person, *, path: str = "/home") -> Shown:
        """As members do: ask for a link on the page, find it in the direct chat, press the button."""
        await self.get(f"/sign-in?next={path}")
        await self.send("/sign-in", user_id=person.user_id)
        link = await self.link(person)
        await self.get(link)
        return await self.send(link)

    async def link(self, person: Person) -> str:
        """The path of the newest link in somebody's direct chat."""
        await self.house.app.site.entrance.idle()
        await self.house.settled()
        found = [link for text in await self.house.said(person, "direct") for link in LINK.findall(text)]
        assert found, await self.house.said(person, "direct")
        return str(found[-1])

    def cookie(self, name: str) -> str:
        """A cookie's value, empty when there is none."""
        return next((cookie.value for cookie in self.http.cookie_jar if cookie.key == name), "")

    async def _ask(self, method: str, path: str, **how: Any) -> Shown:
        how["headers"] = {"User-Agent": self.agent, **how.get("headers", {})}
        url = f"http://127.0.0.1:{self.house.app.web_port}{path}"
        async with self.http.request(method, url, **how) as response:
            body = await response.read()
            self.last = Shown(response.status, response.url.raw_path_qs, response.headers, body)
        self.visited.append(self.last.url)
        return self.last


@asynccontextmanager
async def browser(house: House) -> AsyncIterator[Browser]:
    """A browser that nobody has used."""
    jar = aiohttp.CookieJar(unsafe=True)  # of an address without a name
    async with aiohttp.ClientSession(cookie_jar=jar) as http:
        yield Browser(house, http)
