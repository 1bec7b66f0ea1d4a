"""The bot as a process of its own, as an operator runs it: its settings, its start, and its restarts.

The rule it keeps: the bot reads nothing from the surroundings but what is handed to it here, and it never outlives us.
"""

import asyncio
import contextlib
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

import copp_bot
from copp_bot.core.errors import SetupError
from copp_bot.core.i18n import gettext as _
from copp_bot.core.settings import PREFIX
from copp_bot.demo import tether
from copp_bot.demo.ports import free_port

READY_SECONDS = 120.0
STOP_SECONDS = 15.0
POLL = 0.2
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 4.0
STEADY_SECONDS = 60.0
"""A bot that ran this long starts again at once; one that ends sooner is given ever longer pauses."""
EARLY_ENDS = 3
"""So many ends before it was ever ready, and starting it again will not help."""
_LOG_LINES = 12
_PACKAGES = Path(copp_bot.__file__).parent.parent


@dataclass(frozen=True)
class BotSettings:
    """What the bot is told, as an operator's settings would say it.

    Args:
        folder: its data folder.
        rooms_config: the declared community.
        web_port: a free port, not 0: it must stay the same when the bot starts again.
    """

    homeserver: str
    user_id: str
    password: str
    admin_token: str
    folder: Path
    rooms_config: Path
    web_port: int

    @property
    def web(self) -> str:
        """Address of the web pages."""
        return f"http://127.0.0.1:{self.web_port}"

    @property
    def database(self) -> str:
        """SQLAlchemy address of its database."""
        return f"sqlite:///{self.folder / 'copp.sqlite3'}"

    def values(self) -> dict[str, Any]:
        """The settings by the names of ``core.settings.Settings``, among them what a real community's may not say."""
        return {
            "homeserver": self.homeserver,
            "user_id": self.user_id,
            "password": self.password,
            "admin_token": self.admin_token,
            "data_dir": str(self.folder),
            "database_url": self.database,
            "rooms_config": str(self.rooms_config),
            "web_host": "127.0.0.1",
            "web_port": str(self.web_port),
            "web_url": self.web,
            "access_token": None,
            "emergency_creators": [],
            "_env_file": None,
        }

    def environment(self) -> dict[str, str]:
        """The whole environment of the process: ours without its ``COPP_`` variables, and these settings."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        paths = [str(_PACKAGES), *filter(None, [os.environ.get("PYTHONPATH")])]
        told = {f"{PREFIX}{name.upper()}": value for name, value in self.values().items() if isinstance(value, str)}
        return inherited | told | {"PYTHONPATH": os.pathsep.join(paths), "PYTHONUNBUFFERED": "1"}


def rooms_config() -> Path:
    """The declared community: of the working folder, of the source tree, or the one that is installed."""
    places = (Path("rooms_config"), _PACKAGES / "rooms_config", Path(copp_bot.__file__).parent / "starter")
    return next(place for place in places if (place / "community.yaml").exists()).absolute()


@dataclass
class Bot:
    """The running bot.

    Args:
        log: where its output goes.
        restarted: called with the new process id after each start but the first.
    """

    settings: BotSettings
    log: Path
    restarted: Callable[[int], None]
    _process: asyncio.subprocess.Process | None = None
    _ready: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def pid(self) -> int:
        """Process id of the latest start; 0 before the first."""
        return self._process.pid if self._process else 0

    async def ready(self) -> None:
        """Return when it says that it is ready.

        Raises:
            SetupError: it did not within two minutes.
        """
        try:
            async with asyncio.timeout(READY_SECONDS):
                await self._until_it_answers()
        except TimeoutError:
            raise _failure(_("The bot did not become ready within two minutes."), self.log) from None
        self._ready.set()

    async def keep_running(self) -> None:
        """Start it, and start it again whenever it ends; never returns.

        Raises:
            SetupError: it ends again and again before it was ever ready, or somebody else has taken its port.
        """
        pause, ends = FIRST_PAUSE, 0
        while True:
            lived = await self._live()
            ends += 1
            if ends >= EARLY_ENDS and not self._ready.is_set():
                raise _failure(_("The bot ended {count} times before it was ready.").format(count=ends), self.log)
            pause = FIRST_PAUSE if lived > STEADY_SECONDS else min(pause * 2, LONGEST_PAUSE)
            await asyncio.sleep(pause)

    async def _live(self) -> float:
        """One life of the process, in seconds."""
        loop = asyncio.get_running_loop()
        is_first, born = self._process is None, loop.time()
        if not self._ready.is_set():  # the bot itself would speak of a setting, not of the option
            free_port(self.settings.web_port, "--web-port")
        self._process = await _start(self.settings, self.log)
        if not is_first:
            self.restarted(self._process.pid)
        try:
            await self._process.wait()
        finally:
            await _end(self._process)
        return loop.time() - born

    async def _until_it_answers(self) -> None:
        while True:
            if await self._answers():
                return
            await asyncio.sleep(POLL)

    async def _answers(self) -> bool:
        try:
            async with aiohttp.ClientSession() as http, http.get(f"{self.settings.web}/readyz") as answer:
                return answer.status == 200
        except aiohttp.ClientError:
            return False


async def _start(settings: BotSettings, log: Path) -> asyncio.subprocess.Process:
    settings.folder.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        return await asyncio.create_subprocess_exec(
            *tether.command("copp_bot", "run"),
            cwd=settings.folder,  # a .env of the working folder is not meant for the demonstration
            env=settings.environment(),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


async def _end(process: asyncio.subprocess.Process) -> None:
    """Ask it to end, and make it when it takes too long."""
    if process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), STOP_SECONDS)
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _failure(problem: str, log: Path) -> SetupError:
    words = "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-_LOG_LINES:])
    return SetupError(problem, _("Its last words are below, all of them in {log}:").format(log=log) + f"\n{words}")
