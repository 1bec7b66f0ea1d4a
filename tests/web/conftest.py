"""What the tests of the pages share: one community per file and database, and a member of one's own in each test."""

from collections.abc import AsyncIterator
from itertools import count

import pytest
import pytest_asyncio

from tests.databases import Databases
from tests.fakes.person import FakeWorld
from tests.house import House, community
from tests.web.browser import Browser, browser
from tests.world import Person

_NUMBERS = count(1)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(
    databases: Databases, database_kind: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[House]:
    """The community on the fake homeserver."""
    world, folder = FakeWorld(), tmp_path_factory.mktemp("web")
    url = databases.make(database_kind, folder)
    async with community(world, folder, database_url=url) as made:
        yield made
    await world.close()
    databases.drop(url)


@pytest_asyncio.fixture(loop_scope="module")
async def page(house: House) -> AsyncIterator[Browser]:
    """A browser that nobody has used."""
    async with browser(house) as made:
        yield made


@pytest_asyncio.fixture(loop_scope="module")
async def zofia(house: House) -> Person:
    """A member whom no other test knows."""
    return await house.member(f"zofia{next(_NUMBERS)}", "rhythm")
