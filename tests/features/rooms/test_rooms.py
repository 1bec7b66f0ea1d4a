"""Rights follow the spaces while the bot runs, after it was off, and with every kind of leaving; commands answer."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update
from sqlmodel import Session, col, select

from copp_bot.core.ids import RoomId, UserId
from copp_bot.core.matrix.port import Unavailable
from copp_bot.features.rooms import service
from copp_bot.rooms import store
from copp_bot.rooms.rights import misplaced
from storage.tables.audit import AuditRow
from storage.tables.people import GrantRow
from storage.tables.tasks import TaskRow
from tests.core.rig import SetClock
from tests.fakes.person import FakeWorld
from tests.features.rooms.jobs import check, run_job
from tests.house import House, community
from tests.world import WAIT_SECONDS, Person

GIVEN = {"reception", "announcements", "coffee-shop", "meetings", "library", "blogs", "photos"}
RHYTHM = {"rhythm/home", "rhythm/library", "rhythm/photos"}


async def inside(house: House, person: Person) -> set[str]:
    """Declared keys of the rooms a person is in or invited to."""
    here = await person.joined() | await person.invited()
    return {key for key, room_id in house.rooms.items() if room_id in here}


async def test_rights_follow_the_spaces_both_ways(house: House) -> None:
    anna = await house.member("anna")
    assert await inside(house, anna) == {"root", *GIVEN}
    await house.app.core.homeserver.invite(house.rooms["rhythm"], UserId(anna.user_id))
    await anna.join(house.rooms["rhythm"])
    await house.settled()
    assert await inside(house, anna) == {"root", *GIVEN, "rhythm", *RHYTHM}
    await anna.leave(house.rooms["rhythm"])
    await house.settled()
    assert await inside(house, anna) == {"root", *GIVEN}
    await house.app.core.homeserver.kick(house.rooms["root"], UserId(anna.user_id), "test")
    await house.settled()
    assert await inside(house, anna) == {"reception"}


async def test_rights_follow_after_the_bot_was_off(tmp_path: Path, database_url: str) -> None:
    world = FakeWorld()
    async with community(world, tmp_path, database_url=database_url) as house:
        anna, ben = await house.member("anna", "rhythm"), await house.member("ben")
        await house.app.core.homeserver.invite(house.rooms["archive"], UserId(ben.user_id))
    # The same world, with the bot away: people come and go.
    await anna.leave(house.rooms["rhythm"])
    await ben.join(house.rooms["archive"])
    async with community(world, tmp_path, database_url=database_url) as house:
        house.people.update({"anna": anna, "ben": ben})
        await house.settled()
        await house.accept(ben)
        assert await inside(house, anna) == {"root", *GIVEN}
        assert {"archive/home", "archive/library", "archive/photos"} <= await inside(house, ben)


async def test_who_put_somebody_out_stands_in_the_trail(house: House) -> None:
    odile = await house.member("odile", roles=[("secretariat", "community")])
    anna = await house.member("anna", "rhythm")
    await check(house)
    await house.accept(odile)
    ben = await house.outsider("ben")
    await odile.invite(house.rooms["root"], ben.user_id)
    await odile.kick(house.rooms["root"], ben.user_id)  # the invitation alone is taken back
    await odile.kick(house.rooms["rhythm"], anna.user_id)
    await odile.ban(house.rooms["rhythm"], anna.user_id)
    await house.settled()
    trail = await house.ask(odile, "direct", f"!audit {anna.user_id}")
    assert "odile put anna out of a room of" in trail.casefold() and "odile banned anna from" in trail.casefold()
    assert " put ben out " not in await house.ask(odile, "direct", f"!audit {ben.user_id}")


@pytest.mark.one_homeserver
async def test_who_was_let_into_a_room_past_its_space_is_out_at_once(house: House) -> None:
    aino = await house.member("aino", "rhythm", roles=[("steward", "group:rhythm")])
    await check(house)
    goran = await house.member("goran")
    await aino.invite(house.rooms["rhythm/home"], goran.user_id)
    await goran.join(house.rooms["rhythm/home"])
    await house.settled()
    assert await inside(house, goran) == {"root", *GIVEN}


async def test_who_came_back_before_they_were_put_out_stays(tmp_path: Path, database_url: str) -> None:
    """What a task follows from may have changed when it is done: the server was away in between."""
    world, clock = FakeWorld(), SetClock()
    async with community(world, tmp_path, clock=clock, database_url=database_url) as house:
        anna = await house.member("anna", "rhythm")
        world.matrix.fail_next("kick", Unavailable("", "away", 502), times=len(RHYTHM))
        await anna.leave(house.rooms["rhythm"])
        await house.settled()
        assert await inside(house, anna) >= RHYTHM  # not put out yet
        await house.homeserver.invite(house.rooms["rhythm"], UserId(anna.user_id))
        await anna.join(house.rooms["rhythm"])
        await later(house, clock)
        assert await inside(house, anna) == {"root", *GIVEN, "rhythm", *RHYTHM}
        assert "leave" not in await memberships(house, anna, RHYTHM)


async def test_who_left_before_they_were_brought_in_stays_out(tmp_path: Path, database_url: str) -> None:
    """As above, the other way round."""
    world, clock = FakeWorld(), SetClock()
    async with community(world, tmp_path, clock=clock, database_url=database_url) as house:
        anna = await house.member("anna")
        world.matrix.fail_next("force_join", Unavailable("", "away", 502), times=len(RHYTHM))
        await house.homeserver.invite(house.rooms["rhythm"], UserId(anna.user_id))
        await anna.join(house.rooms["rhythm"])
        await house.settled()
        assert not RHYTHM & await inside(house, anna)  # not brought yet
        await anna.leave(house.rooms["rhythm"])
        await later(house, clock)
        assert await inside(house, anna) == {"root", *GIVEN}
        assert await memberships(house, anna, RHYTHM) == set()


async def later(house: House, clock: SetClock) -> None:
    """What has failed is tried again."""
    await house.settled()
    clock.move(timedelta(hours=1))
    house.app.tasks.wake()
    await house.settled()


async def memberships(house: House, person: Person, keys: set[str]) -> set[str]:
    """Every membership that a person has ever had in these rooms."""
    assert isinstance(house.world, FakeWorld)
    ids = {house.rooms[key] for key in keys}
    return {
        raw["content"]["membership"]
        for room, raw in house.world.matrix.sent
        if room in ids and raw["type"] == "m.room.member" and raw["state_key"] == person.user_id
    }


async def test_who_leaves_a_room_is_not_brought_back(house: House) -> None:
    anna = await house.member("anna")
    await anna.leave(house.rooms["coffee-shop"])
    await house.settled()
    await check(house)
    assert "coffee-shop" not in await inside(house, anna)


async def test_a_new_name_is_no_new_arrival(house: House) -> None:
    """It sends the same kind of event as joining."""
    anna = await house.member("anna")
    await anna.leave(house.rooms["coffee-shop"])
    renamed = {"membership": "join", "displayname": "Anna B."}
    await anna.set_state(house.rooms["root"], "m.room.member", anna.user_id, renamed)
    await house.settled()
    await check(house)
    assert "coffee-shop" not in await inside(house, anna)


async def test_grants_bring_rooms_and_power_and_take_them_back(house: House) -> None:
    anna = await house.member("anna", roles=[("secretariat", "community")])
    await check(house)
    await house.accept(anna)
    assert {"stewards", "secretariat", "rhythm", "archive", "rhythm/home"} <= await inside(house, anna)
    levels = await house.homeserver.state_event(house.rooms["rhythm/home"], "m.room.power_levels")
    assert levels is not None
    assert levels["users"] == {anna.user_id: 90}

    def end(session: Session) -> None:
        for row in session.scalars(select(GrantRow).where(col(GrantRow.user_id) == anna.user_id)):
            row.ended_at = datetime.now(UTC)
            session.add(row)

    await house.database.write(end)
    await check(house)
    assert not {"stewards", "secretariat"} & await inside(house, anna)
    levels = await house.homeserver.state_event(house.rooms["rhythm/home"], "m.room.power_levels")
    assert levels is not None
    assert levels["users"] == {}


@pytest.mark.one_homeserver
async def test_a_role_opens_and_closes_its_rooms_at_once(house: House) -> None:
    """Not only when the check of every minute comes round."""
    odile = await house.member("odile", roles=[("secretariat", "community")])
    await check(house)
    await house.accept(odile)
    lucia = await house.member("lucia", "rhythm")
    await house.ask(odile, "direct", f"!role grant {lucia.user_id} steward until:2030-01-31")
    await house.accept(lucia)
    assert "stewards" in await inside(house, lucia)
    await house.ask(odile, "direct", f"!role revoke {lucia.user_id} steward")
    assert "stewards" not in await inside(house, lucia)


async def test_a_lead_steward_leaves_the_groups_with_the_role(house: House) -> None:
    """But not her own group, nor one that has let her in since; and the library goes with them."""
    odile = await house.member("odile", roles=[("secretariat", "community")])
    lucia = await house.member("lucia", "archive")
    await check(house)
    await house.ask(odile, "direct", f"!role grant {lucia.user_id} lead_steward")
    await check(house)
    await house.accept(lucia)
    assert {"rhythm", "archive", *RHYTHM} <= await inside(house, lucia)
    await house.ask(odile, "direct", f"!role revoke {lucia.user_id} lead_steward")
    await check(house)
    assert not {"rhythm", *RHYTHM} & await inside(house, lucia)
    assert "archive" in await inside(house, lucia)
    assert "Rhythm" not in await house.ask(lucia, "direct", "!me")
    await house.ask(odile, "direct", f"!role grant {lucia.user_id} lead_steward")
    await check(house)
    await house.accept(lucia)
    answer = await house.ask(odile, "direct", f"!group invite {lucia.user_id} rhythm")
    assert answer.startswith("In Rhythm and language by a role so far, and now also when the role ends: ")
    assert "odile brought lucia into Rhythm and language" in await house.ask(odile, "direct", "!audit")
    await house.ask(odile, "direct", f"!role revoke {lucia.user_id} lead_steward")
    await check(house)
    assert {"rhythm", *RHYTHM} <= await inside(house, lucia)


@pytest.mark.one_homeserver
async def test_who_came_by_one_role_and_got_one_in_the_group_stays(house: House) -> None:
    odile = await house.member("odile", roles=[("secretariat", "community")])
    lucia = await house.member("lucia", roles=[("lead_steward", "community")])
    await check(house)
    await house.accept(lucia)
    await house.ask(odile, "direct", f"!role grant {lucia.user_id} steward group:rhythm")
    await house.ask(odile, "direct", f"!role revoke {lucia.user_id} lead_steward")
    await check(house)
    assert {"rhythm", *RHYTHM} <= await inside(house, lucia)
    assert "steward · Rhythm and language · lucia" in await house.ask(odile, "direct", "!role list")


@pytest.mark.one_homeserver
async def test_who_was_brought_by_a_role_is_known_though_the_answer_was_lost(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bot was killed between the joining and its record, or the homeserver's answer got lost."""
    odile, lucia = await house.member("odile", roles=[("secretariat", "community")]), await house.member("lucia")
    await check(house)
    administration, lost = house.app.core.homeserver.administration, set[str]()
    assert administration is not None
    join = administration.force_join

    async def losing(room_id: RoomId, user_id: UserId) -> None:
        await join(room_id, user_id)
        if room_id not in lost:
            lost.add(room_id)
            raise Unavailable("", "the answer is lost", 502)

    monkeypatch.setattr(administration, "force_join", losing)
    await house.ask(odile, "direct", f"!role grant {lucia.user_id} lead_steward")
    await check(house)
    await house.accept(lucia)
    assert house.rooms["rhythm"] in lost & await lucia.joined()
    await house.ask(odile, "direct", f"!role revoke {lucia.user_id} lead_steward")
    await check(house)
    async with asyncio.timeout(WAIT_SECONDS):  # what has failed is tried again a little later
        while {"rhythm", *RHYTHM} & await inside(house, lucia):
            await house.settled()


