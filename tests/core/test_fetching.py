"""Linked pages: what strangers' servers may make us do.

The servers of these tests listen on loopback, which ``fetch_page`` refuses; the tests hand it a narrower or wider rule
of what may be connected to, and a resolver that answers as an attacker's would.
"""

import asyncio
import ipaddress
import socket
import time
from collections.abc import Awaitable, Callable

import pytest
from aiohttp import web
from hypothesis import example, given
from hypothesis import strategies as some

from copp_bot.core import fetch
from copp_bot.core.fetch import IpAddress, NoSuchPage, NoSuchSite, Page, Unfetched, fetch_page, is_public, web_address
from tests.core.strangers import (
    HTML,
    Answer,
    Resolver,
    continues,
    drip,
    endless_headers,
    gives,
    hold,
    sends_to,
    serving,
    talking,
)

HOME, OTHER = ipaddress.ip_address("127.0.0.1"), ipaddress.ip_address("127.0.0.2")
INSIDE = """
127.0.0.1 127.8.9.1 ::1 :: 0.0.0.0 0.1.2.3 10.0.0.1 172.16.0.1 172.31.255.255 192.168.1.1 169.254.169.254
100.64.0.1 192.0.0.8 192.0.2.1 192.88.99.1 198.18.0.1 224.0.0.1 240.0.0.1 255.255.255.255 ::ffff:127.0.0.1
::ffff:10.0.0.1 ::ffff:0:127.0.0.1 ::127.0.0.1 64:ff9b::7f00:1 64:ff9b:1::a00:1 2002:7f00:1:: 2001:0:7f00:1::
fe80::1 fe80::1%eth0 fec0::1 fc00::1 fd12::1 ff02::1 100::1 2001:db8::1 3fff::1 5f00::1 4000::1
"""
"""Loopback, private, link-local, shared, site-local, reserved, documentation, and IPv4 inside IPv6."""
LOOPBACK = """
127.0.0.1 127.0.0.1. 127.1 0177.0.0.1 2130706433 0x7f000001 0x7f.1 0 0.0.0.0 localhost LOCALHOST ⓛocalhost
①②⑦.⓪.⓪.① １２７.０.０.１ 127。0。0。1 [::1] [::] [::ffff:127.0.0.1] [::ffff:7f00:1] [::127.0.0.1] [::1%25lo]
[0:0:0:0:0:ffff:7f00:1] 127.0.0.1%00 %6cocalhost x@127.0.0.1 x:y@localhost 127.0.0.1#@1.1.1.1
127.0.0.1\\@1.1.1.1
"""
"""Spellings of it, as browsers, resolvers or careless parsers read them."""


def only_home(address: IpAddress) -> bool:
    """One loopback address stands for the public Internet."""
    return address == HOME


async def page(url: str, in_total: float = 5.0) -> Page:
    """The page, with one loopback address allowed."""
    return await fetch_page(url, allowed=only_home, in_total=in_total)


async def test_a_page_tells_its_title_and_its_text() -> None:
    """And we tell nothing of ourselves: no cookies, no credentials, no referrer."""
    async with serving(gives()) as server:
        found = await page(server.url)
        assert (found.title, found.description, found.language) == ("Rythmes", "Un résumé", "fr")
        assert found.text == "à l’école" and found.url == server.url
        assert not {"Cookie", "Authorization", "Referer"} & set(server.requests[0].headers)


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (HTML.encode("cp1252"), "text/html"),
        (HTML.encode("cp1252"), "text/html; charset=iso-8859-1"),
        (HTML.encode(), "text/html; charset=iso-8859-1"),
        (HTML.encode("utf-16"), "text/html; charset=utf-8"),
        (HTML.encode(), "text/html; charset=nonsense"),
        (HTML.encode(), 'text/html; charset="'),
        (HTML.encode(), "application/xhtml+xml"),
    ],
)
async def test_a_wrong_charset_does_no_harm(body: bytes, media_type: str) -> None:
    """The bytes are believed before what is said about them."""
    async with serving(gives(body, media_type)) as server:
        found = await page(server.url)
        assert found.title == "Rythmes" and found.text == "à l’école"


@pytest.mark.parametrize(
    "address",
    INSIDE.split(),
)
def test_an_address_that_is_not_of_the_internet(address: str) -> None:
    """None of these is connected to."""
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["1.1.1.1", "193.164.229.102", "2a00:1450:4007::1", "::ffff:1.1.1.1"])
def test_an_address_of_the_internet(address: str) -> None:
    """So that the rule does not refuse all."""
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "host",
    LOOPBACK.split(),
)
async def test_no_spelling_of_loopback_is_reached(host: str) -> None:
    """With the real rule and the real resolver."""
    async with serving(gives()) as server:
        with pytest.raises(Unfetched):
            await fetch_page(f"http://{host}:{server.port}/", in_total=3)
        assert not server.requests


