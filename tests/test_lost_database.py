"""A database that was lost, as the command line meets it: nobody is demoted, whatever is typed first."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from copp_bot import run
from copp_bot.core.settings import Settings
from copp_bot.features.roles import store
from storage import migrate
from storage.database import Database
from tests.fakes.person import FakeWorld
from tests.house import ROOMS_CONFIG, community


@pytest.mark.parametrize("first", ["plan", "apply", "apply with a new grant"])
async def test_a_lost_database_demotes_nobody(first: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = FakeWorld()
    (tmp_path / "old").mkdir()
    async with community(world, tmp_path / "old") as house:
        odile = await house.member("odile", roles=[("secretariat", "community")])
        await house.ask(odile, "direct", f"!role grant {(await house.member('lucia')).user_id} steward")
        before = await _power(house.homeserver, house.rooms)
    new = Database(f"sqlite:///{tmp_path / 'new.sqlite3'}")
    migrate.upgrade(new.engine)

    @asynccontextmanager
    async def opened(_settings: Settings, *, wait: bool = False) -> AsyncIterator[tuple[Any, Database]]:
        yield house.homeserver, new

    monkeypatch.setattr(run, "opened", opened)
    settings = Settings(homeserver="http://127.0.0.1", user_id=house.bot, data_dir=tmp_path, rooms_config=ROOMS_CONFIG)
    if first == "plan":
        assert not [step for step in await run.plan(settings) if "power" in step]
    else:
        hedda = await world.person("hedda")
        grants = [(hedda.user_id, "secretariat", "community")] if "grant" in first else []
        await run.apply(settings, grants)
        held = {
            (one.user_id.split(":")[0], one.role)
            for one in await new.read(lambda session: store.in_force(session, house.app.clock.now()))
        }
        assert {("@odile", "secretariat"), ("@lucia", "steward")} <= held
        assert len(held) == 2 + len(grants)
        after = await _power(house.homeserver, house.rooms)
        assert all(users.items() <= after[key].items() for key, users in before.items())
    assert before["rhythm/home"]
    new.close()
    await world.close()


async def _power(homeserver: Any, rooms: dict[str, Any]) -> dict[str, dict[str, int]]:
    levels = {key: await homeserver.state_event(room, "m.room.power_levels") for key, room in rooms.items()}
    return {key: content["users"] for key, content in levels.items()}
