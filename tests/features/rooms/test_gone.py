"""Accounts that ended: out of everything, without a role, and never invited again."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress

import pytest
from sqlalchemy import select
from sqlmodel import Session, col

from copp_bot.core.store import people as people_store
from copp_bot.core.store import rooms as rooms_store
from storage.tables.rooms import MembershipRow, RoomRow
from tests.features.rooms.jobs import check, run_job
from tests.house import House
from tests.world import Refused

TURNS = 4
"""How often; on Synapse nearly each time the speakers' state comes after the leave."""


async def test_a_deactivated_account_loses_its_roles_and_is_left_alone(house: House) -> None:
    await house.member("olga", roles=[("secretariat", "community")])
    anna = await house.member("anna", "rhythm", roles=[("lead_steward", "community")])
    await check(house)
    await house.accept(anna)
    levels = await house.homeserver.state_event(house.rooms["blogs"], "m.room.power_levels")
    assert levels is not None and levels["users"][anna.user_id] == 75
    await anna.deactivate()
    await _all_left(house, anna.user_id)
    await run_job(house, "roles.end")
    await check(house)

    def held(session: Session) -> tuple[object, ...]:
        return people_store.grants(session, anna.user_id, house.app.clock.now())

    assert await house.database.read(held) == (), await house.database.read(_mirrored(anna.user_id))
    for key, room in house.rooms.items():
        assert anna.user_id not in await house.homeserver.members(room), key
        levels = await house.homeserver.state_event(room, "m.room.power_levels")
        assert levels is not None and anna.user_id not in levels["users"], key


async def test_who_leaves_while_others_speak_does_not_stand_there_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = await house.newcomer("anna")
    others = [await house.newcomer(name) for name in ("ben", "carla", "dora")]
    room = house.rooms["reception"]
    changes: list[str] = []
    put = rooms_store.put_memberships

    def note(session: Session, rows: Sequence[rooms_store.Membership]) -> None:
        changes.extend(row.membership for row in rows if row.user_id == anna.user_id)
        put(session, rows)

    monkeypatch.setattr(rooms_store, "put_memberships", note)
    for turn in range(TURNS):
        talk = [person.say(room, f"hello {turn}") for person in others * 2]
        await asyncio.gather(anna.leave(room), *talk)
        await house.settled()
        await anna.join(room)
        await house.settled()
    assert changes == ["leave", "join"] * TURNS


async def test_the_last_in_charge_keeps_the_role(house: House) -> None:
    olga = await house.member("olga", roles=[("secretariat", "community")])
    await check(house)
    for room in await olga.joined():
        with suppress(Refused):  # leaving the community takes the rooms meanwhile
            await olga.leave(room)
    await house.settled()
    await run_job(house, "roles.end")
    now = house.app.clock.now()
    assert await house.database.read(lambda session: people_store.grants(session, olga.user_id, now))


def _mirrored(user: str) -> Callable[[Session], list[tuple[object, ...]]]:
    """What the mirror knows of an account: by it the roles end."""
    facts = (RoomRow.key, RoomRow.kind, RoomRow.membership, MembershipRow.membership, MembershipRow.by)
    of_user = select(*map(col, facts), col(MembershipRow.since)).join(
        MembershipRow, col(MembershipRow.room_id) == col(RoomRow.room_id)
    )
    of_user = of_user.where(col(MembershipRow.user_id) == user)
    return lambda session: [tuple(row) for row in session.execute(of_user)]


async def _all_left(house: House, user: str) -> None:
    """Until the server has taken the account out of every room, the direct chat too, and the bot has heard of it."""
    for room in await house.homeserver.joined_rooms():
        while user in await house.homeserver.members(room):
            await house.settled()
    await house.settled()


@pytest.mark.one_homeserver
async def test_the_last_in_charge_is_told_the_way_back(house: House) -> None:
    olga = await house.member("olga", roles=[("secretariat", "community")])
    matteo = await house.member("matteo", roles=[("steward", "community")])
    await check(house)
    await house.direct(olga)
    await olga.leave(house.rooms["root"])
    told = (await house.said(olga, "direct"))[-1]
    assert f"A steward can let you in again: !group invite {olga.user_id}" in told
    assert f"copp-bot apply --secretariat {olga.user_id}" in told
    await house.ask(matteo, "direct", f"!group invite {olga.user_id}")
    await house.accept(olga)
    assert "as declared" in await house.ask(olga, "direct", "!rooms plan")
