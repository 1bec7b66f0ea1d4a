"""What bytes are, by their own signs; what a file calls itself only decides among kinds of text."""

import codecs
import re

HEAD = 4096
"""Bytes looked at."""
UNKNOWN = "application/octet-stream"
TEXTS = ("text/html", "text/markdown", "text/plain")
_SIGNS: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF8", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (0, b"II*\x00", "image/tiff"),
    (0, b"MM\x00*", "image/tiff"),
    (4, b"ftyp", "video/mp4"),
    (0, b"\x1aE\xdf\xa3", "video/webm"),
    (0, b"OggS", "audio/ogg"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"fLaC", "audio/flac"),
    (8, b"WAVE", "audio/wav"),
    (0, b"PK\x03\x04", "application/zip"),
    (0, b"PK\x05\x06", "application/zip"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (0, b"\x1f\x8b", "application/gzip"),
    (0, b"Rar!\x1a\x07", "application/vnd.rar"),
    (0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (0, b"\x7fELF", "application/x-executable"),
    (0, b"MZ", "application/x-msdownload"),
)
_SIGNS_IN_TEXT = ((b"%!PS", "application/postscript"), (b"{\\rtf", "application/rtf"))
_OF_ZIP = (
    (b"application/vnd.oasis.opendocument.text", "application/vnd.oasis.opendocument.text"),
    (b"application/vnd.oasis.opendocument.presentation", "application/vnd.oasis.opendocument.presentation"),
    (b"application/vnd.oasis.opendocument.spreadsheet", "application/vnd.oasis.opendocument.spreadsheet"),
    (b"application/epub+zip", "application/epub+zip"),
)
ZIP = "application/zip"
ZIPPED = (ZIP, *(media_type for _sign, media_type in _OF_ZIP))
OLE = "application/x-ole-storage"
"""Files of Office before 2007."""
_OPEN_XML = "application/vnd.openxmlformats-officedocument."
DOCX = f"{_OPEN_XML}wordprocessingml.document"
PPTX = f"{_OPEN_XML}presentationml.presentation"
XLSX = f"{_OPEN_XML}spreadsheetml.sheet"
_HTML_BEGINNINGS = (b"<!doctype html", b"<html", b"<head", b"<body")
_BOMS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)
_PDF = re.compile(rb"(?:^|[\r\n])\s*%PDF-\d")
_CONTROL = bytes(range(9)) + bytes(range(14, 27)) + bytes(range(28, 32))


def sniff(head: bytes, expected: str) -> str:
    """The media type of what begins with ``head``; ``application/octet-stream`` for what is not known.

    Args:
        head: the first ``HEAD`` bytes.
        expected: what the file calls itself; believed only to tell Markdown, HTML and plain text apart.
    """
    if _is_pdf(head, expected):
        return "application/pdf"
    if _is_text(head):
        return _kind_of_text(head, expected)
    for offset, sign, media_type in _SIGNS:
        if head.startswith(sign, offset):
            return _of_zip(head) if media_type == "application/zip" else media_type
    return UNKNOWN


def _is_pdf(head: bytes, expected: str) -> bool:
    """PDF may begin after up to 1,024 foreign bytes (ISO 32000-1, H.3.4.1), which a text about PDF does not."""
    match = _PDF.search(head[:1024])
    return match is not None and (expected not in TEXTS or not head[: match.start()].strip(b"\xef\xbb\xbf \t\r\n"))


def _of_zip(head: bytes) -> str:
    """OpenDocument and EPUB begin with an uncompressed entry that names their type."""
    return next((media_type for sign, media_type in _OF_ZIP if sign in head[30:120]), "application/zip")


def _is_text(head: bytes) -> bool:
    if head.startswith(_BOMS):
        return True
    return head.translate(None, delete=_CONTROL) == head


def _kind_of_text(head: bytes, expected: str) -> str:
    for sign, media_type in _SIGNS_IN_TEXT:
        if head.startswith(sign):
            return media_type
    start = head.removeprefix(codecs.BOM_UTF8).lstrip()[:64].lower()
    if start.startswith(b"<svg") or (start.startswith(b"<?xml") and b"<svg" in head[:1024].lower()):
        return "image/svg+xml"
    if start.startswith(_HTML_BEGINNINGS) or (start.startswith(b"<?xml") and b"<html" in head[:1024].lower()):
        return "text/html"
    return expected if expected in TEXTS else "text/plain"
