"""Foreign files: what is found in good ones, and what is said of bad ones."""

import asyncio
import json
import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from copp_bot.core import media
from copp_bot.core.cage.sniff import sniff
from tests.core import hostile
from tests.core.hostile import children

ENGLISH = "Clapping games: start with a steady pulse, and let each of the pupils clap what they have heard in the song."
FRENCH = "L'école est un lieu où l'on apprend ; le rythme des élèves n'est pas le même pour tous, dans la classe."
LOCKED, DAMAGED, LONG, MUCH, DIED = "locked with a password", "damaged", "too long", "more than I may", "read safely"
NO_WORDS = "found by its title and tags only"


async def extract(data: bytes, name: str, claimed: str = "") -> media.Extract:
    """Read in the cage; afterwards nothing runs that did not run before."""
    before = set(children())
    try:
        return await media.extract_bytes(data, claimed, name)
    finally:
        assert set(children()) <= before


async def refusal(data: bytes, name: str, claimed: str = "") -> str:
    """What is said of a file that is not taken."""
    with pytest.raises(media.Unreadable) as caught:
        await extract(data, name, claimed)
    return caught.value.sentence


@pytest.mark.parametrize(
    ("data", "name", "title", "words", "language"),
    [
        (hostile.pdf(ENGLISH, title="Clapping games"), "a.pdf", "Clapping games", "steady pulse", "en"),
        (hostile.pdf(FRENCH, title="Document1"), "a.pdf", "", "rythme des élèves", "fr"),
        (f"# The *first* one\n\n{ENGLISH}\n\n`code` ![picture](x.png)".encode(), "a.md", "The first one", "code", "en"),
        (FRENCH.encode(), "a.txt", "", "rythme des élèves", "fr"),
        (FRENCH.encode("cp1252"), "a.txt", "", "rythme des élèves", "fr"),
        (FRENCH.encode("utf-8-sig"), "a.txt", "", "L'école", "fr"),
        (FRENCH.encode("utf-8-sig") + b"\xff", "a.txt", "", "rythme des élèves", "fr"),
        (FRENCH.encode("utf-16"), "a.txt", "", "rythme des élèves", "fr"),
        (b"\xfe\xff" + FRENCH.encode("utf-16-be"), "a.md", "", "rythme des élèves", "fr"),
        (FRENCH.encode("utf-32"), "a.txt", "", "rythme des élèves", "fr"),
        (f"<html lang=fr-CH><title>Été</title><p>{FRENCH}".encode("utf-16"), "a.html", "Été", "élèves", "fr"),
        ("<html><meta charset=iso-8859-2><p>Współpraca wśród".encode("iso-8859-2"), "a.html", "", "wśród", None),
        (b"<html><meta charset=iso-8859-12><p>caf\xe9", "a.html", "", "café", None),
        (b"<html><meta charset=utf-16><p>caf\xe9", "a.html", "", "café", None),
        (b"<html><meta charset=rot13><p>caf\xe9", "a.html", "", "café", None),
        (b"<html><h1>One <b>big</b> title</h1><p>re<b>search</b>ers", "a.htm", "One big title", "researchers", None),
        (b"MZ is how programs begin, %PDF-1.7 is how PDF does", "a.txt", "", "programs", "en"),
        (b"# Formats\n\n```\n%PDF-1.7\n```\n", "a.md", "Formats", "%PDF-1.7", None),
    ],
)  # fmt: skip
async def test_a_good_file_is_read(data: bytes, name: str, title: str, words: str, language: str | None) -> None:
    """Title, words and language, in every encoding that is met."""
    found = await extract(data, name)
    assert (found.title, found.language) == (title, language)
    assert words in found.text
    assert found.is_readable


