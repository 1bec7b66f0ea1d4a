"""One HTTP session to the homeserver: bounded in time and size, and every failure becomes an exception of ``port.py``.

The rule it keeps: tokens travel in the ``Authorization`` header only, and neither tokens nor bodies reach a log or an
exception. It never waits out a rate limit; callers do.
"""

import asyncio
import json
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Never

import aiohttp
from yarl import URL

from copp_bot.core.matrix.port import (
    Forbidden,
    JsonDict,
    MatrixError,
    Missing,
    RateLimited,
    TooLarge,
    Unavailable,
    UnknownToken,
)

ANSWER_LIMIT = 64_000_000
"""Most bytes of one JSON answer. A first ``/sync`` of a thousand rooms stays well below."""
ERROR_LIMIT = 65_536
MESSAGE_LENGTH = 200
DEFAULT_RETRY_SECONDS = 1.0
MOST_RETRY_SECONDS = 86_400.0
"""A server that asks for more than a day is asked again after a day."""
CHUNK = 65_536
HALF_A_SECOND = 0.5
"""What a time cut to seconds lacks on average."""


@dataclass(frozen=True)
class Timeouts:
    """Seconds: to connect, for a whole ordinary call, and of silence while bytes are streamed."""

    connect: float = 10.0
    total: float = 60.0
    silence: float = 30.0


class Http:
    """The session. ``base_url`` has no path; ``limit`` is the most bytes of a JSON answer.

    Attributes:
        clock_skew: the server's clock minus ours in seconds, by the last answer that told its time.
    """

    def __init__(self, base_url: str, *, timeouts: Timeouts | None = None, limit: int = ANSWER_LIMIT) -> None:
        self._base_url = base_url.rstrip("/")
        self._timeouts = timeouts or Timeouts()
        self._limit = limit
        self._session: aiohttp.ClientSession | None = None
        self.clock_skew: float | None = None

    async def call(
        self, method: str, path: str, data: str | None = None, *, token: str | None = None, waiting: float = 0.0
    ) -> JsonDict:
        """One call that answers with a JSON object.

        Args:
            path: percent-encoded, with its query.
            data: the JSON text to send; POST and PUT send an empty object when there is none.
            token: access token, None for calls that need none.
            waiting: seconds that the server may hold the answer back (long polling), on top of the usual time.
        """
        answer = await self._json(method, path, data, token, waiting)
        if not isinstance(answer, dict):
            raise Unavailable("", "the answer is not a JSON object", 200)
        return answer

    async def call_for_list(self, method: str, path: str, *, token: str | None = None) -> list[JsonDict]:
        """One call that answers with a JSON array; what is not an object in it is left out."""
        answer = await self._json(method, path, None, token, 0.0)
        if not isinstance(answer, list):
            raise Unavailable("", "the answer is not a JSON array", 200)
        return [item for item in answer if isinstance(item, dict)]

    @asynccontextmanager
    async def stream(
        self,
        method: str,
        path: str,
        token: str | None,
        *,
        data: Any = None,
        headers: dict[str, str] | None = None,
        within: aiohttp.ClientTimeout | None = None,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """One call whose 200 answer the caller reads; every other answer, and a broken connection, raises.

        Without ``within`` the whole may take any time, as long as bytes flow. Redirects are not followed: the
        token would go along.
        """
        url = URL(self._base_url + path, encoded=True)
        auth = {"Authorization": f"Bearer {token}"} if token is not None else {}
        try:
            async with self._open().request(
                method,
                url,
                data=data,
                headers={**(headers or {}), **auth},
                timeout=within or self._unhurried(),
                allow_redirects=False,
            ) as response:
                self._compare_clocks(response.headers.get("Date"))
                if response.status != 200:
                    await _refuse(response)
                yield response
        except (aiohttp.ClientError, TimeoutError) as error:  # not OSError: our own disk is not the server's
            raise Unavailable("", type(error).__name__) from error

    async def _json(self, method: str, path: str, data: str | None, token: str | None, waiting: float) -> Any:
        body = _encoded(data or "{}") if method in ("POST", "PUT") else None
        headers = {"Content-Type": "application/json"} if body is not None else {}
        timeout = aiohttp.ClientTimeout(total=self._timeouts.total + waiting, sock_connect=self._timeouts.connect)
        async with self.stream(method, path, token, data=body, headers=headers, within=timeout) as response:
            return await self.json_of(response)

    async def json_of(self, response: aiohttp.ClientResponse) -> Any:
        """The JSON value of a streamed answer."""
        return _parsed(await _read(response, self._limit), response.status)

    async def close(self) -> None:
        """End all connections."""
        if self._session is not None:
            await self._session.close()

    def _compare_clocks(self, date: str | None) -> None:
        """From the ``Date`` header (RFC 9110), which has whole seconds; proxies may leave it out."""
        with suppress(ValueError, TypeError, OverflowError):
            theirs = parsedate_to_datetime(date or "")
            self.clock_skew = (theirs - datetime.now(UTC)).total_seconds() + HALF_A_SECOND

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), middlewares=(_once,))
        return self._session

    def _unhurried(self) -> aiohttp.ClientTimeout:
        return aiohttp.ClientTimeout(total=None, sock_connect=self._timeouts.connect, sock_read=self._timeouts.silence)


