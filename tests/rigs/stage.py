"""A declared community on a real homeserver, the bot in a process of its own, and a proxy in between.

The rule it keeps: people speak to the homeserver itself, the bot through the proxy; what came of it is read from the
homeserver's timeline and from the database file, never asked of the bot.
"""

import asyncio
import secrets
import shutil
import socket
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp

from copp_bot.demo.homeserver import LocalHomeserver
from tests.rigs.driver import PASSWORD, HttpPerson
from tests.rigs.haste import Hastened, Pace
from tests.rigs.life import Birth, Life
from tests.rigs.proxy import FaultProxy

DECLARED = Path(__file__).parent.parent.parent / "rooms_config"
ADMIN = "administrator"
POLL = 0.2
UP_SECONDS = 240.0
"""Patience, no claim: a busy machine takes its time."""


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Stage:
    """The community.

    Args:
        folder: the bot's data folder, with its log.
        rooms: declared key -> room id; empty before ``furnish``.
        spare: a member who says nothing, and may be kicked.
    """

    homeserver: LocalHomeserver
    proxy: FaultProxy
    folder: Path
    session: aiohttp.ClientSession
    extra_rooms: int = 0
    clock: Hastened | None = None
    suffix: str = field(default_factory=lambda: secrets.token_hex(3))
    web_port: int = field(default_factory=free_port)
    rooms: dict[str, str] = field(default_factory=dict)
    bot: str = ""
    spare: HttpPerson | None = None
    _lives: list[Life] = field(default_factory=list)
    _secretary: HttpPerson | None = None
    _administrator: HttpPerson | None = None

    @property
    def secretary(self) -> HttpPerson:
        """Someone of the Secretariat, who may invite."""
        assert self._secretary is not None
        return self._secretary

    @property
    def _pace_file(self) -> Path:
        return self.folder / "pace"

    @property
    def database(self) -> Path:
        """The database file."""
        return self.folder / "copp.sqlite3"

    async def prepare(self) -> None:
        """Accounts and a declaration of its own; the bot has not been started."""
        await self.homeserver.create_account(ADMIN, PASSWORD, admin=True)
        token = await self.homeserver.login(ADMIN, PASSWORD)
        admin_id = f"@{ADMIN}:{self.homeserver.server_name}"
        self._administrator = HttpPerson(self.homeserver.base_url, admin_id, token, self.session)
        self.bot = await self.homeserver.create_account(f"copp-{self.suffix}", PASSWORD, "copp")
        self._secretary = await self.person("secretary")
        declare(self.folder / "rooms_config", self.suffix, self.extra_rooms)
        self.settings = {
            "homeserver": self.proxy.base_url,
            "user_id": self.bot,
            "password": PASSWORD,
            "admin_token": token,
            "data_dir": str(self.folder),
            "rooms_config": str(self.folder / "rooms_config"),
            "web_port": str(self.web_port),
            "web_url": f"http://127.0.0.1:{self.web_port}",
        }

    async def furnish(self) -> None:
        """Have every declared room made, and the secretary invited."""
        code = await self.life("apply", "--secretariat", self.secretary.user_id).ended()
        assert code == 0, self.last_words()
        self.look_around()

    def look_around(self) -> None:
        """Take the rooms from the database file."""
        found = self.rows("SELECT key, room_id FROM room WHERE key IS NOT NULL")
        self.rooms = {str(key): str(room) for key, room in found}

    def life(self, *words: str, fail_at: str = "", ahead: timedelta = timedelta()) -> Life:
        """Start ``copp-bot`` with these words."""
        pace = self._pace_file if self.clock else None
        ahead = self.clock.ahead if self.clock else ahead  # a new life's clock does not go back
        birth = Birth(words or ("run",), self.settings, self.folder, fail_at, ahead, pace)
        self._lives.append(Life(birth))
        return self._lives[-1]

    async def running(self) -> Life:
        """A bot that has synced; what a proof that failed has left alive is ended."""
        for left in self._lives:
            if not left.has_ended:
                await left.kill()
        life = self.life()
        await self.until(self.is_ready, UP_SECONDS)
        return life

    async def is_ready(self) -> bool:
        """Does the readiness page say so?"""
        return await self.page("/readyz") == 200

    async def page(self, path: str) -> int:
        """The status of one of the bot's pages; 0 when nobody answers."""
        try:
            async with self.session.get(f"http://127.0.0.1:{self.web_port}{path}") as answer:
                return answer.status
        except aiohttp.ClientError:
            return 0

    def hasten(self, factor: float) -> None:
        """Let the bot's time run so much faster from now on; before the first life that is to be hastened."""
        self.clock = self.clock or Hastened(Pace(self._pace_file))
        self.clock.go_at(factor)
        self.proxy.haste = factor

    async def person(self, name: str) -> HttpPerson:
        """An account."""
        localpart = f"{name}-{self.suffix}"
        user_id = await self.homeserver.create_account(localpart, PASSWORD, name)
        token = await self.homeserver.login(localpart, PASSWORD)
        return HttpPerson(self.homeserver.base_url, user_id, token, self.session)

    async def members(self, *names: str) -> list[HttpPerson]:
        """People of the community, in its rooms; the bot must be running."""
        await self.secretary.join(self.rooms["root"])
        people = [await self.person(name) for name in names]
        for person in people:
            await self.secretary.invite(self.rooms["root"], person.user_id)
            await person.join(self.rooms["root"])
        for person in [*people, self.secretary]:
            await self.until(partial(self._is_in, person, "coffee-shop"), UP_SECONDS)
        return people

    async def rooms_of_bot(self) -> set[str]:
        """Every room that the bot is joined to, as the homeserver says."""
        return await self.rooms_of(self.bot)

    async def rooms_of(self, user_id: str) -> set[str]:
        """Every room that an account is joined to, as the homeserver says, also of one that has ended."""
        assert self._administrator is not None
        return await self._administrator.rooms_of(user_id)

    def rows(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Read the database file."""
        connection = sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=30)
        try:
            return connection.execute(statement, values).fetchall()
        finally:
            connection.close()

    def count(self, statement: str, *values: Any) -> int:
        """One number from the database file."""
        return int(self.rows(statement, *values)[0][0])

    async def quiet(self, events: Sequence[str], within: float) -> bool:
        """Wait until these events have been handled and nothing is on its way; False when that takes too long."""
        try:
            await self.until(lambda: asyncio.to_thread(self._is_quiet, events), within)
        except TimeoutError:
            return False
        return True

    async def until(self, holds: Callable[[], Any], within: float) -> None:
        """Wait until something holds.

        Raises:
            TimeoutError: it did not, with the bot's last words in the message.
        """
        deadline = asyncio.get_running_loop().time() + within
        while not await holds():
            if asyncio.get_running_loop().time() > deadline:
                raise TimeoutError(self.last_words())
            await asyncio.sleep(POLL)

    def last_words(self) -> str:
        """The end of the bot's log."""
        log = self.folder / "log"
        return log.read_text(errors="replace")[-3000:] if log.exists() else ""

    async def close(self) -> None:
        """End every process that was started here."""
        for life in self._lives:
            await life.kill()

    async def _is_in(self, person: HttpPerson, key: str) -> bool:
        return self.rooms[key] in await person.joined()

    def _is_quiet(self, events: Sequence[str]) -> bool:
        if self.count("SELECT count(*) FROM inbox WHERE state = 'new'"):
            return False
        if self.count("SELECT count(*) FROM outbox WHERE state = 'open'"):
            return False
        if self.count("SELECT count(*) FROM task WHERE state = 'open'"):
            return False
        known = {row[0] for row in self.rows("SELECT event_id FROM inbox")}
        return known.issuperset(events)


@asynccontextmanager
async def stage(homeserver: LocalHomeserver, folder: Path, *, extra_rooms: int = 0) -> AsyncIterator[Stage]:
    """A community that is prepared, with no room made yet."""
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        proxy = FaultProxy(homeserver.base_url)
        await proxy.start()
        made = Stage(homeserver, proxy, folder, session, extra_rooms)
        try:
            await made.prepare()
            yield made
        finally:
            await made.close()
            await proxy.stop()


def declare(folder: Path, suffix: str, extra_rooms: int) -> None:
    """A copy of the declared community with an address of its own, and more topical rooms."""
    shutil.copytree(DECLARED, folder)
    path = folder / "rooms.yaml"
    text = path.read_text(encoding="utf-8").replace("alias: reception", f"alias: reception-{suffix}")
    for number in range(extra_rooms):
        text += (
            f"  topic-{number:03}:\n    title: Topic {number}\n    topic: Topic {number}\n"
            f"    purpose: A topical room.\n    readers: community\n    entry: free\n"
        )
    path.write_text(text, encoding="utf-8")
