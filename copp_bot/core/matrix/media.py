"""Bytes to and from the homeserver's media repository, streamed; never more of them in memory than one chunk.

The rule it keeps: what is downloaded goes to a path that we chose; the server's file name is never looked at.
"""

import asyncio
import re
from pathlib import Path

from nio import Api

from copp_bot.core.ids import MxcUri
from copp_bot.core.matrix.http import Http, write_to
from copp_bot.core.matrix.paths import NO_TOKEN, by_hand, by_nio
from copp_bot.core.matrix.port import Missing, Unavailable

_MXC = re.compile(r"mxc://(?P<server>[A-Za-z0-9.:\[\]_-]{1,255})/(?P<media>[A-Za-z0-9._=-]{1,255})")
_MEDIA_TYPE = re.compile(r"[\w.+-]{1,127}/[\w.+-]{1,127}", re.ASCII)
UNKNOWN_TYPE = "application/octet-stream"


def parts(mxc: str) -> tuple[str, str]:
    """Server name and media id; Missing when it is no ``mxc:`` address (Client-Server API, Content repository)."""
    match = _MXC.fullmatch(mxc)
    if match is None or match["media"] in (".", ".."):
        raise Missing("M_NOT_FOUND", "not an mxc address")
    return match["server"], match["media"]


async def upload(http: Http, token: str, path: Path, media_type: str, name: str) -> MxcUri:
    """Stream a file up; a media type that could not stand in a header is sent as unknown."""
    method, url, _data = by_nio(Api.upload(NO_TOKEN, name))
    headers = {"Content-Type": media_type if _MEDIA_TYPE.fullmatch(media_type) else UNKNOWN_TYPE}
    with await asyncio.to_thread(path.open, "rb") as file:
        async with http.stream(method, url, token, data=file, headers=headers) as response:
            answer = await http.json_of(response)
    mxc = answer.get("content_uri") if isinstance(answer, dict) else None
    if not isinstance(mxc, str):
        raise Unavailable("", "the answer has no content_uri", 200)
    return MxcUri(mxc)


async def download(http: Http, token: str, mxc: MxcUri, target: Path, limit: int) -> int:
    """Stream a file down by the authenticated endpoint; returns the size.

    Raises:
        TooLarge: it has more than ``limit`` bytes; ``target`` is removed.
    """
    server, media_id = parts(mxc)
    method, url, _data = by_hand("GET", "v1", "media", "download", server, media_id)
    try:
        with await asyncio.to_thread(target.open, "wb") as file:
            async with http.stream(method, url, token) as response:
                return await write_to(response, file.write, limit)
    except BaseException:
        _discard(target)
        raise


def _discard(path: Path) -> None:
    path.unlink(missing_ok=True)