@pytest.mark.one_homeserver
async def test_a_role_that_has_run_out_is_nobodys_drift(house: House) -> None:
    """Its power goes, and the trail does not say that somebody changed something by hand."""
    lucia = await house.member("lucia", roles=[("steward", "community")])
    await check(house)
    await house.accept(lucia)
    levels = await house.homeserver.state_event(house.rooms["coffee-shop"], "m.room.power_levels")
    assert levels is not None and lucia.user_id in levels["users"]
    past = house.app.clock.now() - timedelta(minutes=1)
    await house.database.write(lambda session: session.execute(update(GrantRow).values(until=past)))
    await run_job(house, "roles.end")
    await check(house)
    levels = await house.homeserver.state_event(house.rooms["coffee-shop"], "m.room.power_levels")
    assert levels is not None and lucia.user_id not in levels["users"]
    trail = await house.database.read(lambda session: session.exec(select(AuditRow.action)).all())
    assert "role.ended" in trail and "rooms.mended" not in trail


@pytest.mark.one_homeserver
async def test_nothing_is_done_twice(house: House) -> None:
    await house.member("anna", "rhythm")
    await check(house)
    before = await house.database.read(lambda session: len(session.scalars(select(TaskRow)).all()))
    for _ in range(3):
        await check(house)
    after = await house.database.read(lambda session: len(session.scalars(select(TaskRow)).all()))
    assert before == after


