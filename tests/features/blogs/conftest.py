"""One community for all tests of a module: each writes of things of its own."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.databases import Databases
from tests.fakes.person import FakeWorld
from tests.features.library.library_house import peopled
from tests.house import House


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def blogs(
    tmp_path_factory: pytest.TempPathFactory, databases: Databases, database_kind: str
) -> AsyncIterator[House]:
    """The peopled community on the fake."""
    world, folder = FakeWorld(), tmp_path_factory.mktemp("blogs")
    url = databases.make(database_kind, folder)
    async with peopled(world, folder, url) as house:
        yield house
    await world.close()
    databases.drop(url)
