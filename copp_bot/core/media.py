"""What a foreign file holds: its true type, title and text. The bytes are opened in the cage alone.

The rule it keeps: every problem becomes a sentence with the next step, and a file that merely cannot be read is
still a file: it can be shelved and found by its title and tags.
"""

import errno
import os
import re
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import IO, Any

from copp_bot.core import licences
from copp_bot.core.cage.run import WALL_CLOCK, read_caged
from copp_bot.core.cage.sniff import DOCX, OLE, PPTX, XLSX, ZIP
from copp_bot.core.cage.texts import LONGEST, LONGEST_TITLE
from copp_bot.core.errors import UserError
from copp_bot.core.i18n import deferred
from copp_bot.core.i18n import gettext as _
from copp_bot.core.reply import clean
from storage.search.words import guess_language, sound

MOST_PAGES = 10_000_000
"""More than a PDF can have; a number above is no number of pages."""
UNKNOWN = "application/octet-stream"
_CHARSET = re.compile(r"""(?i);\s*charset\s*=\s*["']?([a-z0-9_-]{2,30})""")
_MEDIA_TYPE = re.compile(r"[a-z]{1,20}/[a-z0-9.+-]{1,79}")
_LANGUAGE = re.compile("[a-z]{2,3}")
_BY_SUFFIX = {
    ".pdf": "application/pdf",
    ".html": "text/html",
    ".htm": "text/html",
    ".xhtml": "text/html",
    ".md": "text/markdown",
    ".markdown": "text/markdown",
    ".txt": "text/plain",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".zip": ZIP,
    ".mp4": "video/mp4",
    ".mp3": "audio/mpeg",
    ".docx": DOCX,
    ".pptx": PPTX,
    ".xlsx": XLSX,
    ".odt": "application/vnd.oasis.opendocument.text",
    ".odp": "application/vnd.oasis.opendocument.presentation",
    ".ods": "application/vnd.oasis.opendocument.spreadsheet",
}
_NAMES = {
    "application/pdf": deferred("PDF"),
    "text/html": deferred("web page"),
    "text/markdown": deferred("Markdown"),
    "text/plain": deferred("text"),
    "image/png": deferred("PNG picture"),
    "image/jpeg": deferred("JPEG picture"),
    "image/gif": deferred("GIF picture"),
    "image/webp": deferred("WebP picture"),
    "image/svg+xml": deferred("SVG drawing"),
    DOCX: deferred("Word document"),
    PPTX: deferred("PowerPoint presentation"),
    XLSX: deferred("Excel table"),
    OLE: deferred("Office document of an old kind"),
    ZIP: deferred("ZIP archive"),
    "application/epub+zip": deferred("EPUB book"),
    "application/vnd.oasis.opendocument.text": deferred("OpenDocument text"),
    "application/vnd.oasis.opendocument.presentation": deferred("OpenDocument presentation"),
    "application/vnd.oasis.opendocument.spreadsheet": deferred("OpenDocument table"),
    "application/x-executable": deferred("program"),
    "application/x-msdownload": deferred("program"),
    "video/mp4": deferred("MP4 video"),
    "audio/mpeg": deferred("MP3 sound"),
}
_DOCUMENTS = frozenset({DOCX, PPTX, XLSX, *(kind for kind in _BY_SUFFIX.values() if "opendocument" in kind)})
_PROBLEMS = {
    "locked": deferred("It is locked with a password. Save it without the password, and post it again."),
    "broken": deferred("It cannot be opened: the file is damaged or incomplete. Save it once more, and post it again."),
    "too_long": deferred(
        "Reading it took too long, so I stopped. Post a simpler or shorter version of it, for example printed to PDF."
    ),
    "too_much": deferred(
        "It holds more than I may unpack, so I stopped. Post a smaller version of it, for example printed to PDF."
    ),
    "macros": deferred(
        "It holds macros: small programs that run when someone opens it. Save it without them, for example as PDF, and "
        "post that."
    ),
    "trap": deferred(
        "It is built in a way that can harm whoever opens or unpacks it. Save what is in it anew, for example as PDF, "
        "and post that."
    ),
    "died": deferred(
        "It could not be read safely, so I stopped. Save it in another format, for example PDF, and post it again."
    ),
}


_ADVICE = {
    ZIP: deferred(
        "I do not look inside archives, so it is found by its title and tags only. To have its words found, post the "
        "documents in it one by one."
    ),
    OLE: deferred(
        "I do not read Office files of this old kind, so it is found by its title and tags only. To have its words "
        "found, save it as DOCX, PPTX or PDF."
    ),
}
"""What is said of kinds that are taken but not read, where something better can be done."""


class Unreadable(UserError):
    """A file that is not taken: what is wrong with it and what to do, as one sentence for the member."""


@dataclass(frozen=True)
class Extract:
    """What a file holds.

    Args:
        media_type: by its bytes, whatever it called itself.
        title: its own title, empty when it has none.
        text: at most a million characters; empty when its kind is not read.
        pages: number of pages, or of slides; None for kinds that have none, and where it is not known.
        language: ISO 639-1, as declared inside or told by its small words.
        note: a sentence on what could not be had, or None.
        description: an HTML page's own summary.
        licence: SPDX identifier of the licence it says it has.
    """

    media_type: str
    title: str = ""
    text: str = ""
    pages: int | None = None
    language: str | None = None
    note: str | None = None
    description: str = ""
    licence: str | None = None

    @property
    def is_readable(self) -> bool:
        """Can it be found by its words?"""
        return bool(self.text)


