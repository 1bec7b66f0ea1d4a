"""About two hundred files that try to break what opens them, and what has to be said of each.

The rule it keeps: every file is made here, no two are alike, and none takes long to make.
"""

import gzip
import random
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass

from tests import office
from tests.core import hostile
from tests.core.hostile_archives import (
    DOCTYPES,
    OUTSIDE,
    WORDS,
    bombs,
    compressed_as,
    link_entry,
    locked_entries,
    lying_sizes,
    nested,
    overlapping,
    spoiled,
    twice_the_same,
    with_entry,
    wrong_checksum,
)

LOCKED, DAMAGED, LONG, MUCH = (
    "locked with a password",
    "damaged or incomplete",
    "took too long",
    "more than I may unpack",
)
DIED, MACROS, TRAP, NOT_WHAT = (
    "could not be read safely",
    "holds macros",
    "can harm whoever opens",
    "but inside it is of another kind",
)
TITLE_ONLY, READ = "found by its title and tags only", "It is found by its words"
UNPACKS = (MUCH, LONG, DIED)
"""Which limit is met first depends on the machine."""
ANY = (LOCKED, DAMAGED, MUCH, LONG, DIED, TRAP, MACROS, NOT_WHAT, TITLE_ONLY, READ, "empty")
"""Bytes turned at random: one of the answers that there are."""


@dataclass(frozen=True)
class Hostile:
    """One file: what it is, under which name it is posted, its bytes, and one of the things that must be said of it."""

    what: str
    name: str
    data: bytes
    said: tuple[str, ...]


def hostile_files() -> list[Hostile]:
    """All of them."""
    made = (*_doctypes(), *_unpacking(), *_archives(), *_damaged(), *_locked(), *_macros(), *_pdfs(), *_pictures())
    return [*made, *_polyglots(), *_texts(), *_random()]


def _doctypes() -> Iterator[Hostile]:
    """Entity bombs and references to elsewhere, in every kind and in several parts."""
    for suffix in office.SUFFIXES:
        for what, content in DOCTYPES.items():
            said = (TRAP,) if "[" in content else (TITLE_ONLY, READ)
            yield Hostile(f"{what} in a text", f"a.{suffix}", spoiled(suffix, text=content), said)
        for part in ("facts", "first"):
            bomb = DOCTYPES["billion laughs"]
            yield Hostile(f"billion laughs in {part}", f"a.{suffix}", spoiled(suffix, **{part: bomb}), (TRAP,))


def _unpacking() -> Iterator[Hostile]:
    for what, content in bombs():
        said = (DAMAGED,) if what in {"zeros"} else UNPACKS
        yield Hostile(f"unpacks to {what}", "a.docx", spoiled("docx", text=content), said)
    for suffix in ("pptx", "odt", "odp"):
        yield Hostile("unpacks to spaces", f"a.{suffix}", spoiled(suffix, text=b"<r>" + b" " * 40_000_000), UNPACKS)
        claims = lying_sizes(office.document(suffix, WORDS), 2_000_000_000)
        yield Hostile("claims 2 GB an entry", f"a.{suffix}", claims, (MUCH,))
        claims = lying_sizes(office.document(suffix, WORDS), 10)
        yield Hostile("claims ten bytes an entry", f"a.{suffix}", claims, (DAMAGED,))


def _archives() -> Iterator[Hostile]:
    for kind in ("zip", "docx", "odt"):
        for outside in OUTSIDE:
            yield Hostile(f"an entry {outside}", f"a.{kind}", with_entry(kind, zipfile.ZipInfo(outside)), (TRAP,))
        yield Hostile("a link", f"a.{kind}", with_entry(kind, link_entry(), b"/etc/passwd"), (TRAP,))
    for levels in (2, 3, 4):
        yield Hostile(f"{levels} levels of archives", "a.zip", nested(levels), ("post the documents in it one by one",))
    yield Hostile("archives in a document", "a.docx", nested(2, 3), (NOT_WHAT,))
    for entries in (2_000, 9_000, 20_000):
        yield Hostile(f"{entries} overlapping entries", "a.zip", overlapping(entries), (MUCH,))
    yield Hostile("a directory of empty entries", "a.zip", office.zipped({str(n): b"" for n in range(10_001)}), (MUCH,))
    for method in (1, 9, 12, 14, 93, 99, 65535):
        yield Hostile(f"compressed as {method}", "a.docx", compressed_as(method), (DAMAGED,))
    for suffix in ("docx", "odt"):
        yield Hostile("two texts of one name", f"a.{suffix}", twice_the_same(suffix), (TRAP,))


