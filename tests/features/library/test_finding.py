"""Who finds what, where; and that nobody else can tell that it exists."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from copp_bot.demo.homeserver import LocalHomeserver
from tests.fakes.person import FakeWorld
from tests.features.library.library_house import first_answer, peopled, shelve
from tests.house import House
from tests.rigs.person import SynapseWorld
from tests.world import World

STRANGERS = (
    ("silvio", "direct"),
    ("noor", "direct"),
    ("noor", "reception"),
    ("goran", "direct"),
    ("ioana", "direct"),
    ("ioana", "archive/home"),
    ("zofia", "archive/home"),
    ("lucia", "coffee-shop"),
    ("matteo", "direct"),
)
"""People and places that must not see what belongs to the group: also a member of it, where others read along."""


@pytest.mark.asyncio(loop_scope="module")
async def test_found_by_a_word_inside_where_its_readers_are(library: House) -> None:
    """From the group's rooms, and from the direct chat of everyone in the group."""
    number = await shelve(library, "lucia", "rhythm/library", "Start with a slow marimba pattern.", "Warming up")
    for name, place in (
        ("lucia", "rhythm/library"),
        ("joao", "rhythm/home"),
        ("aino", "direct"),
        ("zofia", "direct"),
        ("joao", "direct"),
    ):
        answer = await library.ask(library.people[name], place, "!library search patterns marimba")
        assert number in answer and "1 found for “patterns marimba”" in answer, (name, place)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(("name", "place"), STRANGERS)
async def test_denied_reads_like_what_does_not_exist(library: House, name: str, place: str) -> None:
    """Word for word, for every command that takes an id, a word or a tag."""
    if "balafon" not in await library.ask(library.people["aino"], "direct", "!library tags"):
        await shelve(library, "lucia", "rhythm/library", "The kalimba hums.", "Ocarina evenings #balafon")
    near = await library.ask(library.people["aino"], "direct", "!library list #balafin")
    assert near == "Nothing #balafin is on the shelf here. Did you mean #balafon?"
    assert "balafon" not in await library.ask(library.people["noor"], "direct", "!library list #balafin")
    listed = await library.ask(library.people["aino"], "direct", "!library list #balafon")
    number = listed.partition("(")[2].partition(")")[0]
    pairs = (("kalimba", "qqkalimb"), ("ocarina", "qqocarin"), ("#balafon", "#qqbalafo"), (number, "L999999999"))
    asked = (
        "!library search kalimba",
        "!library search ocarina evenings",
        "!library search ocarinas",
        "!library search evening #balafon",
        "!library list #balafon",
        f"!library show {number}",
        f"!library get {number}",
        f"!library withdraw {number}",
        f"!library audience {number} community",
        f"!library audience {number} public yes",
        f"!library audience {number} group group:rhythm",
    )
    person = library.people[name]
    for question in asked:
        absent = question
        for there, not_there in pairs:
            absent = absent.replace(there, not_there)
        expected = await first_answer(library, person, place, absent)
        for there, not_there in pairs:
            expected = expected.replace(not_there, there)
        assert await first_answer(library, person, place, question) == expected


@pytest.mark.asyncio(loop_scope="module")
async def test_counts_order_tags_and_suggestions_do_not_tell(library: House) -> None:
    """What goran sees is the same before and after the group shelves things about the same."""
    goran = library.people["goran"]
    for title in ("Djembe one #djembe", "Djembe two #djembe"):
        await shelve(library, "goran", "library", f"All about {title}", title)
    asked = ("!library search djembe", "!library tags", "!library list", "!library search djembolo")
    before = [await library.ask(goran, "direct", question) for question in asked]
    assert "2 found for “djembe”" in before[0] and "#djembe 2" in before[1] and "words are there: djembe" in before[3]
    for title in ("Djembe three #djembe", "Djembolando #djembe", "Djembe djembe djembe"):
        await shelve(library, "lucia", "rhythm/library", f"All about {title}", title)
    assert [await library.ask(goran, "direct", question) for question in asked] == before
    assert "5 found for “djembe”" not in await library.ask(
        library.people["lucia"], "coffee-shop", "!library search djembe"
    )


@pytest.mark.asyncio(loop_scope="module")
async def test_titles_come_first_and_the_newest_of_them(library: House) -> None:
    """The order of a search."""
    inside = await shelve(library, "goran", "library", "A theremin once.", "Other things")
    older = await shelve(library, "goran", "library", "One.", "Theremin, older")
    newer = await shelve(library, "goran", "library", "Two.", "Theremin, newer")
    answer = await library.ask(library.people["ioana"], "direct", "!library search theremin")
    assert answer.index(newer) < answer.index(older) < answer.index(inside)


