"""Outgoing HTTP for pages that members link to: what a stranger's server may make us do is little and bounded.

The rule it keeps: only http and https, only public addresses (asked again at every redirect, and the connection goes to
the very address that was checked), no cookies, no credentials, three redirects, two megabytes, ten seconds.
"""

import asyncio
import errno
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from copp_bot.core import media

REDIRECTS = 3
LARGEST = 2_000_000
"""Bytes of a page that are read."""
IN_TOTAL = 10.0
"""Seconds for everything but reading the page in the cage."""
LONGEST_URL = 2_000
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
"""The only IPv6 addresses given out (IANA); site-local and translated ones (RFC 3879, 6052, 8215) lie outside."""
_NOT_PUBLIC = tuple(
    ipaddress.ip_network(network)
    for network in ("192.0.0.0/24", "192.88.99.0/24", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
)
"""Protocol assignments, relays, documentation, IPv6 that carries IPv4 (RFC 6890, 7526, 4380, 3849, 3056, 9637)."""
_RESERVED = frozenset({"example", "test", "invalid", "localhost"})
"""Top-level domains that nobody has (RFC 2606); the demonstration's links lead there."""
_UNKNOWN_NAME = frozenset({socket.EAI_NONAME, socket.EAI_NODATA, errno.ENOENT})
_TEXTS = ("text/html", "application/xhtml+xml", "text/plain", "text/markdown")
_REDIRECTS = frozenset({301, 302, 303, 307, 308})

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
Found = Sequence[tuple[Any, ...]]
"""What ``socket.getaddrinfo`` returns."""
Lookup = Callable[[str, int, int], Awaitable[Found]]
"""Host, port and address family to addresses."""


class Unfetched(Exception):
    """The page could not be had; says why, for the log."""


class NoSuchPage(Unfetched):
    """The site itself says that it has no such page (RFC 9110, 15.5.5 and 15.5.11)."""


class NoSuchSite(Unfetched):
    """The domain name system knows no address of that name (RFC 3493, 6.1: EAI_NONAME)."""


@dataclass(frozen=True)
class Page:
    """What a linked page says of itself."""

    url: str
    title: str
    description: str
    text: str
    language: str | None
    licence: str | None = None


def is_public(address: IpAddress) -> bool:
    """Is this an address of the public Internet? Loopback, private, link-local and embedded ones are not."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if address not in _GLOBAL_UNICAST:
            return False
    if any(address in network for network in _NOT_PUBLIC):
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def web_address(text: str) -> str | None:
    """The normal form of an http(s) address that may be linked to; None for anything else."""
    try:
        url = URL(text)
        port = url.port
    except ValueError:
        return None
    if url.scheme not in {"http", "https"} or not url.host or port is None or url.user or url.password:
        return None
    normal = str(url)
    is_whole = not any(map(str.isspace, url.host)) and str(URL(normal)) == normal
    return normal if is_whole and len(normal) <= LONGEST_URL else None


async def look_up(host: str, port: int, family: int) -> Found:
    """Ask the system's resolver; it is not asked for what is reserved for examples and tests."""
    if host.rstrip(".").rpartition(".")[2].lower() in _RESERVED:
        raise OSError(errno.EINVAL, f"{host} is an example")
    return await asyncio.get_running_loop().getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM)


async def fetch_page(
    address: str,
    *,
    allowed: Callable[[IpAddress], bool] = is_public,
    lookup: Lookup = look_up,
    in_total: float = IN_TOTAL,
) -> Page:
    """The page at an address, read in the cage.

    Args:
        allowed: which addresses may be connected to.
        lookup: how names are resolved.
        in_total: seconds.

    Raises:
        Unfetched: it could not be had, or is no page.
    """
    try:
        async with asyncio.timeout(in_total):
            url, media_type, data = await _get(URL(address), allowed, lookup)
        found = await media.extract_bytes(data, media_type, "")
    except aiohttp.ClientConnectorDNSError as error:
        is_unknown = getattr(error.os_error, "errno", None) in _UNKNOWN_NAME
        raise (NoSuchSite if is_unknown else Unfetched)(f"{type(error).__name__}: {error}") from error
    except (TimeoutError, aiohttp.ClientError, OSError, ValueError, media.Unreadable) as error:
        raise Unfetched(f"{type(error).__name__}: {error}") from error
    return Page(str(url), found.title, found.description, found.text, found.language, found.licence)


