"""On a homeserver with rate limits everything completes by itself, no call comes too early, and answers do not wait."""

from pathlib import Path

import pytest

from copp_bot.core.ids import UserId
from copp_bot.core.matrix.port import RateLimited
from copp_bot.core.matrix.restraint import CHANGES, MESSAGES, Restraint, invitation
from tests.rigs.bulk import TIGHT, run
from tests.rooms.support import BOT

BEN = UserId("@ben:example.org")


@pytest.mark.synapse
async def test_a_limited_homeserver_is_waited_for(tmp_path: Path) -> None:
    """Small, with limits of the same shape as Synapse's own; ``python -m tests.rigs.bulk`` is the full size."""
    figures = await run(tmp_path, rooms=5, people=3, limits=TIGHT, every=0.5)
    assert figures.early == []
    assert figures.refused["rooms"] and figures.refused["invites"] and figures.refused["messages"]
    assert [line.partition(" of ")[0] for line in figures.progress][:2] == ["1", "2"]
    assert figures.answers and max(figures.answers) < figures.completed + figures.invited


def test_a_short_wait_is_everybodys_and_a_long_one_the_persons() -> None:
    now = 100.0
    restraint = Restraint(lambda: now)
    anna, ben = invitation(BOT), invitation(BEN)
    restraint.check(anna)
    restraint.learn(anna, RateLimited(333.0))
    restraint.check(ben)
    with pytest.raises(RateLimited) as caught:
        restraint.check(anna)
    assert caught.value.retry_after == 333.0
    restraint.learn(ben, RateLimited(3.0))
    now = 102.0
    with pytest.raises(RateLimited):
        restraint.check(ben)
    now = 103.1
    restraint.check(ben)
    with pytest.raises(RateLimited):
        restraint.check(anna)


def test_invitations_keep_the_pace_that_was_learnt() -> None:
    """So that no further one is refused, which would cost the invited person's own allowance."""
    now = 100.0
    restraint = Restraint(lambda: now)
    anna = invitation(BEN)
    restraint.done(anna)
    restraint.check(anna)
    restraint.learn(anna, RateLimited(3.0))
    now = 103.1
    restraint.check(anna)
    restraint.done(anna)
    with pytest.raises(RateLimited):
        restraint.check(anna)
    now = 106.2
    restraint.check(anna)


def test_messages_go_before_changes() -> None:
    now = 100.0
    restraint = Restraint(lambda: now)
    restraint.learn(CHANGES, RateLimited(2.0))
    for limit in (MESSAGES, CHANGES):
        with pytest.raises(RateLimited):
            restraint.check(limit)
    now = 102.1
    restraint.check(MESSAGES)
    with pytest.raises(RateLimited):
        restraint.check(CHANGES)
    now = 102.6
    restraint.check(CHANGES)
