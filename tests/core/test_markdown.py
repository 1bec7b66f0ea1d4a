"""Declared texts as lines of a message."""

from time import process_time

import pytest

from copp_bot.core.markdown import markdown_lines, prose
from copp_bot.core.reply import say


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


@pytest.mark.parametrize(
    ("source", "html"),
    [
        ("**a** _b_ `c` ~~d~~", "<p><strong>a</strong> <em>b</em> <code>c</code> <s>d</s></p>"),
        ("one\ntwo", "<p>one<br>\ntwo</p>"),
        ("<b onclick=x>a</b>", "<p>&lt;b onclick=x&gt;a&lt;/b&gt;</p>"),
        ("[a](javascript:alert(1))", "<p>[a](javascript:alert(1))</p>"),
        ("[a](https://example.org/?x=1&y=2)", '<p><a href="https://example.org/?x=1&amp;y=2">a</a></p>'),
        ("![a](https://example.org/a.png)", '<p>!<a href="https://example.org/a.png">a</a></p>'),
        ('[a](https://example.org "title")', '<p><a href="https://example.org">a</a></p>'),
        ("3. a", '<ol start="3">\n<li>a</li>\n</ol>'),
        ("|a|\n|:-:|\n|b|", "<table>\n<thead>\n<tr>\n<th>a</th>\n</tr>\n</thead>\n"
         "<tbody>\n<tr>\n<td>b</td>\n</tr>\n</tbody>\n</table>"),
        ("```py\n<script>\n```", "<pre><code>&lt;script&gt;\n</code></pre>"),
        ("a\u202e\u0007\0b", "<p>a b</p>"),
    ],
)  # fmt: skip
def test_prose_is_what_matrix_allows(source: str, html: str) -> None:
    """And the plain form is what was written."""
    span = prose(source)
    assert span.html == html and "\u202e" not in span.plain and span.is_block


@pytest.mark.parametrize("piece", ["[", "> ", "*a", "`", "- ", "<", "![[", "[a](", "_a__", "&", "***a "])
def test_what_is_built_to_take_long_does_not(piece: str) -> None:
    """As much of it as a post may have."""
    started = process_time()
    prose(piece * (12_000 // len(piece)))
    assert process_time() - started < 2


def test_prose_stands_apart() -> None:
    """No line break is put beside paragraphs, which have their own."""
    assert say("Title", (prose("text"),), "foot", "end").html == "Title<p>text</p>foot<br>end"
