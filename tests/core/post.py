"""A database, a homeserver, and senders between them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Any

from sqlmodel import Session

from copp_bot.core.effects import Batch, RowEffects
from copp_bot.core.ids import RoomId, UserId
from copp_bot.core.outbox import Outbox
from copp_bot.core.reply import say
from copp_bot.core.store import outbox as store
from storage.database import Database
from storage.tables.outbox import OutboxState
from tests.core.rig import SetClock
from tests.fakes.matrix import FakeMatrix
from tests.world import WAIT_SECONDS

BOT = "@copp:example.org"
ANNA = UserId("@anna:example.org")
BEN = UserId("@ben:example.org")


class Post:
    """A database, a homeserver, and senders between them."""

    def __init__(self, database: Database) -> None:
        self.matrix = FakeMatrix()
        self.bot = self.matrix.bot(BOT)
        self.database = database
        self.clock = SetClock(datetime.now(UTC))
        self.matrix.person("anna")
        self.matrix.person("ben")
        self.room = RoomId(self.matrix.create_room(BOT, {"preset": "public_chat"}))
        self.other = RoomId(self.matrix.create_room(BOT, {"preset": "public_chat"}))

    def outbox(self) -> Outbox:
        """A sender that is not running."""
        return Outbox(self.bot, self.database, self.clock)

    @asynccontextmanager
    async def sending(self) -> AsyncIterator[Outbox]:
        """A running sender."""
        outbox = self.outbox()
        task = asyncio.create_task(outbox.run())
        try:
            yield outbox
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def write(self, say_it: Callable[[RowEffects], Any], cause: str = "$cause", by: UserId = ANNA) -> Batch:
        """Commit effects; the caller gives them to a sender, or does not."""

        def job(session: Session) -> Batch:
            effects = RowEffects(session, self.clock.now(), cause, Batch(), by)
            say_it(effects)
            effects.batch.flush(session)
            return effects.batch

        return await self.database.write(job)

    def said(self, room: str | None = None) -> list[str]:
        """Bodies of the bot's messages, in stream order."""
        return [
            raw["content"]["body"]
            for room_id, raw in self.matrix.sent
            if raw["type"] == "m.room.message" and room in (None, room_id) and "body" in raw["content"]
        ]

    async def states(self) -> dict[str, int]:
        """How many rows stand how."""

        def job(session: Session) -> dict[str, int]:
            rows = store.caused_by(session, "$cause")
            return {state: n for state in OutboxState if (n := sum(row.state is state for row in rows))}

        return await self.database.read(job)

    async def until(self, holds: Callable[[], Awaitable[bool]]) -> None:
        """Wait for something that a write will bring about."""
        async with asyncio.timeout(WAIT_SECONDS):
            while not await holds():
                await self.database.write(lambda _session: None)


def several(room: str, count: int, word: str = "n") -> Callable[[RowEffects], None]:
    """Say ``n0``, ``n1`` and so on."""

    def talk(effects: RowEffects) -> None:
        for number in range(count):
            effects.send(RoomId(room), say(f"{word}{number}"))

    return talk
