"""Answers: whatever a member wrote stays text in both forms of a message."""

import re
from html import unescape
from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from copp_bot.core import reply
from copp_bot.core.clock import SystemClock
from copp_bot.core.effects import Batch, RowEffects
from copp_bot.core.ids import MxcUri, UserId
from copp_bot.core.reply import Attachment, Option, Part, Reply, Span, say

NASTY = st.one_of(
    st.text(max_size=30),
    st.sampled_from(["</a>", "&amp;", "@room", "a\nb", "\u202eevil", "\u2028x", "<img src=x>", "'\"", "]]>", "\x00"]),
)
ADDRESSES = st.one_of(
    NASTY.map("https://e.org/".__add__),
    st.sampled_from(["javascript:alert(1)", "JAVASCRIPT:x", "data:text/html,x", ""]),
)
LINE_BREAKS = re.compile("[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
DIRECTIONS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


class Tags(HTMLParser):
    """Collects tags, attributes and text."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.links: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the tag; a line break is a line."""
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name == "href"]
        assert all(name == "href" for name, _value in attrs)
        self.text += "\n" if tag == "br" else ""

    def handle_data(self, data: str) -> None:
        """Note the text."""
        self.text += data


def parts() -> st.SearchStrategy[Part]:
    """Parts made of member text."""
    spans = [reply.bold, reply.italic, reply.code, lambda text: reply.person("@anna:example.org", text)]
    return st.one_of(NASTY, st.builds(lambda make, text: make(text), st.sampled_from(spans), NASTY))


@given(st.lists(st.lists(parts(), min_size=1, max_size=4).map(tuple), min_size=1, max_size=4))
def test_body_is_the_html_without_tags(lines: list[tuple[Part, ...]]) -> None:
    content = Reply(tuple(lines)).content()
    read = Tags(content["formatted_body"])
    assert read.text == content["body"]
    assert set(read.tags) <= {"br", "strong", "em", "code", "a"}
    assert all(link == "https://matrix.to/#/@anna:example.org" for link in read.links)
    assert read.tags.count("br") == len(lines) - 1 == len(LINE_BREAKS.findall(content["body"]))
    assert not DIRECTIONS.search(content["body"])
    assert content["m.mentions"] == {}


@given(NASTY, ADDRESSES)
def test_only_web_addresses_become_links(text: str, url: str) -> None:
    span = reply.link(text, url)
    read = Tags(span.html)
    assert set(read.tags) <= {"a"}
    assert all(link.startswith("https://e.org/") for link in read.links)
    assert not LINE_BREAKS.search(span.plain)
    assert not DIRECTIONS.search(span.plain)
    assert ("a" in read.tags) == url.startswith("https://")


@given(NASTY, NASTY, NASTY)
def test_links_into_matrix_stay_there(text: str, room: str, event: str) -> None:
    for span in (reply.event_link(text, room, event), reply.person(room or "@a:b", text)):
        read = Tags(span.html)
        assert read.tags == ["a"]
        assert read.links[0].startswith(reply.MATRIX_TO)
        assert span.plain in (read.text, f"{read.text} ({read.links[0]})")


@given(NASTY)
def test_the_label_of_a_choice_is_text(label: str) -> None:
    content = say("Which?", options=(Option("✅", label, "help"),)).content()
    assert Tags(content["formatted_body"]).text == content["body"]
    assert content["body"].count("\n") == 1


def test_mentions_are_said_by_the_field_alone() -> None:
    assert say(reply.person("@anna:example.org")).content()["m.mentions"] == {}
    named = say("Hello", mentions=(UserId("@anna:example.org"),)).content()
    assert named["m.mentions"] == {"user_ids": ["@anna:example.org"]}


def test_a_file_name_is_one_line_of_text() -> None:
    attached = Attachment("a\n\u202egpj.exe", MxcUri("mxc://e/x"), "application/pdf")
    batch = Batch()
    effects = RowEffects(None, SystemClock().now(), "$cause", batch)  # type: ignore[arg-type]
    effects.send(UserId("@anna:example.org"), say("Here", attachment=attached))
    assert batch.outgoing[-1]["content"]["filename"] == batch.outgoing[-1]["content"]["body"] == "a gpj.exe"


@given(NASTY, st.integers(1, 40))
def test_shortened_text_fits(text: str, limit: int) -> None:
    assert len(reply.shorten(text, limit)) <= limit


def test_html_is_unescaped_once() -> None:
    assert unescape(say("&lt;b&gt;").html) == "&lt;b&gt;"
    assert isinstance(reply.bold("x"), Span)
