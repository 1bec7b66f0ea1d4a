"""The library of the demonstration: real texts, real bytes, the same at every start."""

import hashlib
import re
import subprocess
import sys
from collections import Counter
from html import unescape
from pathlib import Path

import pypdfium2
import pytest

from copp_bot.demo.documents import Block, Document, blocks, render_pdf, render_text
from copp_bot.demo.resources import CONTENT, MEDIA_TYPES, DemoResource, resources

FILES = [resource for resource in resources() if resource.url is None]
ROOT = Path(__file__).parents[2]
HASHES = """
import hashlib
from copp_bot.demo.resources import resources
print(hashlib.sha256(b"".join(r.data() for r in resources() if r.url is None)).hexdigest())
"""


def pdf_text(data: bytes) -> str:
    """All text of a PDF, in one line."""
    pages = pypdfium2.PdfDocument(data)
    return " ".join(" ".join(page.get_textpage().get_text_range() for page in pages).split())


def test_forty_resources_on_three_shelves() -> None:
    assert Counter(r.shelf for r in resources()) == {"community": 16, "rhythm": 12, "archive": 12}
    assert len({r.slug for r in resources()}) == len({r.title for r in resources()}) == 40


@pytest.mark.parametrize("shelf", ["community", "rhythm", "archive"])
def test_every_shelf_has_every_form_and_both_languages(shelf: str) -> None:
    on_shelf = [r for r in resources() if r.shelf == shelf]
    assert {r.form for r in on_shelf} == {*MEDIA_TYPES, "link"}
    assert min(Counter(r.language for r in on_shelf).values()) >= 5


@pytest.mark.parametrize("resource", FILES, ids=lambda r: r.slug)
def test_a_text_is_a_text(resource: DemoResource) -> None:
    assert 150 <= len(resource.text.split()) <= 500
    assert "lorem" not in resource.text.lower()
    assert 1 <= len(resource.tags) <= 4


def test_titles_survive_the_grammar_of_commands() -> None:
    for resource in resources():
        assert not re.search(r'[:#"|<>]', resource.title), resource.title


def test_no_address_pretends_to_be_real() -> None:
    for path in CONTENT.rglob("*.*"):
        for address in re.findall(r"(?:https?://|www\.)\S+", path.read_text(encoding="utf-8")):
            assert address.startswith("https://demonstration.example/"), path


def test_the_bytes_are_the_same_in_another_process() -> None:
    here = hashlib.sha256(b"".join(r.data() for r in FILES)).hexdigest()
    there = subprocess.run([sys.executable, "-c", HASHES], cwd=ROOT, capture_output=True, text=True, check=True)
    assert there.stdout.strip() == here


@pytest.mark.parametrize("resource", [r for r in FILES if r.form == "pdf"], ids=lambda r: r.slug)
def test_the_words_of_a_pdf_can_be_found(resource: DemoResource) -> None:
    text = pdf_text(resource.data())
    assert resource.title in text
    wanted = {block.text.split()[0] for block in blocks(resource.text)}
    assert all(word in text for word in wanted)
    assert ("démonstration" if resource.language == "fr" else "Demonstration") in text


@pytest.mark.parametrize("form", ["html", "md", "txt"])
def test_text_forms_say_what_they_are(form: str) -> None:
    for resource in (r for r in FILES if r.form == form):
        text = unescape(resource.data().decode())
        assert resource.title in text
        assert "emonstration" in text or "émonstration" in text


def test_a_pdf_keeps_french_letters_and_simplifies_those_it_lacks() -> None:
    text = pdf_text(render_pdf(Document("Le cœur", "Rūta Linagirė", "fr", "L’« œuvre » – été … 5 €")))
    assert "L’« œuvre » – été … 5 €" in text
    assert "Ruta Linagire" in text


def test_blocks_of_a_text() -> None:
    text = "## Head\n\nOne *two*\nthree.\n\n1. first\n2. second\n\n- loose"
    assert list(blocks(text)) == [
        Block("Head", 2),
        Block("One two three."),
        Block("first", 0, "1. "),
        Block("second", 0, "2. "),
        Block("loose", 0, "- "),
    ]


def test_plain_text_underlines_its_title() -> None:
    assert render_text(Document("Abc", "A", "en", "One.")).decode().startswith("Abc\n===\n\nA\n\nOne.\n")
