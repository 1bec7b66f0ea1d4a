"""Office documents (DOCX, PPTX, ODT, ODP): the words in an archive of XML. Other archives are not unpacked.

The rule it keeps: pictures, objects, other archives and programs inside are never opened, and a document with macros
is refused. Formats: ECMA-376 parts 1 and 2 (Office Open XML), OASIS OpenDocument 1.3.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from copp_bot.core.cage import texts
from copp_bot.core.cage.archive import Archive, Refused
from copp_bot.core.cage.markup import Enough, Grammar, Words, elements, facts
from copp_bot.core.cage.sniff import DOCX, PPTX, XLSX, ZIP

READ_BYTES = 1_000_000_000
"""More than is taken of any file: the directory of an archive stands at its end."""
_MAIN = re.compile(r"(wordprocessingml|presentationml|spreadsheetml)\.\w+\.main\+xml$")
_KINDS = {"wordprocessingml": DOCX, "presentationml": PPTX, "spreadsheetml": XLSX}
_PARTS = {
    DOCX: ("document.main", "template.main", "footnotes", "endnotes", "header", "footer"),
    PPTX: ("slide", "notesSlide"),
}
"""Content types of the parts with words, in the order in which they are read."""
_IN_OPEN_XML = Grammar(
    words=frozenset({"t"}),
    lines=frozenset({"p", "br", "cr"}),
    spaces=frozenset({"tab"}),
    unseen=frozenset({"Fallback", "del", "moveFrom"}),
)
_IN_OPEN_DOCUMENT = Grammar(
    words=frozenset({"p", "h"}),
    lines=frozenset({"p", "h", "line-break"}),
    spaces=frozenset({"s", "tab"}),
    unseen=frozenset({"annotation", "tracked-changes", "scripts", "automatic-styles"}),
    page="page",
)
_MIMETYPE = re.compile(r"application/[a-z0-9.+-]{1,70}")
_OPEN_DOCUMENT = "application/vnd.oasis.opendocument."
_READ = re.compile(re.escape(_OPEN_DOCUMENT) + "(?:text|presentation)(?:-template)?")
_MACROS = re.compile(r"(?i)macroEnabled|vbaProject")
"""In the content types of Office Open XML."""
_SCRIPTS = re.compile(r"Basic/.*/(?!(?:script|dialog)-l[bc]\.xml$)[^/]+|Scripts/.*[^/]")
"""Where OpenDocument keeps its own; the lists of libraries alone do nothing."""
_LICENCE = re.compile("property (?:licen[cs]e|rights|copyright|dc:rights)")
_NUMBER = re.compile(r"\d+")


def read(data: bytes, charset: str) -> dict[str, Any]:
    """Title, text, language, licence, number of pages or slides; of an archive that is no document its kind alone."""
    try:
        return _read(Archive(data))
    except Refused as refused:
        return {"media_type": ZIP, "problem": refused.args[0]}


def _read(archive: Archive) -> dict[str, Any]:
    named = b"".join(archive.read("mimetype"))[:80].decode("ascii", "replace").strip()
    if named.startswith(_OPEN_DOCUMENT):
        _check_open_document(archive)
    if _READ.fullmatch(named):
        return _open_document(archive, named.removesuffix("-template"))
    parts = _content_types(archive)
    kind = next((_KINDS[found[1]] for found in map(_MAIN.search, parts.values()) if found), None)
    if kind in _PARTS:
        return _open_xml(archive, kind, parts)
    return {"media_type": kind or (named if _MIMETYPE.fullmatch(named) else ZIP)}


def _content_types(archive: Archive) -> Mapping[str, str]:
    """The content type of every part by its name in the archive (ECMA-376 part 2, 10.1.2)."""
    found = elements(archive.read("[Content_Types].xml"))
    if any(_MACROS.search(about.get("ContentType", "")) for _element, about in found):
        raise Refused("macros")
    return {
        about.get("PartName", "").lstrip("/"): about.get("ContentType", "")
        for element, about in found
        if element == "Override"
    }


def _open_xml(archive: Archive, kind: str, parts: Mapping[str, str]) -> dict[str, Any]:
    about = facts(archive.read("docProps/core.xml"))
    about |= facts(archive.read("docProps/app.xml"))
    about |= facts(archive.read("docProps/custom.xml"))
    slides = sum(content_type.endswith(".slide+xml") for content_type in parts.values())
    words = Words(_IN_OPEN_XML)
    is_cut = _gather(archive, words, _in_order(parts, _PARTS[kind]))
    pages = slides if kind == PPTX else about.get("Pages", "")
    return _answer(kind, about, str(pages), words, is_cut)


def _in_order(parts: Mapping[str, str], wanted: tuple[str, ...]) -> Iterator[str]:
    for ending in wanted:
        names = (name for name, content_type in parts.items() if content_type.endswith(f".{ending}+xml"))
        yield from sorted(names, key=_number_in)


def _number_in(name: str) -> tuple[int, str]:
    """``slide10.xml`` comes after ``slide9.xml``."""
    found = _NUMBER.findall(name)
    return (int(found[-1][:9]) if found else 0, name)


def _check_open_document(archive: Archive) -> None:
    if any(element == "encryption-data" for element, _about in elements(archive.read("META-INF/manifest.xml"))):
        raise Refused("locked")
    if any(_SCRIPTS.fullmatch(name) for name in archive.names):
        raise Refused("macros")


def _open_document(archive: Archive, kind: str) -> dict[str, Any]:
    about = facts(archive.read("meta.xml"))
    counted = elements(archive.read("meta.xml"))
    pages = next((has.get("page-count", "") for element, has in counted if element == "document-statistic"), "")
    words = Words(_IN_OPEN_DOCUMENT)
    is_cut = _gather(archive, words, iter(("content.xml",)))
    if kind.endswith("presentation"):
        pages = str(words.pages)
    return _answer(kind, about, pages, words, is_cut)


def _gather(archive: Archive, words: Words, names: Iterator[str]) -> bool:
    """Read the parts; True when there were more words than are kept."""
    try:
        for name in names:
            words.feed(archive.read(name), texts.LONGEST)
    except Enough:
        return True
    return False


def _answer(kind: str, about: Mapping[str, str], pages: str, words: Words, is_cut: bool) -> dict[str, Any]:
    text, is_longer = texts.kept(words.text)
    return {
        "media_type": kind,
        "title": texts.own_title(about.get("title")),
        "language": about.get("language", "").partition("-")[0].lower(),
        "licence": next((value for name, value in about.items() if _LICENCE.fullmatch(name)), ""),
        "pages": int(pages) if pages.isdecimal() and len(pages) < 9 else None,
        "text": text,
        "is_cut": is_cut or is_longer,
    }