@pytest.mark.parametrize(
    "address",
    ["ftp://example.org/", "file:///etc/passwd", "gopher://example.org/", "javascript:alert(1)", "//example.org/", "http://",
     "http://[::1", "http://example.org:99999/", "http:///x", "", "\0", "http://a b/", "https://u:p@example.org/",
     "http://example.org/" + "x" * 3000, "http://" + "a" * 300 + ".org/", "http://\u0378.org/", "http://..\u3002/"],
)  # fmt: skip
async def test_what_is_no_web_address(address: str) -> None:
    """Only http and https, without credentials, of a length."""
    with pytest.raises(Unfetched):
        await fetch_page(address, allowed=only_home, lookup=Resolver((HOME,)), in_total=3)


@given(some.text(max_size=60).map(lambda text: f"http://{text}") | some.text(max_size=60))
@example("http://A.\xa0")
def test_any_text_is_an_address_or_none(text: str) -> None:
    """Whatever members write: no error, and what is taken stays what it is."""
    found = web_address(text)
    assert found is None or web_address(found) == found


async def test_a_name_that_leads_inside_is_refused() -> None:
    """One private address among public ones is enough."""
    async with serving(gives()) as server:
        for answer in ((OTHER,), (HOME, OTHER), (OTHER, HOME), (ipaddress.ip_address("::1"),), ()):
            with pytest.raises(Unfetched):
                await fetch_page(f"http://evil.example:{server.port}/", allowed=only_home, lookup=Resolver(answer))
        assert not server.requests


async def test_the_address_that_was_checked_is_the_one_connected_to() -> None:
    """A name whose address changes between the check and the connection gains nothing."""
    async with serving(gives()) as good, serving(gives("secret"), "127.0.0.2", good.port) as secret:
        resolver = Resolver((HOME,), (OTHER,))
        found = await fetch_page(f"http://evil.example:{good.port}/", allowed=only_home, lookup=resolver)
        assert found.title == "Rythmes" and resolver.asked == 1
        assert good.requests[0].host == f"evil.example:{good.port}" and not secret.requests


async def test_a_connection_is_checked_although_the_name_was() -> None:
    """The last gate stands by itself: a rule that changes its mind after the name was resolved is obeyed."""
    answers = iter((True, False, False))
    async with serving(gives()) as server:
        with pytest.raises(Unfetched, match="not a public address"):
            await fetch_page(
                f"http://evil.example:{server.port}/", allowed=lambda _address: next(answers), lookup=Resolver((HOME,))
            )
        assert not server.requests


async def test_every_hop_is_resolved_and_checked_anew() -> None:
    """The same name, first outside and then inside."""
    async with serving(sends_to("/again")) as server:
        resolver = Resolver((HOME,), (OTHER,))
        with pytest.raises(Unfetched, match="not at a public address"):
            await fetch_page(f"http://evil.example:{server.port}/", allowed=only_home, lookup=resolver)
        assert len(server.requests) == 1 and resolver.asked == 2


@pytest.mark.parametrize(
    "place",
    ["http://127.0.0.2:{port}/", "//127.0.0.2:{port}/", "http://[::1]:{port}/", "http://localhost.:{port}/",
     "http://2130706434:{port}/", "file:///etc/passwd", "ftp://127.0.0.1/", "http://u:p@127.0.0.1:{port}/", "http://[",
     "data:text/html,x", "", "http://127.0.0.1:99999/"],
)  # fmt: skip
async def test_a_redirect_leads_nowhere_else(place: str) -> None:
    """Private addresses, other schemes, credentials, nonsense."""
    async with serving(gives("secret"), "127.0.0.2") as secret:
        async with serving(sends_to(place.format(port=secret.port))) as server:
            with pytest.raises(Unfetched):
                await page(server.url)
            assert len(server.requests) <= fetch.REDIRECTS + 1
        assert not secret.requests


