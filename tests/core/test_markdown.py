"""Declared texts as lines of a message."""

import pytest

from copp_bot.core.markdown import markdown_lines


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", []),
        ("One\ntwo\n\nthree", ["One two", "three"]),
        ("# Title\ntext\n- a\n  more\n* b", ["Title", "text", "• a more", "• b"]),
        ("Type `!help` now", ["Type !help now"]),
        ("**Rules**\n\n1. One\n   more\n2. Two", ["Rules", "1. One more", "2. Two"]),
    ],
)
def test_markdown(text: str, lines: list[str]) -> None:
    """Paragraphs and lists."""
    shown = ["".join(part if isinstance(part, str) else part.plain for part in line) for line in markdown_lines(text)]
    assert shown == lines
