"""Every contract test runs twice: on the fake, and on a real Synapse (marker ``synapse``)."""

from collections.abc import AsyncIterator

import pytest

from copp_bot.core.matrix.port import Homeserver
from copp_bot.demo.homeserver import LocalHomeserver
from tests.fakes.person import FakeWorld
from tests.rigs.person import SynapseWorld
from tests.world import Person, World


@pytest.fixture(params=["fake", pytest.param("synapse", marks=pytest.mark.synapse)])
def real(request: pytest.FixtureRequest) -> LocalHomeserver | None:
    """The real homeserver, or None for the fake."""
    return request.getfixturevalue("synapse") if request.param == "synapse" else None


@pytest.fixture
async def world(real: LocalHomeserver | None) -> AsyncIterator[World]:
    """A homeserver with nobody on it yet."""
    made: World = FakeWorld() if real is None else SynapseWorld(real)
    try:
        yield made
    finally:
        await made.close()


@pytest.fixture
async def bot(world: World) -> Homeserver:
    """The bot's side."""
    return await world.bot_homeserver()


@pytest.fixture
async def anna(world: World) -> Person:
    """A person."""
    return await world.person("anna")


@pytest.fixture
async def ben(world: World) -> Person:
    """Another person."""
    return await world.person("ben")
