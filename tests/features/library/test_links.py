"""What a linked page says of itself, and links that lead nowhere; here the web is the test's own."""

import pytest

from copp_bot.core.fetch import NoSuchPage, Page, Unfetched
from copp_bot.features.library import tasks
from tests.features.library.library_house import number_in
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
@pytest.mark.parametrize("address", ["https://exa mple.org/page", "http://intranet/page", "https://drums."])
async def test_an_address_that_is_cut_off_is_not_taken(library: House, address: str) -> None:
    assert "seems to be cut off" in await add(library, f"{address} Title")


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("address", ["http://192.0.2.1/a", "http://[2001:db8::1]/b", "https://a.example"])
async def test_whole_addresses_are_taken(library: House, web: dict[str, Page | Unfetched], address: str) -> None:
    assert "Shelved as" in await add(library, f"{address} Whole")
