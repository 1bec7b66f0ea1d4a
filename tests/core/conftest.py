"""A community on the fake homeserver whose bot a test starts and stops."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.database import Database
from tests.core.post import Post
from tests.core.rig import Rig, fake_rig
from tests.fakes.matrix import FakeMatrix
from tests.fakes.person import FakePerson


class Stage:
    """The rig with people in the Coffee shop."""

    def __init__(self, rig: Rig, matrix: FakeMatrix) -> None:
        self.rig = rig
        self.matrix = matrix
        self.bot = rig.homeserver.user_id
        self.coffee = rig.rooms["coffee-shop"]
        self.anna: FakePerson = matrix.person("anna")
        self.ben: FakePerson = matrix.person("ben")

    def needs_sqlite(self) -> None:
        """Skip a test that is about SQLite's file."""
        if not self.rig.settings.database.startswith("sqlite"):
            pytest.skip("about SQLite's file")

    async def bring_in(self) -> None:
        """Anna and Ben are members and in the Coffee shop."""
        for person in (self.anna, self.ben):
            await self.rig.join(person, "root", "coffee-shop")

    def stored(self, event_id: str) -> dict[str, object]:
        """The raw event as the server keeps it."""
        return next(raw for _room, raw in self.matrix.sent if raw["event_id"] == event_id)

    def replies(self, event_id: str) -> list[str]:
        """The bot's answers to an event, in order; ``(redacted)`` for those taken back."""
        found = []
        for _room, raw in self.matrix.sent:
            relation = raw["content"].get("m.relates_to", {})
            if raw["sender"] == self.bot and relation.get("m.in_reply_to", {}).get("event_id") == event_id:
                found.append(str(raw["content"]["body"]))
        return found


async def set_stage(folder: Path, database_url: str | None = None) -> Stage:
    """Everything but a running bot; without an address the database lies in the data folder."""
    async with asyncio.timeout(30):
        rig, matrix = await fake_rig(folder, database_url=database_url)
        made = Stage(rig, matrix)
        await made.bring_in()
    return made


@pytest.fixture
async def stage(tmp_path: Path, database_url: str) -> Stage:
    """Everything but a running bot, on each database."""
    return await set_stage(tmp_path, database_url)


@pytest.fixture
def post(database_url: str) -> Iterator[Post]:
    """Everything but a sender."""
    database = Database(database_url)
    yield Post(database)
    database.close()
