"""A sample of the matrix through the bot at work: what the worker asks is what the table says.

The rule it keeps: people type in rooms and read what comes; a refusal is known by its words.
"""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.fakes.person import FakeWorld
from tests.house import House, community, shown
from tests.leaks.people import DEACTIVATED, ENTERED, EX_MEMBER, NEWCOMER, PLACES
from tests.leaks.test_matrix import gone, peopled
from tests.permitted import table
from tests.permitted.table import Someone
from tests.permitted.who import scope_of

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.one_database]
TYPED = {
    "help": "!help library",
    "me": "!me",
    "groups": "!groups",
    "group leave": "!group leave nowhere",
    "library tags": "!library tags",
    "library withdraw": "!library withdraw L999999999",
    "role list": "!role list",
    "group members": "!group members nowhere",
    "cases": "!cases",
    "roster": "!roster",
    "team": "!team",
    "role grant": "!role grant @copp:example.org steward",
    "audit": "!audit",
    "group close": "!group close nowhere",
}
"""One or two of each line of the table; none of them changes anything."""
REFUSED = "That is for "
ASKED = [(name, place) for name, places in PLACES.items() for place in places[:2]]
"""In the direct chat, and in one room."""
Answers = dict[tuple[str, str, str], str]


def position(name: str) -> Someone:
    """Where they stand, in the words of the table."""
    for entered, groups, roles in ENTERED:
        if entered == name and name not in (EX_MEMBER, DEACTIVATED):
            held = tuple((role, scope.removeprefix("group:")) for role, scope in roles)
            return Someone(name, table.MEMBER, frozenset(groups), held)
    is_in_reception = name in (NEWCOMER, EX_MEMBER)  # the latter has left the community and not this room
    return Someone(name, table.NEWCOMER if is_in_reception else table.OUTSIDER)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def answers(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Answers]:
    """Everybody has typed everything everywhere: the answer by person, place and command."""
    world = FakeWorld()
    async with community(world, tmp_path_factory.mktemp("permitted")) as house:
        await peopled(house)
        await gone(house)
        yield await _everything_typed(house)
    await world.close()


async def _everything_typed(house: House) -> Answers:
    events: dict[str, tuple[str, str, str]] = {}
    for name, place in ASKED:
        for command, text in TYPED.items():
            room = await house.room(house.people[name], place)
            events[await house.people[name].say(room, text)] = (name, place, command)
    await house.settled()
    found: Answers = {}
    for name, place in ASKED:
        for seen in {place, "direct"}:
            room = await house.room(house.people[name], seen)
            said = shown(await house.people[name].timeline(room), house.bot)
            found |= {events[to]: text for to, text in said if to in events}
    return found


@pytest.mark.parametrize(("name", "place"), ASKED)
async def test_what_is_refused(answers: Answers, name: str, place: str) -> None:
    for command in TYPED:
        answer = answers[name, place, command]
        expected = table.may_type(position(name), command, scope_of(place))
        assert answer.startswith(REFUSED) != expected, (command, answer)


async def test_the_table_has_both_answers(answers: Answers) -> None:
    refused = [answer.startswith(REFUSED) for answer in answers.values()]
    assert len(refused) == len(ASKED) * len(TYPED)
    assert 0.2 < sum(refused) / len(refused) < 0.8