@pytest.mark.one_homeserver
async def test_a_plan_is_not_shown_to_the_coffee_shop(house: House) -> None:
    anna = await house.member("anna", roles=[("secretariat", "community")])
    await house.direct(anna)
    await check(house)
    await anna.say(house.rooms["coffee-shop"], "!rooms plan")
    await house.settled()
    assert not any("declared" in text for text in await house.said(anna, "coffee-shop"))
    assert "Everything is as declared; there is nothing to do." in await house.said(anna, "direct")


async def test_apply_makes_a_room_whole_again_and_says_so(house: House) -> None:
    anna = await house.member("anna", roles=[("secretariat", "community")])
    await check(house)
    room = house.rooms["blogs"]
    await house.app.core.homeserver.set_state(room, "m.room.topic", "", {"topic": "Something else"})
    answer = await house.ask(anna, "direct", "!rooms plan")
    assert answer.split("\n") == [
        "1 step would make it so:",
        "1. Set the topic of “Blogs”.",
        "To take them: !rooms apply",
    ]
    assert await house.ask(anna, "direct", "!rooms apply") == "Done: 1 of 1 step."
    topic = await house.homeserver.state_event(room, "m.room.topic")
    assert topic is not None
    assert topic["topic"] == house.app.declared.room("blogs").topic  # type: ignore[union-attr]