@pytest.mark.asyncio(loop_scope="module")
async def test_accents_and_word_forms_do_not_matter(library: House) -> None:
    """French and English, typed as on a phone."""
    number = await shelve(library, "goran", "library", "Les élèves écoutent.", "Bœufs : écoute #théâtre lang:fr")
    for words in ("eleve ecoute", "ÉLÈVES boeuf", "theatre", "écouter lang:fr", "bœuf #theatre"):
        assert number in await library.ask(library.people["ioana"], "direct", f"!library search {words}"), words
    assert number not in await library.ask(library.people["ioana"], "direct", "!library search ecoute lang:en")


@pytest.fixture(params=["fake", pytest.param("synapse", marks=pytest.mark.synapse)])
def real(request: pytest.FixtureRequest) -> LocalHomeserver | None:
    """The real homeserver, or None for the fake."""
    return request.getfixturevalue("synapse") if request.param == "synapse" else None


@pytest.fixture
async def world(real: LocalHomeserver | None) -> AsyncIterator[World]:
    """A homeserver."""
    made: World = FakeWorld() if real is None else SynapseWorld(real)
    yield made
    await made.close()


async def test_kicked_from_the_space_finds_it_no_more(world: World, tmp_path: Path, database_url: str) -> None:
    """Neither by searching nor by the number that was known."""
    async with peopled(world, tmp_path, database_url) as house:
        joao = house.people["joao"]
        number = await shelve(house, "lucia", "rhythm/library", "The vibraphone rings.", "Mallets")
        assert number in await house.ask(joao, "direct", "!library search vibraphone")
        odile = await house.member("odile", roles=[("secretariat", "community")])
        granted = f"!role grant {house.people['zofia'].user_id} steward group:rhythm"
        assert "steward" in await house.ask(odile, "direct", granted)
        await house.people["zofia"].kick(house.rooms["rhythm"], joao.user_id)
        await house.settled()
        assert number not in await house.ask(joao, "direct", "!library search vibraphone")
        assert (await house.ask(joao, "direct", f"!library get {number}")).startswith(f"There is no {number}")
        assert number in await house.ask(house.people["zofia"], "direct", "!library search vibraphone")


@pytest.mark.asyncio(loop_scope="module")
async def test_what_the_filters_hide_is_told_with_a_way_out(library: House) -> None:
    """Never by a word that is denied in the same breath; and without filters as before."""
    lucia = library.people["lucia"]
    for title in ("Évaluer un récit", "Évaluer un dessin"):
        await shelve(
            library, "lucia", "rhythm/library", f"Une grille d'évaluation glockenspiel: {title}.", f"{title} lang:fr"
        )
    answer = await library.ask(lucia, "direct", "!library search évaluation glockenspiel lang:de #nothing")
    assert answer == (
        "Nothing here has “évaluation glockenspiel” together with #nothing lang:de. "
        "Leave #nothing lang:de out and there are 2."
    )
    answer = await library.ask(lucia, "direct", "!library search évalzz lang:de")
    assert answer == "Nothing here has “évalzz” in it. These words are there: évaluer."
    answer = await library.ask(library.people["goran"], "direct", "!library search évaluation glockenspiel lang:de")
    assert answer.startswith("Nothing here has all of “évaluation glockenspiel”.") and "out" not in answer


@pytest.mark.asyncio(loop_scope="module")
async def test_words_of_another_kind_are_not_offered(library: House) -> None:
    """A word that only a post has would find nothing in the library."""
    await library.ask(library.people["lucia"], "direct", "!blog new Hurdygurdyist\nturns")
    assert "hurdygurdyist" not in await library.ask(library.people["lucia"], "direct", "!library search hurdygurdy")