async def _get(url: URL, allowed: Callable[[IpAddress], bool], lookup: Lookup) -> tuple[URL, str, bytes]:
    connector = aiohttp.TCPConnector(
        resolver=_Resolver(allowed, lookup),
        use_dns_cache=False,
        force_close=True,
        socket_factory=partial(_socket, allowed),
    )
    async with aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        auto_decompress=False,
        headers={
            "User-Agent": "copp_bot (link titles)",
            "Accept": "text/html, text/*;q=0.5",
            "Accept-Encoding": "identity",
        },
    ) as session:
        for _hop in range(REDIRECTS + 1):
            _check(url, allowed)
            async with session.get(url, allow_redirects=False) as response:
                if response.status not in _REDIRECTS:
                    return url, *await _body(response)
                url = url.join(URL(response.headers.get("Location", "")))
    raise Unfetched(f"more than {REDIRECTS} redirects")


def _check(url: URL, allowed: Callable[[IpAddress], bool]) -> None:
    """A literal address is never resolved, so it is checked here; names are checked by the resolver."""
    if web_address(str(url)) is None:
        raise Unfetched("not an http(s) address")
    try:
        literal = ipaddress.ip_address((url.host or "").split("%", maxsplit=1)[0])
    except ValueError:
        return
    if not allowed(literal):
        raise Unfetched(f"{literal} is not a public address")


async def _body(response: aiohttp.ClientResponse) -> tuple[str, bytes]:
    if response.status in {404, 410}:
        raise NoSuchPage(f"status {response.status}")
    if response.status != 200:
        raise Unfetched(f"status {response.status}")
    if response.content_type not in _TEXTS:
        raise Unfetched(f"{response.content_type} is no page")
    if response.headers.get("Content-Encoding", "identity").lower() not in {"identity", ""}:
        raise Unfetched("compressed although that was not asked for")
    data = bytearray()
    async for part in response.content.iter_chunked(65_536):
        data += part
        if len(data) >= LARGEST:
            break
    return _media_type(response), bytes(data[:LARGEST])


def _media_type(response: aiohttp.ClientResponse) -> str:
    return f"{response.content_type}; charset={response.charset}" if response.charset else response.content_type


def _socket(allowed: Callable[[IpAddress], bool], entry: tuple[Any, ...]) -> socket.socket:
    """Every connection begins here, so this is asked last whatever was understood of the address before."""
    family, kind, protocol, _name, sockaddr = entry
    if not allowed(_address(sockaddr)):
        raise OSError(errno.EACCES, f"{sockaddr[0]} is not a public address")
    return socket.socket(family, kind, protocol)


def _address(sockaddr: Sequence[object]) -> IpAddress:
    return ipaddress.ip_address(str(sockaddr[0]).split("%", maxsplit=1)[0])


class _Resolver(AbstractResolver):
    """Resolves a name once and hands on the addresses that were checked; all must be allowed, or none is used."""

    def __init__(self, allowed: Callable[[IpAddress], bool], lookup: Lookup) -> None:
        self._allowed = allowed
        self._lookup = lookup

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._lookup(host, port, family)
        if not found:
            raise OSError(errno.ENOENT, f"{host} has no address")
        if not all(self._allowed(_address(entry[4])) for entry in found):
            raise OSError(errno.EACCES, f"{host} is not at a public address")
        return [_result(host, port, entry) for entry in found]

    async def close(self) -> None:
        """Nothing is kept open."""


def _result(host: str, port: int, entry: tuple[Any, ...]) -> ResolveResult:
    family, _type, protocol, _name, sockaddr = entry
    return ResolveResult(
        hostname=host,
        host=str(sockaddr[0]),
        port=port,
        family=family,
        proto=protocol,
        flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
    )
