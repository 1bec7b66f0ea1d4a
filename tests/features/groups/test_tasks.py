"""Bringing people into spaces on a homeserver: every outcome, and running again after a crash."""

from dataclasses import replace
from typing import Any

import pytest

from copp_bot.core.ids import RoomId, UserId
from copp_bot.core.matrix.port import NewRoom, RateLimited
from copp_bot.features.groups.outcomes import Outcome
from copp_bot.features.groups.tasks import Entering, Leaving
from tests.fakes.homeserver import FakeHomeserver
from tests.fakes.matrix import FakeMatrix
from tests.features.small_house import BOT, SmallHouse, user

STEWARD, ANNA, BEA, CARL = user("stella"), user("anna"), user("bea"), user("carl")


class Scene:
    """A root space and a group's space, with a steward in the community."""

    def __init__(self, house: SmallHouse, *, administered: bool = False) -> None:
        self.matrix, self.house = FakeMatrix(), house
        self.bot: FakeHomeserver = self.matrix.bot(BOT, administered=administered)
        self.entering = Entering(replace(house.core, homeserver=self.bot))
        self.root = self.group = RoomId("")

    async def make(self) -> "Scene":
        """Create the spaces."""
        self.root = await self.bot.create_room(NewRoom(is_space=True))
        self.group = await self.bot.create_room(NewRoom(is_space=True))
        await self.into_root(STEWARD)
        return self

    async def into_root(self, who: UserId) -> None:
        """Someone becomes a member."""
        person = self.matrix.person(who.split(":")[0][1:])
        await self.bot.invite(self.root, who)
        await person.join(self.root)

    def payload(self, *users: str, asked: bool = False, root_too: bool = False) -> dict[str, Any]:
        """What the command wrote."""
        return {
            "users": list(users), "key": "rhythm", "root": self.root, "actor": STEWARD, "answer": "answer",
            "rooms": [self.root, self.group] if root_too else [self.group], "language": None, "asked": asked,
        }  # fmt: skip

    async def run(self, payload: dict[str, Any]) -> str:
        """Run the task with its effect; what the answer reads then."""
        effect = await self.entering.run(payload)
        effect(self.house.effects)
        return self.house.effects.edits[-1][1].plain


async def test_every_outcome(house: SmallHouse) -> None:
    """One line each; one refusal does not stop the others."""
    scene = await Scene(house).make()
    for who in (ANNA, BEA, CARL):
        await scene.into_root(who)
    await scene.bot.invite(scene.group, BEA)
    await scene.matrix.person("bea").join(scene.group)
    await scene.bot.ban(scene.group, CARL)
    scene.matrix.person("dora")
    said = await scene.run(scene.payload(ANNA, BEA, CARL, user("dora"), user("nobody"), "@x:elsewhere.org"))
    assert said.split("\n") == [
        f"Invited to Rhythm and language: {ANNA}",
        f"In Rhythm and language already: {BEA}",
        "Has an account on another server, and only those of this one can be invited: @x:elsewhere.org",
        f"Not an account of this server, check the spelling: {user('nobody')}",
        f"Not in the community yet; a steward of the community lets them in first: {user('dora')}",
        f"Cannot be invited while a ban is in force; who may ban lifts it in the list of members: {CARL}",
    ]
    assert house.effects.trail == [("group.invited", "group:rhythm", STEWARD, ANNA)]
    assert (await scene.bot.members(scene.group))[ANNA] == "invite"


async def test_newcomers_get_both_invitations(house: SmallHouse) -> None:
    """From those who may let people into the community."""
    scene = await Scene(house).make()
    scene.matrix.person("dora")
    await scene.run(scene.payload(user("dora"), root_too=True))
    for room in (scene.root, scene.group):
        assert (await scene.bot.members(room))[user("dora")] == "invite"


