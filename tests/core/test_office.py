"""Office documents: what is found in good ones, and that nothing more is read than may be."""

import random
import re

import pytest

from copp_bot.core import licences, media
from copp_bot.core.cage import archive, read_office
from tests import office
from tests.core import hostile

FRENCH = "Les élèves de la classe frappent le rythme dans les mains, et le groupe répond."


@pytest.mark.parametrize(
    ("suffix", "pages", "kind"),
    [
        ("docx", 3, "Word document"),
        ("pptx", 12, "PowerPoint presentation"),
        ("odt", 3, "OpenDocument text"),
        ("odp", 12, "OpenDocument presentation"),
    ],
)
async def test_an_office_document_is_read(suffix: str, pages: int, kind: str) -> None:
    """Title, words in their order, declared language, licence, pages or slides; nobody's name and no remarks."""
    texts = [f"{FRENCH} Partie n{number}." for number in range(12)]
    data = office.document(suffix, *texts, title="Le rythme", language="fr-CH", licence="CC BY-SA 4.0")
    found = await media.extract_bytes(data, "", f"a.{suffix}")
    assert (found.title, found.language, found.licence) == ("Le rythme", "fr", "CC-BY-SA-4.0")
    assert (found.pages, media.kind_name(found.media_type), found.note) == (pages, kind, None)
    assert re.findall(r"Partie n(\d+)", found.text) == [str(number) for number in range(12)]
    for unseen in ("Nobody Asked", "remark", "deleted"):
        assert unseen not in found.text
    assert ("A footnote" in found.text) == (suffix == "docx")


@pytest.mark.parametrize("suffix", office.SUFFIXES)
async def test_what_is_not_said_is_told_by_the_words_or_left_out(suffix: str) -> None:
    """The language by small words; a title that a program puts there is none."""
    found = await media.extract_bytes(office.document(suffix, FRENCH, title="Document1"), "", f"a.{suffix}")
    assert (found.title, found.language, found.licence) == ("", "fr", None)


async def test_words_are_read_up_to_a_limit() -> None:
    """A long one is kept with its beginning; one that unpacks to more than is read is not taken."""
    long = await media.extract_bytes(office.document("docx", *["word " * 50] * 5_000), "", "a.docx")
    assert 990_000 < len(long.text) <= 1_000_000 and "only its beginning" in (long.note or "")
    parts = office.parts("docx", FRENCH)
    parts["word/footnotes.xml"] = b"<f>" + b" " * archive.MOST_READ + b"</f>"
    with pytest.raises(media.Unreadable, match="more than I may unpack"):
        await media.extract_bytes(office.zipped(parts), "", "a.docx")


@pytest.mark.parametrize("suffix", office.SUFFIXES)
def test_whatever_the_bytes_are_it_has_a_name(suffix: str) -> None:
    """Turned, cut out and repeated at random, here where an exception would be seen; the same in every run."""
    dice = random.Random(suffix)
    wholes = [office.document(suffix, FRENCH), office.zipped(office.parts(suffix, FRENCH), compression=0)]
    for _number in range(500):
        made = bytearray(dice.choice(wholes))
        for _turn in range(dice.randrange(1, 12)):
            place, length = dice.randrange(len(made)), dice.randrange(1, 30)
            other = dice.choice([bytes([dice.randrange(256)]), b"", bytes(made[:length])])
            made[place : place + (1 if other else length)] = other
        found = read_office.read(bytes(made), "")
        assert found.get("problem", "") in {"", "broken", "too_much", "trap", "locked", "macros"}


@pytest.mark.parametrize("suffix", office.SUFFIXES)
async def test_the_name_must_fit_the_kind(suffix: str) -> None:
    """Documents are told apart once they are opened; an archive that holds none is an archive."""
    other = "odt" if suffix == "docx" else "docx"
    with pytest.raises(media.Unreadable, match=f"says .*, but inside it is of another kind: {_name(suffix)}"):
        await media.extract_bytes(office.document(suffix, FRENCH), "", f"a.{other}")
    with pytest.raises(media.Unreadable, match="but inside it is of another kind: ZIP archive"):
        await media.extract_bytes(office.zipped({"a.txt": FRENCH}), "", f"a.{suffix}")
    assert (await media.extract_bytes(office.document(suffix, FRENCH), "application/zip", "a")).text


