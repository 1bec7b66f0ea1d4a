"""What the tests of features share."""

from collections.abc import Iterator

import pytest

from tests.features.small_house import SmallHouse, small_house


@pytest.fixture
def house(database_url: str) -> Iterator[SmallHouse]:
    """The declared community in a database of its own."""
    with small_house(database_url) as made:
        yield made