async def test_redirects_end() -> None:
    """Three are followed, a fourth is not."""

    async def countdown(request: web.Request) -> web.Response:
        left = int(request.path.strip("/"))
        return await (sends_to(f"/{left - 1}") if left else gives())(request)  # type: ignore[return-value]

    async with serving(countdown) as server:
        assert (await page(server.url + "3")).url == server.url + "0"
        with pytest.raises(Unfetched, match="more than 3 redirects"):
            await page(server.url + "4")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (gives(b"%PDF-1.7", "application/pdf"), "is no page"),
        (gives(b"\x89PNG\r\n\x1a\n\0", "image/png"), "is no page"),
        (gives(b"\x89PNG\r\n\x1a\n\0", "text/html"), "inside it is of another kind: PNG picture"),
        (gives(b"PK\x03\x04\0", "text/html"), "ZIP"),
        (gives(b""), "empty"),
        (gives("no", status=404), "status 404"),
        (gives("no", status=410), "status 410"),
        (gives("no", status=500), "status 500"),
        (gives("part", status=206), "status 206"),
    ],
)
async def test_what_is_no_page(answer: Answer, reason: str) -> None:
    """Other kinds, lies, errors."""
    async with serving(answer) as server:
        with pytest.raises(Unfetched, match=reason):
            await page(server.url)


async def test_a_long_page_is_read_from_its_beginning() -> None:
    """Two megabytes are taken of an endless page, and the connection is closed."""
    sent, gone = 0, asyncio.Event()

    async def endless(writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<title>Long</title>")
        try:
            while True:
                writer.write(b"word " * 10_000)
                sent += 50_000
                await writer.drain()
        finally:
            gone.set()

    async with talking(endless) as url:
        found = await page(url)
        await asyncio.wait_for(gone.wait(), 5)
    assert found.title == "Long" and len(found.text) <= 1_000_000
    assert sent < 20_000_000


@pytest.mark.parametrize("talk", [hold, drip, endless_headers, continues])
async def test_a_slow_server_is_left_in_time(talk: Callable[[asyncio.StreamWriter], Awaitable[None]]) -> None:
    """The time is for everything together, not for each byte."""
    begun = time.monotonic()
    async with talking(talk) as url:
        with pytest.raises(Unfetched):
            await page(url, in_total=0.7)
        assert time.monotonic() - begun < 2


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"nonsense",
        b"HTTP/1.1 200 OK\r\n\r\n<title>x</title>",
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 100\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\nZZZ\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b\x08",
        b"HTTP/1.1 200 OK\r\nContent-Type: \xff\xfe\0;;=\r\n\r\nx",
        b"HTTP/1.1 302 Found\r\nLocation: \xff\xfe\0//\r\n\r\n",
        b"HTTP/1.1 302 Found\r\n\r\n",
        b"HTTP/9.9 999 \r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
    ],
)
async def test_nonsense_is_one_kind_of_error(said: bytes) -> None:
    """Whatever a server says, the caller hears Unfetched."""

    async def talk(writer: asyncio.StreamWriter) -> None:
        writer.write(said)
        await writer.drain()

    async with talking(talk) as url:
        with pytest.raises(Unfetched):
            await page(url, in_total=2)


@pytest.mark.parametrize(
    ("code", "is_unknown"), [(socket.EAI_NONAME, True), (socket.EAI_NODATA, True), (socket.EAI_AGAIN, False)]
)
async def test_a_name_that_nobody_has_is_told_apart_from_a_name_server_that_is_away(
    code: int, is_unknown: bool
) -> None:
    async def look_up(_host: str, _port: int, _family: int) -> list[tuple[object, ...]]:
        raise socket.gaierror(code, "x")

    with pytest.raises(Unfetched) as raised:
        await fetch_page("http://drmus.example/", lookup=look_up)
    assert isinstance(raised.value, NoSuchSite) is is_unknown


async def test_nobody_there() -> None:
    """A closed port, and a port that is no web server's certificate."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(Unfetched):
        await page(f"http://127.0.0.1:{port}/")
    async with serving(gives()) as server:
        with pytest.raises(Unfetched):
            await page(server.url.replace("http:", "https:"))


async def test_the_environment_sends_nobody_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy of the environment would connect where we do not look."""
    async with serving(gives("proxied")) as proxy, serving(gives()) as server:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        assert (await page(server.url)).title == "Rythmes"
        assert not proxy.requests


@pytest.mark.parametrize(("status", "is_missing"), [(404, True), (410, True), (403, False), (500, False)])
async def test_a_site_that_says_it_has_no_such_page(status: int, is_missing: bool) -> None:
    """Told apart from all other failures, which say nothing about the address."""
    async with serving(gives("no", status=status)) as server:
        with pytest.raises(Unfetched) as raised:
            await page(server.url)
    assert isinstance(raised.value, NoSuchPage) is is_missing