@pytest.mark.asyncio(loop_scope="module")
async def test_what_a_person_or_a_group_has_shared(library: House) -> None:
    """Search and list, and every further page; a group that may not be named is answered like one that is none."""
    lucia, goran = library.people["lucia"], library.people["goran"]
    numbers = [
        await shelve(library, "lucia", "rhythm/library", f"The sarangi {n}.", f"Sarangi {n} for all #bow")
        for n in range(6)
    ]
    other = await shelve(library, "goran", "library", "A sarangi of mine.", "Sarangi of goran #bow")
    await library.ask(lucia, "direct", f"!library audience {numbers[0]} community")
    for listing in ("!library search sarangi", "!library list #bow"):
        by_goran = await library.ask(lucia, "direct", f"{listing} by:@goran")
        assert other in by_goran and numbers[0] not in by_goran
        first = await library.ask(lucia, "rhythm/home", f"{listing} group:rhythm by:@lucia")
        assert "➡️" in first and other not in first
        room = library.rooms["rhythm/home"]
        found = next(raw for raw in reversed(await lucia.timeline(room)) if raw["content"].get("body", "") == first)
        await lucia.react(room, found["event_id"], "➡️")
        second = (await library.said(lucia, "rhythm/home"))[-1]
        assert numbers[0] in second and other not in second and "2. " not in second
        assert numbers[0] in await library.ask(goran, "direct", f"{listing} group:rhythm")
        for place in ("direct", "coffee-shop"):
            nowhere = await library.ask(goran, place, f"{listing} group:nowhere")
            assert numbers[0] not in nowhere
            assert nowhere == (await library.ask(goran, place, f"{listing} group:secret")).replace("secret", "nowhere")


@pytest.mark.asyncio(loop_scope="module")
async def test_words_in_quotes_stand_together_on_every_page(library: House) -> None:
    """In title or text; the command for the next page keeps the quotes."""
    lucia = library.people["lucia"]
    for number in range(6):
        await shelve(
            library, "lucia", "rhythm/library", f"Les enfants de la vielle {number}.", f"La ronde des vielleux {number}"
        )
    await shelve(library, "lucia", "rhythm/library", "La vielle des enfants: une ronde.", "Les vielleux")
    assert "1 found for" in await library.ask(lucia, "direct", "!library search “vielle des enfants”")
    assert "7 found for" in await library.ask(lucia, "direct", "!library search vielle des enfants")
    room = await library.direct(lucia)
    first = await library.ask(lucia, "direct", '!library search "ronde des vielleux"')
    assert first.startswith("6 found for")
    found = next(raw for raw in reversed(await lucia.timeline(room)) if raw["content"].get("body", "") == first)
    await lucia.react(room, found["event_id"], "➡️")
    second = (await library.said(lucia, "direct"))[-1]
    assert second.startswith("6 found for") and "1. La ronde des vielleux 0" in second and "2. " not in second
    again = await library.ask(lucia, "direct", '!library search "ronde des vielleux" page:9')
    assert again == 'There is nothing more. The first page: !library search "ronde des vielleux"'


@pytest.mark.asyncio(loop_scope="module")
async def test_what_does_not_fit_is_on_further_pages(library: House) -> None:
    """A reaction, a word or a number of the page brings the next ones; behind the last there is nothing."""
    lucia, room = library.people["lucia"], library.rooms["rhythm/home"]
    for number in range(7):
        await library.ask(
            lucia, "rhythm/library", f"!library add Psaltery {number} #zither http://127.0.0.1:9/z{number}"
        )
    for listing in ("!library search psaltery #zither", "!library list #zither"):
        first = await library.ask(lucia, "rhythm/home", listing)
        assert len(first.split("\n")) <= 8 and "➡️ more" in first and "Psaltery 6" in first and "Psaltery 1" not in first
        found = next(raw for raw in reversed(await lucia.timeline(room)) if raw["content"].get("body", "") == first)
        await lucia.react(room, found["event_id"], "➡️")
        second = (await library.said(lucia, "rhythm/home"))[-1]
        assert "Psaltery 1" in second and "Psaltery 0" in second and "Psaltery 2" not in second and "➡️" not in second
        assert "nothing more" in await library.ask(lucia, "rhythm/home", f"{listing} page:3")
    for page in ("0", "x", "²", "99999999999"):
        answer = await library.ask(lucia, "rhythm/home", f"!library list page:{page}")
        assert "Pages have numbers" in answer or "nothing more" in answer


@pytest.mark.asyncio(loop_scope="module")
async def test_newcomers_are_told_that_there_is_more(library: House) -> None:
    """The same words whether or not there is something, for them alone."""
    noor, goran = library.people["noor"], library.people["goran"]
    for asked in ("search zznothing", "search rhythm", "list", "tags"):
        told = "you see only what is public"
        assert told in await library.ask(noor, "direct", f"!library {asked}")
        assert told not in await library.ask(goran, "direct", f"!library {asked}")
    assert "Once you are in the community" in await library.ask(noor, "direct", "!me")
