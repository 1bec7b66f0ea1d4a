"""Short declared texts, written in Markdown, as lines of a message.

The rule it keeps: paragraphs, list entries, headings, ``code`` and **bold** and nothing else; all of it is text.
"""

import re

from copp_bot.core.reply import Line, Part, bold, code

_MARKS = re.compile(r"(`[^`]+`|\*\*[^*]+\*\*)")
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


def _part(piece: str) -> Part:
    if piece.startswith("`") and len(piece) > 2:
        return code(piece[1:-1])
    return bold(piece[2:-2]) if piece.startswith("**") and len(piece) > 4 else piece
