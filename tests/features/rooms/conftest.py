"""A community with the bot running, on the fake and on a real Synapse."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from copp_bot.demo.homeserver import LocalHomeserver
from tests.fakes.person import FakeWorld
from tests.house import House, community
from tests.rigs.person import SynapseWorld
from tests.world import World


@pytest.fixture(params=["fake", pytest.param("synapse", marks=pytest.mark.synapse)])
def real(request: pytest.FixtureRequest) -> LocalHomeserver | None:
    """The real homeserver, or None for the fake."""
    return request.getfixturevalue("synapse") if request.param == "synapse" else None


@pytest.fixture
async def house(real: LocalHomeserver | None, tmp_path: Path, database_url: str) -> AsyncIterator[House]:
    """The community with the bot running."""
    world: World = FakeWorld() if real is None else SynapseWorld(real)
    try:
        async with community(world, tmp_path, database_url=database_url) as made:
            yield made
    finally:
        await world.close()
