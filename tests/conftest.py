"""What all tests share: a free port, and one real homeserver and database server per run (per worker under xdist).

A test that asks for ``database_url`` (or a fixture that does) runs once on each of ``--databases``.
"""

import gc
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from hypothesis import settings

from copp_bot.demo.homeserver import LocalHomeserver
from tests.databases import KINDS, POSTGRESQL, Databases, Server

settings.register_profile("house", settings(), deadline=None, print_blob=True)
settings.load_profile("house")
"""A slow machine fails no example; one that fails is printed so that it can be tried again (``@reproduce_failure``)."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--databases=sqlite`` or ``--databases=postgresql`` chooses one."""
    parser.addoption("--databases", default=",".join(KINDS), help=f"databases to test on: {', '.join(KINDS)} (both)")
    parser.addoption("--browser", default="/usr/bin/chromium", help="chromium for the tests marked browser")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each database in turn for whatever needs one."""
    if "database_kind" in metafunc.fixturenames:
        chosen = [kind for kind in metafunc.config.getoption("--databases").split(",") if kind]
        if not chosen or set(chosen) - set(KINDS):
            raise pytest.UsageError(f"--databases takes {' and '.join(KINDS)}, separated by a comma")
        metafunc.parametrize("database_kind", chosen, scope="session")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where ``needs_both`` says so, the first chosen database is enough; likewise the fake for ``one_homeserver``."""
    first = config.getoption("--databases").split(",")[0]
    kept, left_out = list[pytest.Item](), list[pytest.Item]()
    for item in items:
        kind = item.callspec.params.get("database_kind", first) if hasattr(item, "callspec") else first
        is_wanted = (kind == first or needs_both(item)) and not _is_seen_elsewhere(item)
        (kept if is_wanted else left_out).append(item)
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = kept


def needs_both(item: pytest.Item) -> bool:
    """Not with a real homeserver, unless marked ``every_database``; nor where a test is marked ``one_database``."""
    if item.get_closest_marker("every_database") is not None:
        return True
    return item.get_closest_marker("synapse") is None and item.get_closest_marker("one_database") is None


def pytest_collection_finish() -> None:
    """What was collected stays to the end: the garbage collector need not go through it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000)


def _is_seen_elsewhere(item: pytest.Item) -> bool:
    return all(item.get_closest_marker(name) is not None for name in ("synapse", "one_homeserver"))


@pytest.fixture(scope="session")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    """Where databases come from."""
    made = Databases(tmp_path_factory.mktemp("databases"))
    yield made
    made.close()


@pytest.fixture
def postgresql(request: pytest.FixtureRequest, databases: Databases) -> Server:
    """The PostgreSQL server, where it was chosen."""
    if POSTGRESQL not in request.config.getoption("--databases"):
        pytest.skip("PostgreSQL was not chosen")
    return databases.server()


@pytest.fixture
def database_url(databases: Databases, database_kind: str, tmp_path: Path) -> Iterator[str]:
    """A database at the newest schema, of the kind in turn."""
    url = databases.make(database_kind, tmp_path)
    yield url
    databases.drop(url)


@pytest.fixture
def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def synapse(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LocalHomeserver]:
    """A real Synapse with generous rate limits; tests keep apart by accounts of their own."""
    homeserver = await LocalHomeserver.start(
        tmp_path_factory.mktemp("synapse"), server_name="test.localhost", test=True
    )
    try:
        yield homeserver
    finally:
        await homeserver.stop()