async def extract(path: Path, claimed_type: str, name: str, *, wall_clock: float = WALL_CLOCK) -> Extract:
    """Read a file of ours.

    Args:
        claimed_type: the media type it was posted as; believed as far as its bytes agree.
        name: the name it was posted under; only its ending counts.
        wall_clock: seconds that reading may take.

    Raises:
        Unreadable: it is empty, locked, damaged, not what it says, or too much to read.
    """
    with _opened(path) as source:
        return await _extract(source, claimed_type, name, wall_clock)


async def extract_bytes(data: bytes, claimed_type: str, name: str) -> Extract:
    """As ``extract``, for bytes that are in memory."""
    with tempfile.TemporaryFile() as source:
        source.write(data)
        source.seek(0)  # flushes, and moves the file descriptor that the process inherits
        return await _extract(source, claimed_type, name, WALL_CLOCK)


def has_slides(media_type: str) -> bool:
    """Are its pages called slides?"""
    return "presentation" in media_type


def is_file_name(name: str) -> bool:
    """Does it end like the name of a file of a kind that is read here?"""
    return PurePath(name).suffix.lower() in _BY_SUFFIX


def kind_name(media_type: str) -> str:
    """A media type as people call it."""
    return _(_NAMES[media_type]) if media_type in _NAMES else media_type


async def _extract(source: IO[bytes], claimed_type: str, name: str, wall_clock: float) -> Extract:
    claims = _claims(claimed_type, name)
    charset = _charset(claimed_type)
    if os.fstat(source.fileno()).st_size == 0:
        raise Unreadable(_("It is empty: it holds not a single byte. Post it again, complete."))
    found = await read_caged(source, next(iter(claims), UNKNOWN), charset, wall_clock=wall_clock)
    media_type = str(found.get("media_type", ""))
    _check_claims(media_type, claims)
    problem = found.get("problem")
    if problem is not None:
        raise Unreadable(_(_PROBLEMS.get(str(problem), _PROBLEMS["died"])))
    if claims and claims[0] in _DOCUMENTS and media_type != claims[0]:
        raise _mistaken(media_type, claims[0])
    return _as_extract(found)


def _opened(path: Path) -> IO[bytes]:
    """A file and nothing else: no link to elsewhere, and no pipe, which would keep us waiting."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not a file", str(path))
    return os.fdopen(descriptor, "rb")


def _charset(claimed_type: str) -> str:
    match = _CHARSET.search(claimed_type)
    return match[1] if match else ""


def _claims(claimed_type: str, name: str) -> list[str]:
    """What a file says it is, by its name first; only kinds whose bytes can be told."""
    claimed = claimed_type.split(";", maxsplit=1)[0].strip().lower()
    by_name = _BY_SUFFIX.get(PurePath(name).suffix.lower())
    known = set(_BY_SUFFIX.values())
    return [claim for claim in (by_name, claimed) if claim in known]


def _check_claims(media_type: str, claims: list[str]) -> None:
    """Kinds of text may pass for each other; anything else must be what the name or the type says."""
    if not claims or not media_type or any(_family(media_type) == _family(claim) for claim in claims):
        return
    raise _mistaken(media_type, claims[0])


def _mistaken(media_type: str, claim: str) -> Unreadable:
    if media_type == UNKNOWN:
        sentence = _("Its name says {claim}, but inside it is something else. Save it anew, and post it again.")
    else:
        sentence = _(
            "Its name says {claim}, but inside it is of another kind: {true}. Save it anew under a fitting name, and "
            "post that."
        )
    return Unreadable(sentence.format(claim=kind_name(claim), true=kind_name(media_type)))


def _family(media_type: str) -> str:
    """Documents that are archives are told apart only when they have been opened."""
    if media_type in _DOCUMENTS or media_type == "application/epub+zip":
        return ZIP
    return "text" if media_type.startswith("text/") else media_type


def _as_extract(found: dict[str, Any]) -> Extract:
    """What came out of the cage, held to its bounds once more: the process may have been taken over."""
    text = sound(str(found.get("text") or ""))[:LONGEST]
    media_type, language = str(found.get("media_type")), str(found.get("language") or "")
    return Extract(
        media_type=media_type if _MEDIA_TYPE.fullmatch(media_type) else UNKNOWN,
        title=clean(sound(str(found.get("title") or "")))[:LONGEST_TITLE],
        text=text,
        pages=_pages(found.get("pages")),
        language=language if _LANGUAGE.fullmatch(language) else guess_language(text),
        note=_note(found, text),
        description=clean(sound(str(found.get("description") or "")))[:LONGEST_TITLE],
        licence=licences.recognised(sound(str(found.get("licence") or ""))),
    )


def _pages(count: object) -> int | None:
    return count if type(count) is int and 0 < count < MOST_PAGES else None


def _note(found: dict[str, Any], text: str) -> str | None:
    if "text" not in found:
        unread = deferred("I do not read this kind of file, so it is found by its title and tags only.")
        return _(_ADVICE.get(str(found.get("media_type")), unread))
    if not text:
        return _("There is no text in it (perhaps it is a scan), so it is found by its title and tags only.")
    if found.get("is_cut"):
        return _("It is very long: only its beginning can be searched.")
    return None
