"""The same bytes, the same page: noticed for those who may see it, and for nobody else."""

import pytest

from copp_bot.features.library.addresses import alike
from tests.features.library.library_house import PDF, number_in, shelve
from tests.house import House
from tests.samples import pdf

ROOM, FOR_ALL = "rhythm/library", "library"


async def post(house: House, name: str, place: str, text: str, caption: str = "!library add") -> str:
    """Post a PDF of this text; the answer."""
    person, room = house.people[name], house.rooms[place]
    event = await person.post_file(room, "copy.pdf", pdf(text), PDF, caption=caption)
    return await house.answer(person, room, event)


@pytest.mark.asyncio(loop_scope="module")
async def test_on_the_same_shelf_it_is_named(library: House) -> None:
    """By the number it has, with how to see it; nothing is shelved twice."""
    first = await shelve(library, "lucia", ROOM, "The celesta.", "Celesta")
    answer = await post(library, "joao", ROOM, "The celesta.")
    assert answer == f"That is on the shelf already, as {first}: “Celesta”.\nSee it: !library show {first}"
    listed = await library.ask(library.people["joao"], "direct", "!library search celesta")
    assert "1 found for “celesta”" in listed


@pytest.mark.asyncio(loop_scope="module")
async def test_on_another_shelf_it_is_offered_to_keep_one(library: House) -> None:
    """Where the other may be seen; in a room where it may not, nobody learns of it."""
    text = "The glockenspiel."
    first = await shelve(library, "zofia", ROOM, text, "Secret bells")
    answer = await post(library, "zofia", "archive/library", text)
    assert "Secret bells" not in answer and first not in answer and "Shelved as" in answer
    answer = await post(library, "goran", FOR_ALL, text)
    assert "Secret bells" not in answer and first not in answer and "Shelved as" in answer
    third = number_in(answer)
    answer = await post(library, "ioana", FOR_ALL, text)
    assert answer.startswith(f"That is on the shelf already, as {third}")
    text = "The celempung."
    for_all = await shelve(library, "goran", FOR_ALL, text, "Open bells")
    answer = await post(library, "lucia", ROOM, text)
    mine = number_in(answer)
    assert mine != for_all
    assert f"The same is also there as {for_all}: “Open bells”. If once is enough: !library withdraw {mine}" in answer


@pytest.mark.asyncio(loop_scope="module")
async def test_what_was_withdrawn_is_not_named(library: House) -> None:
    """It is shelved as if it had never been there."""
    first = await shelve(library, "lucia", ROOM, "The sarod.", "Sarod")
    await library.ask(library.people["lucia"], ROOM, f"!library withdraw {first}")
    answer = await post(library, "joao", ROOM, "The sarod.")
    assert "Shelved as" in answer and first not in answer


@pytest.mark.asyncio(loop_scope="module")
async def test_the_same_page_under_another_writing_of_its_address(library: House) -> None:
    """Without following anyone who came from a newsletter."""
    lucia, joao = library.people["lucia"], library.people["joao"]
    first = number_in(await library.ask(lucia, ROOM, "!library add Tuning http://127.0.0.1:9/tuning/?b=2&a=1"))
    answer = await library.ask(joao, ROOM, "!library add https://127.0.0.1:9/tuning?a=1&b=2&utm_source=letter#top")
    assert answer.startswith(f"That is on the shelf already, as {first}: “Tuning”.")
    answer = await library.ask(joao, ROOM, "!library add https://127.0.0.1:9/tuning?a=1&b=3")
    assert "Shelved as" in answer


@pytest.mark.parametrize(
    ("one", "other", "are_alike"),
    [
        ("http://example.org", "https://www.example.org/", True),
        ("https://Example.ORG:443/a/", "http://example.org:80/a", True),
        ("https://example.org/a?x=1&y=2", "https://example.org/a?y=2&fbclid=9&x=1", True),
        ("https://example.org/caf%C3%A9", "https://example.org/café", True),
        ("https://bücher.example/", "https://xn--bcher-kva.example", True),
        ("https://example.org/a#part", "https://example.org/a", True),
        ("https://example.org/#/a", "https://example.org/#/b", False),
        ("https://example.org/a", "https://example.org/A", False),
        ("https://example.org/a?x=1", "https://example.org/a?x=2", False),
        ("https://example.org/a?x=1", "https://example.org/a", False),
        ("https://example.org:8080/a", "https://example.org/a", False),
        ("https://en.example.org/a", "https://fr.example.org/a", False),
        ("https://example.org/a?x=1&x=2", "https://example.org/a?x=2&x=1", False),
        ("https://example.org/a?x=1%26y=2", "https://example.org/a?x=1&y=2", False),
    ],
)
def test_addresses_that_are_alike(one: str, other: str, are_alike: bool) -> None:
    """What leads to the same page, and what may not."""
    assert (alike(one) == alike(other)) == are_alike
