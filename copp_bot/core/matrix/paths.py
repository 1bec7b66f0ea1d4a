"""Requests of the Client-Server API as (method, path, body), built by nio or, where nio lacks the endpoint, by hand.

The rule it keeps: no token in a path. nio puts ``access_token=`` into the query, where proxies would log it; nio is
given none, and the empty parameter is taken out.
"""

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from nio import Api

NO_TOKEN = ""
Request = tuple[str, str, str | None]
_TOKEN = re.compile(r"(?<=[?&])access_token=[^&]*&?")


def by_nio(built: tuple[str, ...]) -> Request:
    """What a function of ``nio.Api`` built, without the token parameter."""
    method, path, *data = built
    return method, _TOKEN.sub("", path).rstrip("?&"), data[0] if data else None


def by_hand(method: str, *parts: str, body: Mapping[str, Any] | None = None, **query: str) -> Request:
    """A request to ``/_matrix/client/part/part?query``, the first part being the version."""
    return _request(method, "/_matrix/client", parts, body, query)


def of_synapse(method: str, *parts: str, body: Mapping[str, Any] | None = None) -> Request:
    """A request to Synapse's admin API, ``/_synapse/admin/part/part``."""
    return _request(method, "/_synapse/admin", parts, body, {})


def sync(since: str | None, timeout_ms: int, filter_: dict[str, Any]) -> Request:
    """``GET /sync``, without being shown as online."""
    return by_nio(Api.sync(NO_TOKEN, since, timeout_ms, filter_, set_presence="offline"))


def _request(
    method: str, base: str, parts: tuple[str, ...], body: Mapping[str, Any] | None, query: dict[str, str]
) -> Request:
    path = "/".join((base, *(quote(part, safe="") for part in parts)))
    data = None if body is None else json.dumps(body)
    return method, f"{path}?{urlencode(query)}" if query else path, data
