"""Markdown in messages: short declared texts as lines, and what members write as HTML.

The rules it keeps: of a declared text, paragraphs, list entries, headings, ``code`` and **bold** and nothing else. Of a
member's text, what CommonMark, tables and ~~strikethrough~~ make of it, within the HTML that Matrix allows
(Client-Server API, ``m.room.message`` msgtypes); HTML that was typed stays text, and a picture becomes a link.
"""

import re

import nh3
from markdown_it import MarkdownIt

from copp_bot.core.cage import read_markdown
from copp_bot.core.reply import Line, Part, Span, bold, code
from storage.search.words import sound

_MARKS = re.compile(r"(`[^`]+`|\*\*[^*]+\*\*)")
_PARSER = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable(["table", "strikethrough"]).disable("image")
_INLINE = {"a", "br", "code", "em", "s", "strong"}
_BLOCKS = {"blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "ul"}
_TABLES = {"table", "tbody", "td", "th", "thead", "tr"}
_ATTRIBUTES: dict[str, set[str]] = {"*": set(), "a": {"href"}, "ol": {"start"}}
_SCHEMES = {"http", "https", "mailto"}
_UNSEEN = re.compile("[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]+")
"""Control and direction characters, but for the tab and the end of a line."""
_ENTRY = re.compile(r"[-*] |\d{1,2}\. |#")


def markdown_lines(text: str) -> list[Line]:
    """Paragraphs and list entries as lines; a heading is a line of its own."""
    lines: list[str] = []
    is_new = True
    for raw in text.splitlines():
        stripped = raw.strip()
        if stripped and (is_new or _ENTRY.match(stripped)):
            lines.append(re.sub(r"^[-*] ", "• ", stripped.lstrip("# ")))
        elif stripped:
            lines[-1] += f" {stripped}"
        is_new = not stripped or stripped.startswith("#")
    return [tuple(_part(piece) for piece in _MARKS.split(line) if piece) for line in lines]


def tidy(source: str) -> str:
    """A text of several lines without what cannot be seen or stored, and without empty lines around it."""
    return _UNSEEN.sub("", sound(source.replace("\r\n", "\n"))).strip("\n").rstrip()


def prose(source: str) -> Span:
    """A member's Markdown as paragraphs: plain as it was written, and as HTML that every client may show."""
    source = tidy(source)
    allowed = _INLINE | _BLOCKS | _TABLES
    html = nh3.clean(_PARSER.render(source), tags=allowed, attributes=_ATTRIBUTES, url_schemes=_SCHEMES, link_rel=None)
    return Span(source, html.strip(), is_block=True)


def words_of(source: str) -> str:
    """What a search finds and an extract shows of a Markdown text: its words without the marks."""
    return read_markdown.plain(tidy(source), _PARSER)


def _part(piece: str) -> Part:
    if piece.startswith("`") and len(piece) > 2:
        return code(piece[1:-1])
    return bold(piece[2:-2]) if piece.startswith("**") and len(piece) > 4 else piece
