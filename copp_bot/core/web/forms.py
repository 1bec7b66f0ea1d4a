"""Forms as they come in: bounded in size and time, believed only when they come from a page of ours.

The rule it keeps: the token is looked at before a file is taken in, and a file lies under a name of ours until the
request ends.
"""

import asyncio
import re
import secrets
from collections.abc import Callable
from pathlib import Path

from aiohttp import BodyPartReader, web

from copp_bot.core.errors import UserError
from copp_bot.core.i18n import gettext as _
from copp_bot.core.reply import clean
from copp_bot.core.web.page import Form, Upload

CSRF = "csrf"
"""Name of the field with the token; where a form carries a file, it is the first field."""
FORM_SECONDS, FILE_SECONDS = 30.0, 600.0
"""How long a form, and one with a file, may take to come in."""
MOST_FIELDS = 50
LONGEST_FIELD = 20_000
"""Bytes."""
UPLOADS = "uploads"
"""Where files of forms lie, below the data folder, until their request ends."""
CHUNK = 1 << 16
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class Refused(Exception):
    """The form does not come from a page that was shown to this browser, or took too long."""


async def read(request: web.Request, is_ours: Callable[[str], bool], folder: Path | None, limit: int) -> Form:
    """The form of a request.

    Args:
        is_ours: is this the token of this browser?
        folder: where a file may be put; None where the form may carry none.
        limit: bytes of the largest file.

    Raises:
        Refused: it is not believed.
        UserError: the file is too large.
    """
    with_file = folder is not None and request.content_type == "multipart/form-data"
    try:
        async with asyncio.timeout(FILE_SECONDS if with_file else FORM_SECONDS):
            return await (
                _parts(request, is_ours, folder, limit) if with_file and folder else _fields(request, is_ours)
            )
    except (TimeoutError, ValueError):
        raise Refused from None


async def _fields(request: web.Request, is_ours: Callable[[str], bool]) -> Form:
    sent = await request.post()
    fields = {name: _sound(value) for name, value in sent.items() if isinstance(value, str)}
    if not is_ours(fields.pop(CSRF, "")):
        raise Refused
    return Form(fields)


async def _parts(request: web.Request, is_ours: Callable[[str], bool], folder: Path, limit: int) -> Form:
    fields: dict[str, str] = {}
    upload: Upload | None = None
    is_believed = False
    try:
        async for part in await request.multipart():
            if not isinstance(part, BodyPartReader) or len(fields) >= MOST_FIELDS:
                raise Refused
            if part.name == CSRF:
                is_believed = is_ours(await _field(part))
            if not is_believed:
                raise Refused
            if part.filename and upload is None:
                upload = await _file(part, folder, limit)
            elif part.name and not part.filename:
                fields[part.name] = await _field(part)
    except BaseException:
        if upload is not None:
            upload.path.unlink(missing_ok=True)
        raise
    if not is_believed:
        raise Refused
    return Form(fields, upload)


async def _field(part: BodyPartReader) -> str:
    data = bytearray()
    while chunk := await part.read_chunk(CHUNK):
        data += chunk
        if len(data) > LONGEST_FIELD:
            raise Refused
    return _sound(data.decode("utf-8", errors="replace"))


async def _file(part: BodyPartReader, folder: Path, limit: int) -> Upload:
    """Write it down as it comes; an upload that breaks off leaves nothing."""
    path = folder / secrets.token_hex(16)
    size = 0
    try:
        with path.open("xb") as target:
            while chunk := await part.read_chunk(CHUNK):
                size += len(chunk)
                if size > limit:
                    raise UserError(
                        _("That file is too large: {limit} MB is the most.").format(limit=limit // 1_000_000)
                    )
                await asyncio.to_thread(target.write, chunk)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    media_type = part.headers.get("Content-Type", "application/octet-stream")
    return Upload(path, clean(part.filename or "")[:255], media_type, size)


def _sound(text: str) -> str:
    """Without control characters, which no form field of ours has a use for; NUL is refused by databases."""
    return _CONTROL.sub("", text).replace("\r\n", "\n")


def prepare_uploads(data_dir: Path) -> None:
    """Have an empty folder: a former run may not have come to delete what it held."""
    folder = data_dir / UPLOADS
    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.iterdir():
        left.unlink(missing_ok=True)
