"""A community whose bot can be stopped and started again on the same database, with commands of the test's own.

The rule it keeps: everything runs through the real parts; only the homeserver is the fake one (or a real one).
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlmodel import Session

from copp_bot.app import App
from copp_bot.core.clock import Clock
from copp_bot.core.commands.declare import Args, Command, Kind, Param
from copp_bot.core.context import Context
from copp_bot.core.ids import RoomId, UserId
from copp_bot.core.matrix.port import Homeserver
from copp_bot.core.reply import Reply
from copp_bot.core.settings import Settings
from copp_bot.rooms.apply import Surroundings, apply
from copp_bot.rooms.declaration import load
from storage import migrate
from storage.database import Database
from tests.fakes.homeserver import FakeHomeserver
from tests.fakes.matrix import FakeMatrix
from tests.fakes.person import FakePerson, FakeWorld
from tests.house import ROOMS_CONFIG, is_answer
from tests.world import Person, Raw

DECLARED = load(ROOMS_CONFIG)
Handler = Callable[[Context, Args], Reply | None]


class SetClock:
    """A clock that a test sets. Monotonic time goes on by itself, unless the test moves it.

    Args:
        now: it begins at noon of a Tuesday of its own, whatever day it is outside.
    """

    def __init__(self, now: datetime = datetime(2026, 11, 24, 12, tzinfo=UTC)) -> None:
        self.moment = now
        self.ahead = 0.0

    def now(self) -> datetime:
        """Aware UTC."""
        return self.moment

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return asyncio.get_running_loop().time() + self.ahead

    def move(self, by: timedelta) -> None:
        """Let time pass, or put the clock back."""
        self.moment += by
        self.ahead += max(0.0, by.total_seconds())


def command(path: str, run: Handler, *params: Param, permission: str = "help") -> Command:
    """A command that everyone may type."""
    return Command(path=path, run=run, summary="a test's", permission=permission, example=f"!{path}", params=params)


def text_command(path: str, run: Handler) -> Command:
    """A command that takes a text."""
    return command(path, run, Param("text", Kind.TEXT, required=False))


@dataclass
class Rig:
    """The declared community on a homeserver.

    Args:
        extra: commands of the test's own; ``edit_app`` may change more of each new bot before it runs.
        alone: each bot holds its database for itself, as a real one does.
    """

    homeserver: Homeserver
    folder: Path
    rooms: dict[str, RoomId]
    clock: Clock | None = None
    extra: Sequence[Command] = ()
    edit_app: Callable[[App], None] | None = None
    database_url: str | None = None
    alone: bool = False
    _open: list[Database] = field(default_factory=list)

    @property
    def settings(self) -> Settings:
        """As in ``tests.house``."""
        return Settings(
            homeserver="http://127.0.0.1",
            user_id=self.homeserver.user_id,
            data_dir=self.folder,
            web_port=0,
            rooms_config=ROOMS_CONFIG,
            database_url=self.database_url,
        )

    def database(self) -> Database:
        """A new connection to the community's database."""
        database = Database(self.settings.database, alone=self.alone)
        self._open.append(database)
        return database

    def app(self, database: Database | None = None) -> App:
        """A bot that has not been started."""
        app = App(self.settings, self.homeserver, database or self.database(), DECLARED, self.clock)
        for one in self.extra:
            app.commands[one.path] = one
        if self.edit_app:
            self.edit_app(app)
        return app

    @asynccontextmanager
    async def bot(self) -> AsyncIterator[App]:
        """The bot at work; stopped at the end."""
        app = self.app()
        task = asyncio.create_task(app.run())
        ready = asyncio.create_task(app.intake.ready.wait())
        await asyncio.wait({task, ready}, return_when=asyncio.FIRST_COMPLETED)
        ready.cancel()
        if task.done():
            task.result()
        try:
            yield app
        finally:
            was_running = not task.done()
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            app.database.close()
            assert was_running, "the bot stopped by itself"

    async def join(self, person: Person, *keys: str) -> None:
        """Bring a person into rooms."""
        for key in keys:
            await self.homeserver.invite(self.rooms[key], UserId(person.user_id))
            await person.join(self.rooms[key])


async def fake_rig(
    folder: Path, *extra: Command, clock: Clock | None = None, database_url: str | None = None
) -> tuple[Rig, FakeMatrix]:
    """The community on a fake homeserver, every room made, the bot not running."""
    matrix = FakeWorld().matrix
    homeserver = matrix.bot(f"@copp:{matrix.server_name}")
    rig = Rig(homeserver, folder, {}, clock, extra, database_url=database_url)
    database = rig.database()
    migrate.upgrade(database.engine)
    outcome = await apply(DECLARED, Surroundings(homeserver, database, rig.app(database).clock))
    assert not outcome.refused, outcome.refused
    rig.rooms = outcome.rooms
    database.close()
    return rig, matrix


async def answer_to(person: Person, room: str, event: str, bot: str) -> Raw:
    """The bot's first answer to an event."""
    return await person.wait_for(room, lambda raw: raw["sender"] == bot and is_answer(raw, bot, event))


async def answers_to(person: Person, room: str, event: str, bot: str) -> list[str]:
    """The bodies of all the bot's answers to an event, as they stand now; a redacted one is ``""``."""
    return [str(raw["content"].get("body", "")) for raw in await person.timeline(room) if is_answer(raw, bot, event)]


async def read(app: App, job: Callable[[Session], object]) -> object:
    """Read something from the bot's database."""
    return await app.database.read(job)


__all__ = ["FakeHomeserver", "FakeMatrix", "FakePerson", "Rig", "SetClock", "fake_rig"]