async def test_a_charset_from_outside_is_believed_when_the_bytes_do_not_say() -> None:
    """A web server's ``charset``; a wrong one does no harm to UTF-8, an unknown one none at all."""
    polish = "<p>Współpraca wśród nauczycieli"
    assert "wśród" in (await extract(polish.encode("iso-8859-2"), "", "text/html; charset=ISO-8859-2")).text
    assert "wśród" in (await extract(polish.encode(), "", "text/html; charset=iso-8859-1")).text
    assert "caf" in (await extract(b"<p>caf\xe9", "", "text/html; charset=../../etc/passwd")).text


async def test_what_a_reader_does_not_see_is_left_out() -> None:
    """Scripts, styles, comments, hidden parts (also inside each other); blocks stand on lines of their own."""
    unseen = (
        "<script>u1</script><style>u2</style><noscript>u3<iframe>u4</iframe></noscript><!-- u5 --><p hidden>u6</p>"
        "<div aria-hidden=true>u7<div hidden><svg><style>u8</style></svg></div></div><template>u9</template>"
        "<p STYLE='color:red; Display : none'>u10</p><p style='visibility:  hidden'>u11</p>"
    )
    found = await extract(f"<html><body>{unseen}<p>seen<p>also<table><tr><td>a<td>b".encode(), "a.html")
    assert found.text.split() == ["seen", "also", "a", "b"]


@pytest.mark.parametrize(
    ("data", "name", "said"),
    [
        (b"", "a.pdf", "empty"),
        (hostile.pdf(ENGLISH, password="secret"), "a.pdf", LOCKED),
        (hostile.pdf(ENGLISH)[:100], "a.pdf", DAMAGED),
        (hostile.pdf(ENGLISH)[:500], "a.pdf", DAMAGED),
        (hostile.page_tree(20, 10), "a.pdf", DAMAGED),
        (hostile.page_tree(5000, 2), "a.pdf", DAMAGED),
        (partial(hostile.deflate_bomb, 1500), "a.pdf", DIED),
        (partial(hostile.png_bomb, 13_000), "a.pdf", "inside it is of another kind: PNG picture"),
        (b"MZ\x90\0" + bytes(500), "a.pdf", "inside it is of another kind: program"),
        (b"MZ" + b"A" * 500, "a.pdf", "inside it is of another kind: text"),
        (hostile.pdf(ENGLISH), "a.html", "inside it is of another kind: PDF"),
        (hostile.png_bomb(9)[:60] + b"\n" + hostile.pdf(ENGLISH), "a.png", "inside it is of another kind: PDF"),
        (b"PK\x03\x04" + bytes(100), "a.zip", DAMAGED),
        (b"PK\x03\x04" + bytes(100), "a.docx", DAMAGED),
        (b"some text\0with nul", "a.txt", "something else"),
        (lambda: b"%PDF-1.7\n" + bytes(100_000_000), "a.pdf", MUCH),
        (b"<p><b><i>x" * 300_000, "a.html", MUCH),
    ],
    ids=lambda value: f"{value[:12]!r}" if isinstance(value, bytes) else None,
)
async def test_a_bad_file_gets_a_sentence(data: bytes | Callable[[], bytes], name: str, said: str) -> None:
    """In seconds, and with the next step. What takes long to make is made when it is its turn."""
    made = data if isinstance(data, bytes) else data()
    begun = time.monotonic()
    sentence = await refusal(made, name)
    assert said in sentence and "ost " in sentence, sentence
    assert time.monotonic() - begun < 8


@pytest.mark.parametrize(
    ("data", "name", "pages"),
    [
        (hostile.many_pages(100_000), "a.pdf", 100_000),
        (hostile.lying_page_count(), "a.pdf", 1),
        (hostile.looping_page_tree(), "a.pdf", 5),
        (hostile.page_tree(900, 1), "a.pdf", 1),
        (hostile.deflate_bomb(20), "a.pdf", 1),
        (hostile.png_bomb(2_000), "a.png", None),
        (b"<a><table>" * 50_000, "a.html", None),
        (b">" * 300_000, "a.md", None),
    ],
    ids=lambda value: f"{value[:8]!r}{len(value)}" if isinstance(value, bytes) else str(value),
)
async def test_a_strange_file_is_kept_without_words(data: bytes, name: str, pages: int | None) -> None:
    """What can be opened and has no text is found by its title."""
    found = await extract(data, name)
    assert (found.text, found.pages) == ("", pages)
    assert NO_WORDS in (found.note or "")


