"""What a linked page says of itself, and links that lead nowhere; here the web is the test's own."""

import pytest

from copp_bot.core.fetch import NoSuchPage, NoSuchSite, Page, Unfetched
from copp_bot.features.library import tasks
from tests.features.library.library_house import dump, number_in
from tests.house import House

ROOM = "rhythm/library"


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> dict[str, Page | Unfetched]:
    """What stands at which address; nothing answers elsewhere."""
    pages: dict[str, Page | Unfetched] = {}

    async def fetch_page(address: str) -> Page:
        found = pages.get(address, Unfetched("nobody there"))
        if isinstance(found, Unfetched):
            raise found
        return found

    monkeypatch.setattr(tasks, "fetch_page", fetch_page)
    return pages


async def add(house: House, words: str) -> str:
    """Shelve a link; the answer as it stands in the end."""
    return await house.ask(house.people["lucia"], ROOM, f"!library add {words}")


@pytest.mark.asyncio(loop_scope="module")
async def test_a_page_gives_its_title_and_its_words(library: House, web: dict[str, Page | Unfetched]) -> None:
    web["https://drums.example/one"] = Page("https://drums.example/one", "On drums", "About them.", "A bodhrán.", "en")
    answer = await add(library, "https://drums.example/one")
    assert "“On drums”" in answer and "It is found by its words." in answer
    found = await library.ask(library.people["joao"], "direct", "!library search bodhran")
    assert number_in(answer) in found


@pytest.mark.asyncio(loop_scope="module")
async def test_a_title_that_was_given_stays(library: House, web: dict[str, Page | Unfetched]) -> None:
    web["https://drums.example/two"] = Page("https://drums.example/two", "Theirs", "", "Words.", "en")
    assert "“Mine”" in await add(library, "https://drums.example/two Mine")


@pytest.mark.asyncio(loop_scope="module")
async def test_a_page_that_cannot_be_read_is_found_by_its_title(
    library: House, web: dict[str, Page | Unfetched]
) -> None:
    answer = await add(library, "https://drums.example/three Congas")
    assert "“Congas”" in answer and "It is found by its title." in answer


@pytest.mark.asyncio(loop_scope="module")
async def test_a_page_that_is_not_there_is_doubted(library: House, web: dict[str, Page | Unfetched]) -> None:
    web["https://drums.example/typo"] = NoSuchPage("status 404")
    answer = await add(library, "https://drums.example/typo Bongos")
    doubt = "The site says that it has no such page: look at the address once more."
    assert "“Bongos”" in answer and doubt in answer
    assert doubt in await library.ask(library.people["joao"], "direct", f"!library show {number_in(answer)}")


@pytest.mark.asyncio(loop_scope="module")
async def test_a_site_that_is_not_there_is_doubted(library: House, web: dict[str, Page | Unfetched]) -> None:
    web["https://drmus.example/"] = NoSuchSite("unknown")
    assert "I find no site of that name: look at the" in await add(library, "https://drmus.example/ Cymbals")


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("address", ["https://exa mple.org/page", "http://intranet/page", "https://drums."])
async def test_an_address_that_is_cut_off_is_not_taken(library: House, address: str) -> None:
    assert "the name of a site has a dot in it. Perhaps a space" in await add(library, f"{address} Title")


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("address", ["http://192.0.2.1/a", "http://[2001:db8::1]/b", "https://a.example"])
async def test_whole_addresses_are_taken(library: House, web: dict[str, Page | Unfetched], address: str) -> None:
    assert "Shelved as" in await add(library, f"{address} Whole")


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("place", [ROOM, "direct"])
@pytest.mark.parametrize("words", ["Gongs #bronze lang:en", ""])
async def test_what_stands_below_is_found(
    library: House, web: dict[str, Page | Unfetched], place: str, words: str
) -> None:
    """Before the page is read and after it; also where it was asked first for whom it is."""
    word = f"zz{place[:3]}{words[:2]}".lower()
    address = f"https://gongs.example/{word}"
    web[address] = Page(address, "Their title", "", f"{word}page", "en")
    lucia = library.people["lucia"]
    answer = await library.ask(lucia, place, f"!library add {address} {words}\nTwo lines\nwith {word}line in them.")
    if place == "direct":
        answer = await library.ask(lucia, place, "1")
    for one in (f"{word}line", f"{word}page"):
        assert number_in(answer) in await library.ask(library.people["joao"], "direct", f"!library search {one}")


@pytest.mark.asyncio(loop_scope="module")
async def test_what_stands_below_a_caption_is_found(library: House) -> None:
    lucia, room = library.people["lucia"], library.rooms[ROOM]
    event = await lucia.post_file(room, "a.txt", b"Some text.", "text/plain", caption="!library add Zithers\nzzbelow")
    answer = await library.answer(lucia, room, event)
    assert number_in(answer) in await library.ask(library.people["joao"], "direct", "!library search zzbelow")


@pytest.mark.asyncio(loop_scope="module")
async def test_a_file_that_cannot_be_opened_is_told_in_the_direct_chat(library: House) -> None:
    """Without a caption, too."""
    lucia = library.people["lucia"]
    room = await library.direct(lucia)
    for content, reason in (({"file": {"url": "mxc://x/y"}}, "is encrypted"), ({}, "does not say where its file is")):
        event = await lucia.send(room, "m.room.message", {"msgtype": "m.file", "body": "a.pdf", **content})
        assert reason in await library.answer(lucia, room, event)


@pytest.mark.asyncio(loop_scope="module")
async def test_nothing_is_left_of_what_stood_below(library: House, web: dict[str, Page | Unfetched]) -> None:
    """Neither in the index, nor in the question for whom it is, nor in the task that read the page."""
    lucia = library.people["lucia"]
    await library.ask(lucia, "direct", "!library add https://gongs.example/left Zztitle\nzzbeneath words")
    number = number_in(await library.ask(lucia, "direct", "1"))
    assert "zzbeneath" in dump(library)
    await library.ask(lucia, "direct", f"!library withdraw {number}")
    await library.settled()
    left = dump(library)
    assert "zzbeneath" not in left and "zztitle" not in left
