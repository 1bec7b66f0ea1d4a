"""An older state of the homeserver comes back: noticed, made good, and nothing is said or done twice."""

from collections.abc import Sequence

import pytest
from sqlalchemy import select
from sqlmodel import Session, col

from copp_bot.app import App
from copp_bot.core import backoff
from copp_bot.core.store import meta
from copp_bot.core.store import rooms as rooms_store
from storage.tables.audit import AuditRow
from tests.core.conftest import Stage
from tests.core.noting import commands, ran  # noqa: F401 - a fixture
from tests.core.rig import answer_to
from tests.core.test_recall import own_messages, settled

pytestmark = pytest.mark.usefixtures("commands")


async def ask(stage: Stage, text: str) -> None:
    """Anna asks in the Coffee shop and is answered."""
    await answer_to(stage.anna, stage.coffee, await stage.anna.say(stage.coffee, text), stage.bot)


async def test_what_was_said_since_is_answered_and_what_was_done_is_not_done_again(stage: Stage) -> None:
    rig, matrix = stage.rig, stage.matrix
    async with rig.bot() as app:
        await rig.join(stage.ben, "library")
        await ask(stage, "!note before")
        await settled(app)
        back = matrix.remember()
        await ask(stage, "!note lost")
        await stage.ben.leave(rig.rooms["library"])
        direct = await stage.anna.create_direct(stage.bot)
        await stage.anna.wait_for(direct, lambda raw: raw["sender"] == stage.bot and raw["type"] == "m.room.message")
        await settled(app)
    back()
    rooms = set(matrix.rooms)
    for number in range(130):  # more than one page
        await stage.anna.say(stage.coffee, f"words {number}")
    missed = await stage.anna.say(stage.coffee, "!note missed")
    for start in range(2):
        async with rig.bot() as app:
            await answer_to(stage.anna, stage.coffee, missed, stage.bot)
            await ask(stage, f"!note after {start}")
            await settled(app)
            assert await app.database.read(_noticed) == ["homeserver.restored", "rooms.restored"]
            here = await app.database.read(
                lambda session: [
                    rooms_store.is_joined(session, rig.rooms["library"], stage.ben.user_id),
                    rooms_store.has_direct_chat(session, stage.anna.user_id),
                ]
            )
            assert here == [True, False]
    assert ran == ["before", "lost", "missed", "after 0", "after 1"]
    assert set(matrix.rooms) == rooms
    told = [room for room, body in own_messages(stage).elements() if "older state" in body]
    assert told == [rig.rooms["secretariat"]]


async def test_rooms_that_are_gone_are_made_again(stage: Stage) -> None:
    rig, matrix = stage.rig, stage.matrix
    back = matrix.remember()
    gone = rig.rooms["library"]
    async with rig.bot() as app:
        await ask(stage, "!note this")
        await settled(app)
    back()
    del matrix.rooms[gone]
    matrix.aliases = {alias: room for alias, room in matrix.aliases.items() if room != gone}
    async with rig.bot() as app:
        await settled(app)
        new = await app.database.read(lambda session: rooms_store.room_id(session, "library"))
    assert new in matrix.rooms and new != gone
    assert len(matrix.rooms) == len(rig.rooms)


async def test_it_is_noticed_while_the_bot_runs(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backoff, "FIRST", 0.0)
    async with stage.rig.bot() as app:
        await ask(stage, "!note before")
        await settled(app)
        back = stage.matrix.remember()
        await ask(stage, "!note lost")
        await settled(app)
        back()
        await ask(stage, "!note after")
        await settled(app)
        assert await app.database.read(_noticed) == ["homeserver.restored", "rooms.restored"]
    assert ran == ["before", "lost", "after"]


async def test_a_killed_bot_begins_anew_all_the_same(stage: Stage) -> None:
    async with stage.rig.bot() as app:
        await settled(app)
        back = stage.matrix.remember()
        await ask(stage, "!note lost")
        await settled(app)
    back()
    missed = await stage.anna.say(stage.coffee, "!note missed")
    app = stage.rig.app()
    assert await app.rewound.look() is not None
    assert await app.rewound.look() is None
    app.database.close()
    async with stage.rig.bot() as app:
        await answer_to(stage.anna, stage.coffee, missed, stage.bot)
        await settled(app)
        assert await app.database.read(lambda session: meta.get(session, "sync_since")) is None
        assert await app.database.read(_noticed) == ["homeserver.restored", "rooms.restored"]


async def test_the_same_homeserver_is_not_taken_for_an_older_one(stage: Stage) -> None:
    for _start in range(2):
        async with stage.rig.bot() as app:
            await ask(stage, "!note this")
            await settled(app)
            assert await _all_noticed(app) == []


async def _all_noticed(app: App) -> Sequence[str]:
    return await app.database.read(_noticed)


def _noticed(session: Session) -> list[str]:
    actions = session.scalars(select(col(AuditRow.action)).order_by(col(AuditRow.id)))
    return [action for action in actions if action.endswith(".restored")]
