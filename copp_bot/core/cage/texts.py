"""Bytes to text, and text to what is worth keeping of it."""

import codecs
import re

LONGEST = 1_000_000
"""Characters of text that are kept."""
LONGEST_TITLE = 200
READ_BYTES = 8_000_000
"""Bytes of a text file that are looked at; they hold more than ``LONGEST`` characters."""
_INVISIBLE = re.compile("[\u0000-\u0008\u000b-\u001f\u007f-\u009f\ufeff\ufffe\uffff]")
_SPACES = re.compile(r"[^\S\n]+")
_LINES = re.compile(r"\n(?: ?\n){2,}")
_CHARSET = re.compile(rb"""charset\s*=\s*["']?\s*([a-zA-Z0-9_-]{2,30})""")
_NO_TITLE = re.compile(
    r"(?i)(untitled|sans titre|document|présentation|presentation)\s*\d*|microsoft \w+ -.*|"
    r"powerpoint presentation|présentation powerpoint|.*\.(docx?|odt|pptx?|odp|pdf|indd|rtf|tex|pages)"
)
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NAMES = (
    *(f"windows-125{number}" for number in range(9)),
    *(f"iso-8859-{number}" for number in (*range(2, 9), 10, 13, 14, 15, 16)),
    "koi8-r",
    "koi8-u",
    "macroman",
)
_CODECS = {name: codecs.lookup(name).name for name in _NAMES} | {"utf-8": "utf-8", "iso-8859-9": "cp1254"}
"""Encodings that are believed when declared, all of which hold ASCII. Looked up here, since a sealed process imports
nothing. All others, ISO-8859-1 among them, are read as Windows-1252, as browsers do (encoding.spec.whatwg.org)."""
for _name in ("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"):
    codecs.lookup(_name)  # PDFium's texts are UTF-16


def decode(data: bytes, charset: str = "") -> str:
    """The text of at most ``READ_BYTES``: by byte order mark, as UTF-8, as declared, else as Windows-1252.

    Args:
        charset: what was declared; a name that is not known is not believed.
    """
    data = data[:READ_BYTES]
    for mark, codec in _MARKS:
        if data.startswith(mark):
            return data.decode(codec, "replace")
    try:
        return _without_half_sign(data).decode("utf-8")
    except UnicodeDecodeError:
        return data.decode(_codec(charset), "replace")


def tidy(text: str) -> str:
    """Without control signs, with single spaces and at most one empty line in a row."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n")
    lines = (line.strip() for line in _SPACES.sub(" ", _INVISIBLE.sub(" ", text)).split("\n"))
    return _LINES.sub("\n\n", "\n".join(lines)).strip()


def tidy_title(text: str | None) -> str:
    """A title in one line."""
    return " ".join(tidy((text or "")[: 4 * LONGEST_TITLE]).split())[:LONGEST_TITLE]


def own_title(text: str | None) -> str:
    """A title from a file's properties; empty for what programs put there by themselves."""
    title = tidy_title(text)
    return "" if _NO_TITLE.fullmatch(title) else title


def kept(text: str) -> tuple[str, bool]:
    """At most ``LONGEST`` characters, and whether some were cut."""
    tidied = tidy(text)
    return tidied[:LONGEST], len(tidied) > LONGEST


def _codec(charset: str) -> str:
    name = charset.lower().replace("utf8", "utf-8").replace("iso8859", "iso-8859").replace("cp125", "windows-125")
    return _CODECS.get(name, "cp1252")


def _without_half_sign(data: bytes) -> bytes:
    """A cut at ``READ_BYTES`` may split a sign of UTF-8; at most three bytes of it are left."""
    if len(data) < READ_BYTES:
        return data
    for length in (1, 2, 3):
        if data[-length] >= 0xC0:
            return data[:-length]
    return data


def declared(data: bytes) -> str:
    """The ``charset`` that an HTML page names in its first 2,048 bytes, or an empty text."""
    match = _CHARSET.search(data[:2048])
    return match[1].decode("ascii") if match else ""
