"""The dialogs of the features' READMEs on the fake, and of each feature the one that does most on a real Synapse.

Whole communities are what a real homeserver is slowest at; dialogs in which people only ask and are answered, and
further ones of the same feature, showed nothing there that the fake did not.
"""

import itertools
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import copp_bot.features
from copp_bot.demo.homeserver import LocalHomeserver
from copp_bot.demo.people import community as demo_people
from tests.dialogs import Turn, acts, dialogs_of, play
from tests.fakes.person import FakeWorld
from tests.house import House, community
from tests.rigs.person import SynapseWorld
from tests.world import Person, World

FEATURES = sorted(path.parent for path in Path(copp_bot.features.__path__[0]).glob("*/README.md"))
DIALOGS = [
    (folder.name, number, dialog)
    for folder in FEATURES
    for number, dialog in enumerate(dialogs_of(folder / "README.md"), 1)
]


def _fullest() -> list[tuple[str, int, list[Turn]]]:
    """Of each feature the dialog with the most kinds of acts beside words, where there are any."""
    by_feature = itertools.groupby(DIALOGS, key=lambda one: one[0])
    fullest = (max(dialogs, key=lambda one: len(acts(one[2]))) for _feature, dialogs in by_feature)
    return [one for one in fullest if acts(one[2])]


def _cases() -> list[object]:
    fake = [pytest.param("fake", dialog, id=f"fake-{name}-{number}") for name, number, dialog in DIALOGS]
    real = [
        pytest.param("synapse", dialog, id=f"synapse-{name}-{number}", marks=pytest.mark.synapse)
        for name, number, dialog in _fullest()
    ]
    return [*fake, *real]


@pytest.fixture
def real(request: pytest.FixtureRequest, where: str) -> LocalHomeserver | None:
    """The real homeserver, or None for the fake."""
    return request.getfixturevalue("synapse") if where == "synapse" else None


@pytest.fixture
async def world(real: LocalHomeserver | None) -> AsyncIterator[World]:
    """A homeserver."""
    made: World = FakeWorld() if real is None else SynapseWorld(real)
    try:
        yield made
    finally:
        await made.close()


@pytest.mark.parametrize(("where", "dialog"), _cases())
async def test_dialog(dialog: list[Turn], world: World, tmp_path: Path, database_url: str) -> None:
    """What the README shows is what members get."""
    async with community(world, tmp_path, database_url=database_url) as house:
        await play(house, await cast(house, {turn.who for turn in dialog}), dialog)


async def cast(house: House, names: set[str]) -> dict[str, Person]:
    """The demonstration's people who speak, and those who are spoken of."""
    accounts = {account.localpart: account for account in demo_people().accounts}
    people = {}
    for name in sorted(names | {"lucia", "teodora"}):
        account = accounts[name]
        if account.role == "outsider":
            people[name] = await house.outsider(name)
        elif account.role == "newcomer":
            people[name] = await house.newcomer(name)
        else:
            roles = [(account.role, account.grant_scope)] if account.grant_scope else []
            people[name] = await house.enter(name, *account.groups, roles=roles)
    await house.settled()
    for person in people.values():
        for room in await person.invited():
            await person.join(room)
    await house.settled()
    return people
