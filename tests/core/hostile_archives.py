"""Archives and office documents that try to break what opens or unpacks them."""

import io
import struct
import warnings
import zipfile
import zlib
from collections.abc import Iterator

from tests import office

WORDS = "The pupils clap the rhythm of the names in the class, and the others answer."
_TEXT_PART = {
    "docx": "word/document.xml",
    "pptx": "ppt/slides/slide1.xml",
    "odt": "content.xml",
    "odp": "content.xml",
}
_FACTS_PART = {"docx": "docProps/core.xml", "pptx": "docProps/app.xml", "odt": "meta.xml", "odp": "meta.xml"}
_MANIFEST = "META-INF/manifest.xml"
_FIRST_PART = {"docx": "[Content_Types].xml", "pptx": "[Content_Types].xml", "odt": _MANIFEST, "odp": _MANIFEST}
_LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
DOCTYPES = {
    "billion laughs": f'<!DOCTYPE r [<!ENTITY l0 "ha">{_LAUGHS}]><r>&l9;</r>',
    "one long entity many times": f'<!DOCTYPE r [<!ENTITY l "{"x" * 50_000}">]><r>{"&l;" * 50_000}</r>',
    "a file of ours": '<!DOCTYPE r [<!ENTITY l SYSTEM "file:///etc/passwd">]><r>&l;</r>',
    "an address": '<!DOCTYPE r SYSTEM "http://127.0.0.1:9/x.dtd"><r/>',
    "parameter entities": '<!DOCTYPE r [<!ENTITY % l SYSTEM "http://127.0.0.1:9/x.dtd">%l;]><r/>',
}
OUTSIDE = (
    "../up.txt", "a/../../up.txt", "/etc/cron.d/x", "..", "a/b/..",
    "a\\..\\..\\up.txt", "\\\\server\\share\\x", "C:\\Windows\\x.dll",
    "c:x.txt",
)  # fmt: skip


def spoiled(suffix: str, **contents: str | bytes) -> bytes:
    """A document with other content in its ``text``, ``facts`` or ``first`` part."""
    made = office.parts(suffix, WORDS)
    names = {"text": _TEXT_PART, "facts": _FACTS_PART, "first": _FIRST_PART}
    for which, content in contents.items():
        made[names[which][suffix]] = content
    return office.zipped(made)


def with_entry(suffix: str, entry: zipfile.ZipInfo, content: bytes = b"x") -> bytes:
    """A document, or a plain archive for ``zip``, with one entry more."""
    data = office.zipped({"a.txt": WORDS}) if suffix == "zip" else office.document(suffix, WORDS)
    packed = io.BytesIO(data)
    with zipfile.ZipFile(packed, "a") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of one name that is there already
        archive.writestr(entry, content)
    return packed.getvalue()


def link_entry() -> zipfile.ZipInfo:
    """A symbolic link to elsewhere."""
    entry = zipfile.ZipInfo("link")
    entry.create_system, entry.external_attr = 3, 0o120777 << 16
    return entry


def wrong_checksum(suffix: str, compression: int) -> bytes:
    """One bit of the text's checksum is turned, in both places where it stands."""
    made = office.parts(suffix, WORDS)
    data = bytearray(office.zipped(made, compression=compression))
    crc = struct.pack("<I", zlib.crc32(str(made[_TEXT_PART[suffix]]).encode()))
    while (place := data.find(crc)) >= 0:
        data[place] ^= 1
    return bytes(data)


def locked_entries(data: bytes) -> bytes:
    """Every entry says that it is encrypted."""
    made = bytearray(data)
    for sign, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = made.find(sign)
        while place >= 0:
            made[place + offset] |= 1
            place = made.find(sign, place + 4)
    return bytes(made)


def lying_sizes(data: bytes, size: int) -> bytes:
    """Every entry claims to unpack to so many bytes."""
    made = bytearray(data)
    place = made.find(b"PK\x01\x02")
    while place >= 0:
        made[place + 24 : place + 28] = struct.pack("<I", size)
        place = made.find(b"PK\x01\x02", place + 4)
    return bytes(made)


def nested(levels: int, width: int = 8) -> bytes:
    """Archives in archives in archives, as many at each level."""
    data = zlib.compress(bytes(100_000))
    for _level in range(levels):
        data = office.zipped({f"{number}.zip": data for number in range(width)})
    return data


def overlapping(entries: int) -> bytes:
    """A directory of many entries that are all the same compressed megabyte (David Fifield, 2019)."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("0", bytes(1_000_000))
    data = packed.getvalue()
    start = data.find(b"PK\x01\x02")
    end = data.find(b"PK\x05\x06")
    record = bytearray(data[start:end])
    records = bytearray()
    for number in range(entries):
        record[46:47] = b"%x" % (number % 16)
        records += record
    tail = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, entries, entries, len(records), start, 0)
    return data[:start] + bytes(records) + tail


def compressed_as(method: int) -> bytes:
    """A document whose entries say that they are compressed in a way of their own."""
    made = bytearray(office.document("docx", WORDS))
    for sign, offset in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        place = made.find(sign)
        while place >= 0:
            made[place + offset : place + offset + 2] = struct.pack("<H", method)
            place = made.find(sign, place + 4)
    return bytes(made)


def twice_the_same(suffix: str) -> bytes:
    """Two texts under one name: one program shows the first, another the second."""
    return with_entry(suffix, zipfile.ZipInfo(_TEXT_PART[suffix]), b"<r/>")


def bombs() -> Iterator[tuple[str, bytes]]:
    """Texts of a few kilobytes that unpack to far more than is read."""
    size = 40_000_000
    yield "spaces", b"<r>" + b" " * size + b"</r>"
    yield "a remark", b"<r><!--" + b"x" * size + b"--></r>"
    yield "one attribute", b"<r a='" + b"x" * size + b"'/>"
    yield "a name without end", b"<" + b"r" * size
    yield "nesting", b"<r>" * 1_000_000
    yield "zeros", bytes(size)
    yield "empty elements", b"<r>" + b"<t/>" * (size // 4) + b"</r>"
