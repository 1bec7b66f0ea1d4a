"""Markdown: its words without its marks and without raw HTML."""

import re
from collections.abc import Iterable
from typing import Any

from markdown_it import MarkdownIt

from copp_bot.core.cage import texts
from copp_bot.core.cage.texts import READ_BYTES

_PARSER = MarkdownIt("commonmark").enable("table")
"""Made before the process seals itself."""
_HEADING = re.compile(r"^#{1,3}\s+(.+?)\s*#*$", re.MULTILINE)


def read(data: bytes, charset: str) -> dict[str, Any]:
    """Title (the first heading) and text."""
    source = texts.decode(data, charset)
    title = _HEADING.search(source[:20_000])
    text, _ = texts.kept(plain(source[: texts.LONGEST]))
    is_cut = len(data) > READ_BYTES or len(source) > texts.LONGEST
    return {"title": texts.tidy_title(plain(title[1]) if title else None), "text": text, "is_cut": is_cut}


def plain(source: str, parser: MarkdownIt = _PARSER) -> str:
    """The words of a text without marks, and without raw HTML where the parser knows any."""
    blocks = parser.parse(source)
    return "\n".join(_text(block) for block in blocks if block.type in {"inline", "fence", "code_block"})


def _text(block: Any) -> str:
    children: Iterable[Any] = block.children or ()
    if block.type != "inline":
        return str(block.content)
    return "".join("\n" if child.type in {"softbreak", "hardbreak"} else _words(child) for child in children)


def _words(child: Any) -> str:
    return str(child.content) if child.type in {"text", "code_inline", "image"} else ""
