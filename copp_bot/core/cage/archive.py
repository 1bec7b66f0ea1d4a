"""ZIP files: their directory is looked at, and single entries are unpacked in memory up to a limit.

The rule it keeps: nothing is believed of what an archive says of itself, and one that could harm whoever unpacks it is
refused by name: ``locked``, ``broken``, ``too_much``, ``trap``.
"""

import codecs
import io
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator

MOST_ENTRIES = 10_000
LARGEST_UNPACKED = 1_000_000_000
"""Bytes that all entries together may claim to hold; they are not unpacked."""
MOST_READ = 32_000_000
"""Bytes that are unpacked of one archive."""
PIECE = 1_048_576
"""Bytes handed on at once. Large, since a parser begins a tag that has no end anew with each piece."""
_COMPRESSED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""What office documents use (ECMA-376 part 2, annex B; OpenDocument 1.3 part 2, 2.1)."""
_OUTSIDE = re.compile(r"^[/\\]|^[A-Za-z]:|(?:^|[/\\])\.\.(?:[/\\]|$)|\0")
"""Names that lie outside of the folder where an archive is unpacked, here or on Windows."""
_BROKEN = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, ValueError, OSError)
for _name in ("cp437", "ascii", "utf-8"):
    codecs.lookup(_name)  # what names of entries are written in; a sealed process imports nothing


class Refused(Exception):
    """It is not read on; the first argument is the problem by name."""


class Archive:
    """An archive that has been found harmless by its directory.

    Raises:
        Refused: it is none, or not harmless; raised by ``read`` too.
    """

    def __init__(self, data: bytes) -> None:
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except _BROKEN as error:
            raise Refused("broken") from error
        self._left = MOST_READ
        entries = self._zip.infolist()
        self.names = tuple(entry.filename for entry in entries)
        problem = _problem(entries)
        if problem is not None:
            raise Refused(problem)

    def read(self, name: str) -> Iterator[bytes]:
        """An entry in pieces; nothing when there is none of this name."""
        if name not in self._zip.NameToInfo:
            return
        if self.names.count(name) > 1:  # which of them is meant differs between programs
            raise Refused("trap")
        if self._zip.NameToInfo[name].compress_type not in _COMPRESSED:
            raise Refused("broken")
        try:
            with self._zip.open(name) as entry:
                while piece := entry.read(PIECE):
                    self._left -= len(piece)
                    if self._left < 0:
                        raise Refused("too_much")
                    yield piece
        except _BROKEN as error:
            raise Refused("broken") from error


def _problem(entries: list[zipfile.ZipInfo]) -> str | None:
    if len(entries) > MOST_ENTRIES or sum(entry.file_size for entry in entries) > LARGEST_UNPACKED:
        return "too_much"
    if any(_OUTSIDE.search(entry.orig_filename) or _is_link(entry) for entry in entries):
        return "trap"
    return "locked" if any(entry.flag_bits & 1 for entry in entries) else None


def _is_link(entry: zipfile.ZipInfo) -> bool:
    return stat.S_ISLNK(entry.external_attr >> 16)
