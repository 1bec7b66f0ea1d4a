"""The house with everybody in it, settled once."""

from collections.abc import Iterator

import pytest

from tests.databases import Databases
from tests.features.small_house import SmallHouse, small_house
from tests.permitted import who


@pytest.fixture(scope="session")
def settled(databases: Databases, database_kind: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallHouse]:
    """Everybody in their position; a test that changes something takes it back."""
    url = databases.make(database_kind, tmp_path_factory.mktemp("permitted"))
    with small_house(url) as house:
        who.settle(house)
        yield house
        house.session.rollback()
    databases.drop(url)