@pytest.mark.parametrize(("administered", "membership"), [(False, "invite"), (True, "join")])
async def test_who_asked_is_let_in(house: SmallHouse, administered: bool, membership: str) -> None:
    """Joined where the operator allowed it, else invited; told in either case."""
    scene = await Scene(house, administered=administered).make()
    await scene.into_root(ANNA)
    await scene.run(scene.payload(ANNA, asked=True))
    assert (await scene.bot.members(scene.group))[ANNA] == membership
    (told,) = house.sent_to(ANNA)
    assert "Rhythm and language" in told.plain and told.mentions == (ANNA,)


async def test_running_again_repeats_nothing(house: SmallHouse) -> None:
    """A crash between the invitation and its note."""
    scene = await Scene(house).make()
    await scene.into_root(ANNA)
    await scene.entering.run(scene.payload(ANNA))
    assert "Invited to" in await scene.run(scene.payload(ANNA))


async def test_who_has_lost_the_community_invites_nobody(house: SmallHouse) -> None:
    """The server is asked, not the mirror."""
    scene = await Scene(house).make()
    await scene.into_root(ANNA)
    await scene.bot.kick(scene.root, STEWARD)
    effect = await scene.entering.run(scene.payload(ANNA))
    effect(house.effects)
    assert ANNA not in await scene.bot.members(scene.group)
    assert "Could not be invited" in house.effects.edits[-1][1].plain


async def test_rate_limits_are_left_to_the_runner(house: SmallHouse) -> None:
    """It waits as long as it is told to."""
    scene = await Scene(house).make()
    await scene.into_root(ANNA)
    scene.matrix.fail_next("invite", RateLimited(30))
    with pytest.raises(RateLimited):
        await scene.entering.run(scene.payload(ANNA))


async def test_one_who_has_to_wait_for_minutes_does_not_keep_the_others_waiting(house: SmallHouse) -> None:
    """The wait for everybody does; the second run brings in who is left."""
    scene = await Scene(house).make()
    for who in (ANNA, BEA, CARL):
        await scene.into_root(who)
    scene.matrix.fail_next("invite", RateLimited(333))
    with pytest.raises(RateLimited):
        await scene.entering.run(scene.payload(ANNA, BEA))
    assert [who in await scene.bot.members(scene.group) for who in (ANNA, BEA)] == [False, True]
    scene.matrix.fail_next("invite", RateLimited(3))
    with pytest.raises(RateLimited) as waiting:
        await scene.entering.run(scene.payload(ANNA, BEA, CARL))
    assert waiting.value.retry_after == 3 and CARL not in await scene.bot.members(scene.group)
    await scene.run(scene.payload(ANNA, BEA, CARL))
    assert {ANNA, BEA, CARL} <= set(await scene.bot.members(scene.group))


async def test_giving_up_is_said(house: SmallHouse) -> None:
    """In the answer."""
    scene = await Scene(house).make()
    scene.entering.failed(house.effects, scene.payload(ANNA), "It did not work.")
    assert house.effects.edits[-1][1].plain == "It did not work."


async def test_leaving(house: SmallHouse) -> None:
    """Twice is as good as once."""
    scene = await Scene(house).make()
    await scene.bot.invite(scene.group, STEWARD)
    await scene.matrix.person("stella").join(scene.group)
    leaving = Leaving(scene.entering.core)
    for _ in range(2):
        await leaving.run({"user": STEWARD, "room": scene.group})
    assert STEWARD not in await scene.bot.members(scene.group)


def test_outcomes_have_words(house: SmallHouse) -> None:
    """None is forgotten."""
    entering = Entering(house.core)
    for outcome in Outcome:
        payload: dict[str, Any] = {
            "key": None,
            "answer": "a",
            "language": None,
            "actor": STEWARD,
            "asked": False,
            "rooms": [],
        }
        entering.done(house.effects, payload=payload, outcomes={ANNA: outcome})
    assert len({reply.plain for _txn, reply in house.effects.edits}) == len(Outcome)