async def _once(request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """aiohttp repeats a GET or PUT by itself when the connection breaks, which our back-off would not know of."""
    try:
        return await send(request)
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise aiohttp.ClientConnectionError(type(error).__name__) from error


async def _read(response: aiohttp.ClientResponse, limit: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in response.content.iter_chunked(CHUNK):
        size += len(part)
        if size > limit:
            raise TooLarge("", f"the answer is longer than {limit} bytes", response.status)
        parts.append(part)
    return b"".join(parts)


async def _refuse(response: aiohttp.ClientResponse) -> Never:
    """Raise what an answer other than 200 means."""
    try:
        body = _parsed(await _read(response, ERROR_LIMIT), response.status)
    except (Unavailable, TooLarge):
        body = None
    _raise(response.status, body if isinstance(body, dict) else None, response.headers.get("Retry-After"))


def _raise(status: int, body: JsonDict | None, retry_header: str | None) -> Never:
    """Status and body to an exception. A body of None was not JSON: some proxy spoke, not the homeserver."""
    if status == 429:
        raise RateLimited(_retry_after(body, retry_header))
    if status == 413:
        raise TooLarge("M_TOO_LARGE", "the server takes no body of this size", status)
    if body is None:
        raise Unavailable("", "the answer is not from a homeserver", status)
    errcode, message = _text(body.get("errcode")), _text(body.get("error"))
    raise _kind(status, errcode)(errcode, message, status)


def _kind(status: int, errcode: str) -> type[MatrixError]:
    """The exception for a status and error code (Client-Server API, Standard error response)."""
    if status >= 500 or status < 400:
        return Unavailable
    if status == 401 and errcode in ("M_UNKNOWN_TOKEN", "M_MISSING_TOKEN"):
        return UnknownToken
    if status == 404 and errcode == "M_UNRECOGNIZED":
        return MatrixError  # the server does not know the endpoint, which says nothing about the thing
    return {403: Forbidden, 404: Missing}.get(status, MatrixError)


def _retry_after(body: JsonDict | None, header: str | None) -> float:
    """Seconds to wait: ``retry_after_ms`` (exact), else ``Retry-After`` in seconds or as a date (RFC 9110), else 1."""
    milliseconds = (body or {}).get("retry_after_ms")
    if isinstance(milliseconds, int | float) and not isinstance(milliseconds, bool) and 0 <= milliseconds < math.inf:
        return min(milliseconds, MOST_RETRY_SECONDS * 1000) / 1000
    return min(_from_header(header or ""), MOST_RETRY_SECONDS)


def _from_header(header: str) -> float:
    if header.isascii() and header.strip().isdigit():
        return float(header)
    try:
        due = parsedate_to_datetime(header)
    except (ValueError, TypeError, OverflowError):
        return DEFAULT_RETRY_SECONDS
    due = due if due.tzinfo else due.replace(tzinfo=UTC)
    return max(0.0, (due - datetime.now(UTC)).total_seconds())


def _encoded(data: str) -> bytes:
    """JSON text as bytes. Half a surrogate pair becomes ``?``: Synapse answers it with 500, which we would wait out."""
    if "\\ud" not in data.lower():
        return data.encode()
    return json.dumps(json.loads(data), ensure_ascii=False).encode("utf-8", "replace")


def _parsed(raw: bytes, status: int) -> Any:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        raise Unavailable("", "the answer is not JSON", status) from None


def _text(value: object) -> str:
    return value[:MESSAGE_LENGTH] if isinstance(value, str) else ""


async def write_to(response: aiohttp.ClientResponse, write: Any, limit: int) -> int:
    """Hand the answer's bytes to ``write`` (run in a thread), at most ``limit`` of them; returns how many.

    Raises:
        TooLarge: there were more; what was written until then is the caller's to remove.
    """
    if (response.content_length or 0) > limit:
        raise TooLarge("", f"{response.content_length} bytes, {limit} are allowed", 200)
    size = 0
    async for part in response.content.iter_chunked(CHUNK):
        size += len(part)
        if size > limit:
            raise TooLarge("", f"more than {limit} bytes", 200)
        await asyncio.to_thread(write, part)
    return size
