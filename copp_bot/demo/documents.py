"""Turns a text written in Markdown into the bytes that people share: PDF, HTML, Markdown and plain text.

The rule it keeps: the same text gives the same bytes, every time, and every document says that it is a demonstration.
"""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape

from fpdf import FPDF
from fpdf.enums import XPos, YPos
from markdown_it import MarkdownIt

_FOOTERS = {
    "en": "Demonstration material. The author is invented; use and adapt it freely.",
    "fr": "Document de démonstration. L'auteur est inventé ; à utiliser et adapter librement.",
}
_MADE_AT = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
"""A fixed moment: a PDF carries its creation date, and the bytes may not depend on the day."""
_CORE_FONT_ENCODING = "windows-1252"
"""What the fonts that every PDF reader has can show (PDF 32000-1, annex D, WinAnsiEncoding)."""
_MARKDOWN = MarkdownIt("commonmark", {"html": False})


@dataclass(frozen=True)
class Document:
    """A text to be made into a file.

    Args:
        language: ``en`` or ``fr``.
        text: Markdown: headings, paragraphs, lists, emphasis.
    """

    title: str
    author: str
    language: str
    text: str

    @property
    def footer(self) -> str:
        """The line that says what this is."""
        return _FOOTERS[self.language]


@dataclass(frozen=True)
class Block:
    """A heading (``level`` 1 to 6), or a paragraph or list entry (``level`` 0, ``mark`` before it)."""

    text: str
    level: int = 0
    mark: str = ""


def render(document: Document, form: str) -> bytes:
    """The bytes of a document as ``pdf``, ``html``, ``md`` or ``txt``; KeyError for another form."""
    return _FORMS[form](document)


def render_pdf(document: Document) -> bytes:
    """An A4 document with selectable text and a footer on each page."""
    pdf = _Paper(document)
    pdf.add_page()
    for block in _whole(document):
        _put(pdf, block)
    return bytes(pdf.output())


def render_html(document: Document) -> bytes:
    """A complete page that loads nothing from elsewhere."""
    title = escape(document.title)
    page = (
        f'<!doctype html>\n<html lang="{document.language}">\n<head>\n<meta charset="utf-8">\n<title>{title}</title>\n'
        f'<meta name="author" content="{escape(document.author)}">\n</head>\n<body>\n<h1>{title}</h1>\n'
        f"<p><em>{escape(document.author)}</em></p>\n{_MARKDOWN.render(document.text)}"
        f"<footer><small>{escape(document.footer)}</small></footer>\n</body>\n</html>\n"
    )
    return page.encode()


def render_markdown(document: Document) -> bytes:
    """The text as it was written, under its title."""
    head = f"# {document.title}\n\n*{document.author}*\n\n"
    return f"{head}{document.text}\n\n---\n\n{document.footer}\n".encode()


def render_text(document: Document) -> bytes:
    """Plain text: headings underlined, list entries with their marks."""
    parts = [_plain(block) for block in _whole(document)]
    return ("\n\n".join(parts) + f"\n\n-- \n{document.footer}\n").encode()


def blocks(text: str) -> Iterator[Block]:
    """Headings, paragraphs and list entries of a Markdown text, in order, without inline marks."""
    marks: list[str] = []
    numbers: list[int] = []
    level = 0
    for token in _MARKDOWN.parse(text):
        match token.type:
            case "heading_open":
                level = int(token.tag[1])
            case "bullet_list_open" | "ordered_list_open":
                numbers.append(1 if token.type.startswith("ordered") else 0)
            case "bullet_list_close" | "ordered_list_close":
                numbers.pop()
            case "list_item_open":
                marks.append(f"{numbers[-1]}. " if numbers[-1] else "- ")
                numbers[-1] += 1 if numbers[-1] else 0
            case "inline":
                words = "".join(_inline(child.type, child.content) for child in token.children or ())
                yield Block(words, level, marks.pop() if marks else "")
                level = 0


def _inline(kind: str, content: str) -> str:
    return " " if kind in ("softbreak", "hardbreak") else content


def _whole(document: Document) -> list[Block]:
    return [Block(document.title, 1), Block(document.author), *blocks(document.text)]


def _plain(block: Block) -> str:
    if block.level:
        return f"{block.text}\n{('=' if block.level == 1 else '-') * len(block.text)}"
    return f"{block.mark}{block.text}"


class _Paper(FPDF):
    """A4 with the document's footer."""

    def __init__(self, document: Document) -> None:
        super().__init__(format="A4")
        self._footer = document.footer
        self.core_fonts_encoding = _CORE_FONT_ENCODING
        self.set_creation_date(_MADE_AT)
        self.set_title(document.title)
        self.set_author(document.author)
        self.set_lang(document.language)
        self.set_margins(25, 22)
        self.set_auto_page_break(True, 25)

    def footer(self) -> None:
        """Called by the library at the end of each page."""
        self.set_y(-15)
        self.set_font("Helvetica", "I", 8)
        self.cell(0, 5, _showable(f"{self._footer}  {self.page_no()}"), align="C")


def _put(pdf: FPDF, block: Block) -> None:
    size = {0: 11, 1: 18, 2: 14}.get(block.level, 12)
    pdf.set_font("Helvetica", "B" if block.level else "", size)
    pdf.multi_cell(0, size * 0.5, _showable(block.mark + block.text), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    pdf.ln(3)


def _showable(text: str) -> str:
    """Letters that the core fonts lack lose their accents (a Lithuanian ė becomes e)."""
    return "".join(c if _is_core(c) else _without_accents(c) for c in text)


def _is_core(character: str) -> bool:
    try:
        character.encode(_CORE_FONT_ENCODING)
    except UnicodeEncodeError:
        return False
    return True


def _without_accents(character: str) -> str:
    base = unicodedata.normalize("NFKD", character)[0]
    return base if _is_core(base) else "?"


_FORMS = {"pdf": render_pdf, "html": render_html, "md": render_markdown, "txt": render_text}