async def test_a_large_file_is_read_from_its_beginning() -> None:
    """60 MB of text, and a PDF with 60 MB behind its end."""
    text = await extract(b"word " * 12_000_000, "a.txt")
    assert len(text.text) <= 1_000_000 and "beginning" in (text.note or "")
    assert "steady pulse" in (await extract(hostile.pdf(ENGLISH) + b"\n%" + bytes(60_000_000), "a.pdf")).text


async def test_endless_nesting_is_stopped_by_the_clock(tmp_path: Path) -> None:
    """A million open tags would take minutes; the wall clock is kept, and the sentence says what to do."""
    path = tmp_path / "deep"
    path.write_bytes(b"<div>" * 2_000_000)
    begun = time.monotonic()
    with pytest.raises(media.Unreadable, match=LONG):
        await media.extract(path, "text/html", "a.html", wall_clock=1.5)
    assert time.monotonic() - begun < 4
    assert not children()


async def test_only_files_are_opened(tmp_path: Path) -> None:
    """A link is not followed, and a pipe does not keep us waiting."""
    (tmp_path / "link").symlink_to("/etc/hostname")
    os.mkfifo(tmp_path / "pipe")
    for name in ("link", "pipe", "."):
        with pytest.raises(OSError):
            await asyncio.wait_for(media.extract(tmp_path / name, "", ""), 5)


@pytest.mark.parametrize(
    "answer",
    [
        {"media_type": "text/html\r\nX: y", "text": ["a"] * 9, "pages": 2**70, "language": "../x", "title": {"a": 1}},
        {"media_type": 7, "text": "a\0b\ud800" * 2_000_000, "pages": True, "title": "x" * 9_000, "description": None},
        {"media_type": "a/b", "text": None, "pages": -1, "language": ["en"], "title": "line\nbreak\u202e"},
    ],
)
def test_answers_are_held_to_their_bounds(answer: dict[str, object]) -> None:
    """The process may have been taken over: what it says is put into shape or dropped."""
    found = media._as_extract(json.loads(json.dumps(answer)))
    assert found.media_type in (media.UNKNOWN, "a/b")
    assert len(found.text) <= 1_000_000 and len(found.title) <= 200 and found.pages is None
    assert "\0" not in found.text and not {"\n", "\u202e"} & set(found.title)
    (found.text + found.title).encode()


@pytest.mark.parametrize(
    ("head", "expected", "true"),
    [
        (b"junk\n%PDF-1.4", "application/pdf", "application/pdf"),
        (b"\xef\xbb\xbf\n%PDF-1.4", "text/plain", "application/pdf"),
        (b"junk\n%PDF-1.4", "text/plain", "text/plain"),
        (b"GIF89a is a format", "text/markdown", "text/markdown"),
        (b"GIF89a\x01\0\x01\0", "text/markdown", "image/gif"),
        (b"{\\rtf1 text}", "text/plain", "application/rtf"),
        (b"<svg onload=x>", "text/html", "image/svg+xml"),
        (b"<p>fragment", "text/html", "text/html"),
        (b"<p>fragment", "image/png", "text/plain"),
        (b"\x7fELF\x02\x01\x01\0", "text/plain", "application/x-executable"),
        (b"\0\x01\x02", "text/plain", "application/octet-stream"),
        (b"", "text/html", "text/html"),
    ],
)
def test_bytes_tell_what_they_are(head: bytes, expected: str, true: str) -> None:
    """A text may begin like something else without being it."""
    assert sniff(head, expected) == true
