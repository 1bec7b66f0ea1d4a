"""A community, and chromium beside it. Playwright is asked for only when a test needs it."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.fakes.person import FakeWorld
from tests.features.library.library_house import shelve
from tests.house import House, community


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here needs the browser."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """The community with somebody in every role and something on the shelves."""
    world = FakeWorld()
    async with community(world, tmp_path_factory.mktemp("browser")) as made:
        await made.member("zofia", "rhythm", "archive")
        await made.member("lucia", "rhythm")
        await made.member("odile", "rhythm", "archive", roles=(("secretariat", "community"),))
        await made.ask(made.people["lucia"], "direct", "!me interests drama, songs")
        await shelve(made, "lucia", "rhythm/library", "Clap the beat of a name.", "Clapping names #rhythm lang:en")
        yield made
    await world.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chromium(request: pytest.FixtureRequest) -> AsyncIterator[Any]:
    """The browser."""
    from playwright.async_api import async_playwright  # noqa: PLC0415 - other tests do without

    path = request.config.getoption("--browser")
    async with async_playwright() as playwright:
        # No sandbox: continuous integration runs as root, and the pages are our own.
        browser = await playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        await browser.close()