def _name(suffix: str) -> str:
    names = {"docx": "Word document", "pptx": "PowerPoint presentation", "odt": "OpenDocument text"}
    return names.get(suffix, "OpenDocument presentation")


async def test_a_document_type_that_is_only_named_does_no_harm() -> None:
    """As OpenOffice wrote it before 2008; it is not fetched."""
    parts = office.parts("odt", FRENCH)
    named = '<!DOCTYPE manifest:manifest PUBLIC "-//OpenOffice.org//DTD Manifest 1.0//EN" "http://127.0.0.1:9/x.dtd">'
    parts["META-INF/manifest.xml"] = f"{named}{parts['META-INF/manifest.xml']!s}"
    assert FRENCH in (await media.extract_bytes(office.zipped(parts), "", "a.odt")).text


async def test_kinds_that_are_not_read_say_what_to_do() -> None:
    """An archive, and a file of the old Office."""
    found = await media.extract_bytes(office.zipped({"a.txt": FRENCH}), "", "a.zip")
    assert found.text == "" and "post the documents in it one by one" in (found.note or "")
    found = await media.extract_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "", "a.doc")
    assert found.text == "" and "save it as DOCX, PPTX or PDF" in (found.note or "")


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"<html><p>words <a rel='nofollow license' href='https://creativecommons.org/licenses/by-nc/4.0/'>", "a.html"),
        (
            hostile.pdf("words")
            + b"<x:xmpmeta><cc:license r='http://creativecommons.org/licenses/by-nc/4.0/'/></x:xmpmeta>",
            "a.pdf",
        ),
    ],
    ids=["page", "pdf"],
)
async def test_a_licence_is_taken_from_where_files_say_it(data: bytes, name: str) -> None:
    """A page's link and a PDF's metadata."""
    assert (await media.extract_bytes(data, "", name)).licence == "CC-BY-NC-4.0"


@pytest.mark.parametrize(
    ("said", "sure", "near"),
    [
        ("cc-by-4.0", "CC-BY-4.0", "CC-BY-4.0"),
        ("MIT", "MIT", "MIT"),
        ("CC BY 4.0", "CC-BY-4.0", "CC-BY-4.0"),
        ("cc-by", None, "CC-BY-4.0"),
        ("cc_by_sa", None, "CC-BY-SA-4.0"),
        ("CC0", "CC0-1.0", "CC0-1.0"),
        ("CC BY-SA-NC 3.0", "CC-BY-NC-SA-3.0", "CC-BY-NC-SA-3.0"),
        ("Creative Commons Attribution-ShareAlike 4.0 International", "CC-BY-SA-4.0", "CC-BY-SA-4.0"),
        ("https://creativecommons.org/licenses/by-nc-nd/3.0/de/", "CC-BY-NC-ND-3.0-DE", "CC-BY-NC-ND-3.0-DE"),
        ("https://creativecommons.org/licenses/by/4.0/deed.fr", "CC-BY-4.0", "CC-BY-4.0"),
        ("https://creativecommons.org/publicdomain/zero/1.0/", "CC0-1.0", "CC0-1.0"),
        ("CC BY-SA-ND 4.0", None, None),
        ("CC BY 9.9", None, "CC-BY-4.0"),
        ("all rights reserved", None, None),
        ("LicenseRef-mine", None, None),
        ("MIT OR GPL-2.0-only", None, None),
        ("", None, None),
        ("cc " * 30_000, None, "CC-BY-4.0"),
    ],
)
def test_licences_as_people_write_them(said: str, sure: str | None, near: str | None) -> None:
    """What a file says must leave no doubt; what a person types may be asked back."""
    assert (licences.recognised(said), licences.suggestion(said)) == (sure, near)
