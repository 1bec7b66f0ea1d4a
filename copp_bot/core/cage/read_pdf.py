"""PDF: the text of its pages, as PDFium finds it."""

import re
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium

from copp_bot.core.cage import texts

READ_BYTES = 1_000_000_000
"""More than is taken of any file: a part of a PDF cannot be read."""
MOST_PAGES = 300
_HYPHEN = re.compile("[\ufffe\u0002]\\s*")
"""PDFium's sign for a hyphen at a line's end."""
_METADATA, _LONGEST_METADATA = b"<x:xmpmeta", 100_000
"""XMP (ISO 16684-1) begins so; writers leave it uncompressed, for others to find. Bytes of it that are looked at."""
_LICENCE = re.compile(rb"https?://creativecommons\.org/[a-z0-9./-]{5,80}")


def read(data: bytes, charset: str) -> dict[str, Any]:
    """Title, text and number of pages."""
    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        locked = getattr(error, "err_code", None) == pdfium.FPDF_ERR_PASSWORD
        return {"problem": "locked" if locked else "broken"}
    pages = len(document)
    if pages == 0:
        return {"problem": "broken"}
    text, is_cut = _text(document, min(pages, MOST_PAGES))
    return {
        "title": texts.own_title(document.get_metadata_value("Title")),
        "text": text,
        "pages": pages,
        "is_cut": is_cut or pages > MOST_PAGES,
        "licence": _licence(data),
    }


def _licence(data: bytes) -> str:
    """The Creative Commons address in the file's own description."""
    start = data.find(_METADATA)
    found = _LICENCE.search(data[start : start + _LONGEST_METADATA]) if start >= 0 else None
    return found[0].decode("ascii") if found else ""


def _text(document: Any, pages: int) -> tuple[str, bool]:
    parts: list[str] = []
    length = 0
    for number in range(pages):
        part = _page(document, number)
        parts.append(part)
        length += len(part)
        if length > texts.LONGEST:
            break
    text, is_cut = texts.kept("\n\n".join(parts))
    return text, is_cut or len(parts) < pages


def _page(document: Any, number: int) -> str:
    """A page's text; one broken page does not spoil the others."""
    try:
        page = document[number]
        text: str = page.get_textpage().get_text_bounded()
        page.close()
    except pypdfium2.PdfiumError:
        return ""
    return _HYPHEN.sub("", text)
