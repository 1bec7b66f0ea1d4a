"""Files that come by a page: read in the cage before anything is written, so that the answer is there at once.

The rule it keeps: nothing was promised while a file is being read; if the process ends, the browser says so.
"""

import asyncio
import hashlib
from dataclasses import dataclass
from pathlib import Path

from copp_bot.core import media
from copp_bot.core.context import Effects
from copp_bot.core.media import Extract
from copp_bot.core.web.page import Upload
from copp_bot.features.library import service, store, wishes

FOLDER = "files"
"""Where our copies lie, below the data folder."""
POST_FILE = "library.post_file"
"""Task kind."""
AT_ONCE = 2
"""Files that are read at the same time."""


@dataclass(frozen=True)
class ReadFile:
    """A file and what was read in it."""

    upload: Upload
    sha256: str
    found: Extract


@dataclass(frozen=True)
class Reader:
    """Reads files, a few at a time."""

    doors: asyncio.Semaphore

    async def read(self, upload: Upload) -> ReadFile:
        """What a file holds; Unreadable says what is wrong with it."""
        async with self.doors:
            found = await media.extract(upload.path, upload.media_type, upload.name)
            return ReadFile(upload, await asyncio.to_thread(digest, upload.path), found)


def shelve(effects: Effects, request: wishes.Request, read: ReadFile, data_dir: Path) -> service.Shelved:
    """Keep the file below the data folder, shelve it, and have it put on the homeserver."""
    path = data_dir / FOLDER / read.upload.path.name
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():  # the transaction may be run again
        read.upload.path.replace(path)
    file = store.NewFile(
        sha256=read.sha256,
        size=read.upload.size,
        media_type=read.found.media_type,
        name=read.upload.name,
        mxc=None,
        path=f"{FOLDER}/{path.name}",
    )
    try:
        shelved = service.shelve_file(effects, request, file, read.found)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    if shelved.is_new:
        effects.task(POST_FILE, {"file": store.file_id(effects.session, file.path)})
    return shelved


def digest(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    with path.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()