@pytest.mark.one_homeserver
async def test_a_long_plan_in_a_shared_room_goes_on_privately(house: House) -> None:
    anna = await house.member("anna", roles=[("secretariat", "community")])
    await house.direct(anna)
    await check(house)
    await house.accept(anna)
    for key in [*GIVEN, "stewards"]:
        await house.app.core.homeserver.set_state(house.rooms[key], "m.room.topic", "", {"topic": "Something else"})
    answer = (await house.ask(anna, "stewards", "!rooms plan")).split("\n")
    assert len(answer) == 8
    assert answer[-1] == "… and 3 more lines, in our direct chat."
    assert any(text.startswith("8 steps would make it so:") for text in await house.said(anna, "direct"))


@pytest.mark.one_homeserver
async def test_a_snapshot_of_one_person_decides_as_that_of_everybody(house: House) -> None:
    anna = await house.member("anna")
    with suppress(Exception):
        await anna.join(house.rooms["topic-democracy"])
    await house.settled()
    bot, now = house.bot, house.app.clock.now() + timedelta(seconds=1)
    declared, user = house.app.declared, UserId(anna.user_id)
    one = await house.database.read(lambda s: misplaced(store.snapshot(s, declared, bot, now, [user])))
    everyone = await house.database.read(lambda s: misplaced(store.snapshot(s, declared, bot, now)))
    assert set(one) <= set(everyone)
    assert service.concerned(declared, None) == declared.all