def _damaged() -> Iterator[Hostile]:
    for suffix in office.SUFFIXES:
        whole = office.document(suffix, WORDS, WORDS[::-1])
        for part in (4, 22, 40, 70, 95):
            cut = whole[: max(4, len(whole) * part // 100)]
            yield Hostile(f"{part} % of a document", f"a.{suffix}", cut, (DAMAGED,))
        for how in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            yield Hostile(f"a wrong checksum ({how})", f"a.{suffix}", wrong_checksum(suffix, how), (DAMAGED,))
        broken = spoiled(suffix, text=f"<r><p>{WORDS}</r>")
        yield Hostile("tags that do not match", f"a.{suffix}", broken, (DAMAGED,))
        strange = spoiled(suffix, text=b'<?xml version="1.0" encoding="idna"?><r/>')
        yield Hostile("an encoding that is none", f"a.{suffix}", strange, (DAMAGED,))
    empty = office.zipped({"[Content_Types].xml": office.content_types()})
    yield Hostile("a document without a text", "a.docx", empty, (NOT_WHAT,))


def _locked() -> Iterator[Hostile]:
    ole, stream = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(1000), "EncryptedPackage".encode("utf-16-le")
    for suffix in ("docx", "pptx", "xlsx"):
        yield Hostile("an encrypted package", f"a.{suffix}", ole + stream + suffix.encode() + bytes(1000), (LOCKED,))
        locked = locked_entries(office.document("docx" if suffix == "xlsx" else suffix, WORDS, suffix))
        yield Hostile("encrypted entries", f"b.{suffix}", locked, (LOCKED,))
    for suffix in ("odt", "odp"):
        manifest = '<m:manifest xmlns:m="urn:m"><m:file-entry><m:encryption-data/></m:file-entry></m:manifest>'
        yield Hostile("an encrypted OpenDocument", f"a.{suffix}", spoiled(suffix, first=manifest), (LOCKED,))
    yield Hostile("a locked PDF", "a.pdf", hostile.pdf(WORDS, password="secret"), (LOCKED,))


def _macros() -> Iterator[Hostile]:
    kinds = ("word.document", "word.template", "powerpoint.presentation", "powerpoint.slideshow", "excel.sheet")
    for kind in kinds:
        main = f"application/vnd.ms-{kind}.macroEnabled.main+xml"
        for name in ("a.docx", "a.docm") if kind == "word.document" else ("a.docx",):
            data = office.zipped({"[Content_Types].xml": office.content_types(main=main), "x": name})
            yield Hostile(f"macros in {kind}", name, data, (MACROS,))
    program = '<T xmlns="urn:t"><Default Extension="bin" ContentType="application/vnd.ms-office.vbaProject"/></T>'
    yield Hostile("a macro project in a document", "a.docx", spoiled("docx", first=program), (MACROS,))
    for suffix in ("odt", "odp"):
        for script in ("Basic/Standard/Module1.xml", "Scripts/python/open.py"):
            data = with_entry(suffix, zipfile.ZipInfo(script))
            yield Hostile(f"a script {script}", f"a.{suffix}", data, (MACROS,))
    old = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(1000) + "_VBA_PROJECT".encode("utf-16-le") + bytes(1000)
    yield Hostile("macros in an old document", "a.doc", old, (MACROS,))


def _pdfs() -> Iterator[Hostile]:
    whole = hostile.pdf(WORDS, pages=3)
    for part in (2, 10, 30, 60, 80):
        yield Hostile(f"{part} % of a PDF", "a.pdf", whole[: len(whole) * part // 100], (DAMAGED, TITLE_ONLY, READ))
    yield Hostile("100,000 pages", "a.pdf", hostile.many_pages(100_000), (TITLE_ONLY,))
    yield Hostile("claims 2,000 million pages", "a.pdf", hostile.lying_page_count(), (TITLE_ONLY,))
    yield Hostile("a page tree in itself", "a.pdf", hostile.looping_page_tree(), (TITLE_ONLY,))
    yield Hostile("a tree of 10^20 pages", "a.pdf", hostile.page_tree(20, 10), (DAMAGED,))
    yield Hostile("a tree of 2^5000 pages", "a.pdf", hostile.page_tree(5_000, 2), (DAMAGED,))
    yield Hostile("a tree of 900 levels", "a.pdf", hostile.page_tree(900, 1), (TITLE_ONLY,))
    yield Hostile("a page of 20 MB in 40 bytes", "a.pdf", hostile.deflate_bomb(20), (TITLE_ONLY,))
    yield Hostile("a page of 700 MB", "a.pdf", hostile.deflate_bomb(700), UNPACKS)
    script = b"<</Type/Catalog/Pages 2 0 R/OpenAction<</S/JavaScript/JS(while\\(true\\){})>>>>"
    pages = {2: b"<</Type/Pages/Count 1/Kids[3 0 R]>>", 3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>"}
    yield Hostile("a script at opening", "a.pdf", hostile.raw_pdf({1: script, **pages}), (TITLE_ONLY,))
    launch = b"<</Type/Catalog/Pages 2 0 R/OpenAction<</S/Launch/F(/bin/sh)>>>>"
    yield Hostile("a program at opening", "a.pdf", hostile.raw_pdf({1: launch, **pages}), (TITLE_ONLY,))
    yield Hostile("a header alone", "a.pdf", b"%PDF-1.7\n", (DAMAGED,))
    described = hostile.pdf(WORDS, title="x") + b"<x:xmpmeta " * 100_000
    yield Hostile("metadata without an end", "a.pdf", described, (READ,))


def _pictures() -> Iterator[Hostile]:
    bomb = hostile.png_bomb(13_000)
    yield Hostile("169 megapixels", "a.png", bomb, (TITLE_ONLY,))
    yield Hostile("169 megapixels called PDF", "a.pdf", bomb + b"\0", (NOT_WHAT,))
    yield Hostile("a GIF of 65535 x 65535", "a.gif", b"GIF89a\xff\xff\xff\xff\0\0\0;", (TITLE_ONLY,))
    yield Hostile("half a JPEG", "a.jpg", b"\xff\xd8\xff\xe0\0\x10JFIF\0" + bytes(50), (TITLE_ONLY,))
    svg = '<svg xmlns="http://www.w3.org/2000/svg">{}</svg>'
    for what, content in {
        "a script": "<script>fetch('http://127.0.0.1:9')</script>",
        "an event": "<rect onload='alert(1)'/>",
        "a page inside": "<foreignObject><iframe xmlns='http://www.w3.org/1999/xhtml' src='file:///etc'/></foreignObject>",
        "itself inside": "<g id='a'><use href='#a'/></g>",
        "an address": "<image href='http://127.0.0.1:9/x.png'/>",
    }.items():
        yield Hostile(f"SVG with {what}", "a.svg", svg.format(content).encode(), (TITLE_ONLY,))
    laughs = DOCTYPES["billion laughs"].replace("<r>", "<svg>").replace("</r>", "</svg>")
    yield Hostile("SVG with billion laughs", "a.svg", b'<?xml version="1.0"?>' + laughs.encode(), (TITLE_ONLY,))
    yield Hostile("SVG called PNG", "a.png", svg.format("<script/>").encode(), (NOT_WHAT,))
    for what, program in {
        "a loop": "{} loop",
        "a file": "(/etc/passwd) (r) file",
        "a pipe": "(%pipe%id) (w) file",
        "much memory": "65535 65535 mul array",
    }.items():
        yield Hostile(f"EPS with {what}", "a.eps", f"%!PS-Adobe-3.0 EPSF-3.0\n{program}\n".encode(), (TITLE_ONLY,))
    yield Hostile("EPS called PDF", "a.pdf", b"%!PS-Adobe-3.0 EPSF-3.0\n{} loop\nshow", (NOT_WHAT,))


def _polyglots() -> Iterator[Hostile]:
    archive, document = office.zipped({"a.txt": WORDS}), office.document("docx", WORDS)
    pdf, png = hostile.pdf(WORDS), hostile.png_bomb(9)
    yield Hostile("a picture with an archive behind", "a.gif", b"GIF89a\x01\0\x01\0\0\0\0;" + archive, (TITLE_ONLY,))
    yield Hostile("a picture that is a document too", "a.docx", png + document, (NOT_WHAT,))
    yield Hostile("a PDF with an archive behind", "a.pdf", pdf + archive, (READ,))
    yield Hostile("a PDF with a document behind", "a.docx", pdf + document, (NOT_WHAT,))
    yield Hostile("a PDF in a picture", "a.png", png[:60] + b"\n" + pdf, (NOT_WHAT,))
    yield Hostile("a page in a PDF", "a.html", b"%PDF-1.7 <html><script>alert(1)</script>" + pdf, (NOT_WHAT,))
    yield Hostile("a program with an archive behind", "a.zip", b"MZ" + bytes(200) + archive, (NOT_WHAT,))
    yield Hostile("a program called document", "a.docx", b"MZ" + bytes(201), (NOT_WHAT,))
    yield Hostile("a program called PDF", "a.pdf", b"\x7fELF\x02\x01\x01" + bytes(300), (NOT_WHAT,))
    yield Hostile(
        "a JPEG with a program behind", "a.jpg", b"\xff\xd8\xff<?php system('id')?>" + bytes(9), (TITLE_ONLY,)
    )
    yield Hostile("a document called presentation", "a.pptx", document, (NOT_WHAT,))
    yield Hostile("an archive with a document before", "a.zip", document + archive, (TITLE_ONLY, DAMAGED))


def _texts() -> Iterator[Hostile]:
    yield Hostile("nothing", "a.pdf", b"", ("empty",))
    yield Hostile("a NUL in a text", "a.txt", b"word\0word", ("but inside it is something else",))
    yield Hostile("tags without an end", "a.html", b"<p><b><i>x" * 300_000, UNPACKS)
    yield Hostile("tables in tables", "a.html", b"<a><table>" * 50_000, (TITLE_ONLY, *UNPACKS))
    yield Hostile("quotes in quotes", "a.md", b">" * 300_000, (TITLE_ONLY, READ, *UNPACKS))
    yield Hostile("brackets in brackets", "a.md", b"[" * 60_000, (READ, *UNPACKS))
    yield Hostile("stars", "a.md", b"*a_ " * 60_000, (READ, *UNPACKS))
    yield Hostile("RTF with an object", "a.rtf", b"{\\rtf1{\\object\\objdata 0105}}", (TITLE_ONLY,))
    yield Hostile(
        "a page that goes elsewhere", "a.html", b"<meta http-equiv=refresh content='0;url=file:///'>x", (READ,)
    )
    yield Hostile("gzip of 50 MB", "a.gz", gzip.compress(bytes(50_000_000), 1), (TITLE_ONLY,))
    yield Hostile("gzip called PDF", "b.pdf", gzip.compress(b"x"), (NOT_WHAT,))
    yield Hostile("7z", "a.7z", b"7z\xbc\xaf\x27\x1c" + bytes(40), (TITLE_ONLY,))
    yield Hostile("RAR", "a.rar", b"Rar!\x1a\x07" + bytes(40), (TITLE_ONLY,))
    yield Hostile("marks that turn the text", "a.txt", "cod\u202etxt.exe\u2066 word".encode(), (READ,))
    yield Hostile("a name without end", "a" * 5_000 + ".txt", b"a name without end", (READ,))
    yield Hostile("a name that goes up", "../../etc/passwd.txt", b"a name that goes up", (READ,))


def _random() -> Iterator[Hostile]:
    """Bytes turned at random; the same in every run."""
    dice = random.Random(13)
    for number in range(20):
        suffix = (*office.SUFFIXES, "pdf")[number % 5]
        whole = hostile.pdf(WORDS) if suffix == "pdf" else office.document(suffix, WORDS, str(number))
        made = bytearray(whole)
        for _turn in range(1 + number):
            made[dice.randrange(len(made))] = dice.randrange(256)
        yield Hostile(f"turned at random ({number})", f"r.{suffix}", bytes(made), ANY)
