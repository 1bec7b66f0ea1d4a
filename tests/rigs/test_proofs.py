"""The proofs in small, against a real Synapse; in full by ``make prove``."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
import pytest_asyncio

from copp_bot.demo.homeserver import LocalHomeserver
from tests.rigs.driver import HttpPerson
from tests.rigs.proofs import away, burst, drop, kill, out, outage, restored
from tests.rigs.proofs.cases import inhabited
from tests.rigs.proxy import Kind
from tests.rigs.stage import Stage, stage

pytestmark = [pytest.mark.synapse, pytest.mark.asyncio(loop_scope="session")]
ROOMS = 3
Inhabited = tuple[Stage, Sequence[HttpPerson]]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def community(synapse: LocalHomeserver, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Inhabited]:
    """One community for all proofs of this file; each starts and ends the bot itself."""
    async with inhabited(synapse, tmp_path_factory.mktemp("rig") / "bot", ROOMS) as made:
        yield made


async def test_a_burst_is_answered_once_and_in_order(community: Inhabited) -> None:
    verdict, _took = await burst.prove_burst(*community, 60)
    assert verdict.is_clean, verdict


async def test_killed_in_a_burst_everything_is_answered_once(community: Inhabited) -> None:
    verdict = await burst.prove_burst_kill(*community, 45)
    assert verdict.is_clean, verdict


async def test_killed_at_every_fail_point_nothing_is_lost_or_doubled(community: Inhabited) -> None:
    made, people = community
    killed = await kill.prove_points(made, people, 1)
    verdict, wrong = await kill.verdict(made, killed)
    assert set(killed.at) == set(kill.RUNNING)
    assert verdict.is_clean and not wrong, (str(verdict), wrong)


async def test_killed_at_random_moments_nothing_is_lost_or_doubled(community: Inhabited) -> None:
    made, people = community
    killed = await kill.prove_random(made, people, 40)
    verdict, wrong = await kill.verdict(made, killed)
    assert verdict.is_clean and not wrong, (str(verdict), wrong)


async def test_off_while_the_community_went_on(community: Inhabited) -> None:
    made, people = community
    seen = await away.prove_away(made, people, 60, ROOMS, 6, deadline=240.0)  # a busy machine; the claim is a minute
    assert seen.holds, seen


async def test_dropped_responses_double_nothing(community: Inhabited) -> None:
    verdict, dropped = await drop.prove_drop(*community, 30)
    assert dropped and verdict.is_clean, verdict


async def test_bad_weather(community: Inhabited) -> None:
    verdict, done = await drop.prove_weather(*community, 30)
    assert verdict.is_clean, (verdict, done)
    assert done[Kind.LIMITED] and done[Kind.DUPLICATE] and done[Kind.DROP_RESPONSE]


async def test_who_goes_out_has_access_on_no_surface(community: Inhabited) -> None:
    made, _people = community
    seen = await out.prove_out(made, 2 * out.AT_ONCE)
    assert not seen.wrong and set(seen.tries) == {f"{way}, {how}" for way in out.WAYS for how in ("up", "down")}, seen


async def test_the_homeserver_is_away(community: Inhabited) -> None:
    errors = (Kind.TOO_MANY, Kind.UNKNOWN_TOKEN)
    seen = await outage.prove_outage(*community, 100, 100, errors, recovery=4.0)
    assert seen.verdict.is_clean, seen.verdict
    assert max(seen.most_syncs.values()) <= outage.MOST_SYNCS and not seen.unserved, seen
    assert all(seen.readiness[name] == 503 for name in ("away", "429")), seen
    assert seen.ends, "the unknown token did not end the process"


async def test_yesterdays_homeserver_comes_back(tmp_path: Path) -> None:
    seen = await restored.prove_restored(tmp_path, 8)
    assert seen.holds, (str(seen.verdict), seen.wrong)


async def test_apply_killed_at_every_fail_point_makes_no_room_twice(
    synapse: LocalHomeserver, tmp_path_factory: pytest.TempPathFactory
) -> None:
    async with stage(synapse, tmp_path_factory.mktemp("rig") / "bot") as made:
        words = ("apply", "--secretariat", made.secretary.user_id)
        for point in kill.APPLYING:
            assert await made.life(*words, fail_at=f"{point}:2" if point != "apply.recording" else point).ended() == -9
        await made.furnish()
        assert await kill.orphans(made) == 0
