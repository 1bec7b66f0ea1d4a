"""``copp-bot demo``: a homeserver, the bot and a community that lives, with one command; all of it ends together.

The rule it keeps: whatever was begun is gone on with at the next start, and no process is left behind.
"""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Coroutine, Iterator
from typing import Any, TypeVar

import aiohttp
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from copp_bot.core.i18n import gettext as _
from copp_bot.demo import prepare, table
from copp_bot.demo.bot_process import Bot, BotSettings, rooms_config
from copp_bot.demo.homeserver import LocalHomeserver
from copp_bot.demo.keep import Journal, passwords
from copp_bot.demo.people import BOT, OPERATOR, community
from copp_bot.demo.prepare import Ground
from copp_bot.demo.ready import Ready, declared_rooms, described
from copp_bot.demo.seed import Stage, seed
from copp_bot.demo.start import DemoOptions

T = TypeVar("T")


async def demo(options: DemoOptions, console: Console | None = None) -> int:
    """Run the demonstration until Ctrl-C or SIGTERM, or until the homeserver ends; ``start`` holds its folder.

    Args:
        options: with a web port that is free, not 0.

    Returns:
        Exit code: 0 when it was asked to end, 1 when the homeserver ended by itself.

    Raises:
        SetupError: something is in the way, such as a taken port; nothing is left running.
    """
    console = console or Console()
    running = asyncio.ensure_future(_Demonstration(options, console).run())
    loop = asyncio.get_running_loop()
    asked = asyncio.Event()

    def end() -> None:
        asked.set()
        running.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, end)
    try:
        return await running
    except asyncio.CancelledError:
        if not asked.is_set():
            raise
        console.print(_("The demonstration has ended. “copp-bot demo” goes on with the same data."))
        return 0
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


class _Demonstration:
    """One run."""

    def __init__(self, options: DemoOptions, console: Console) -> None:
        self.options = options
        self.console = console
        self.folder = options.data_dir.absolute()
        self.community = community()
        self.ready: Ready | None = None
        self.problems: list[str] = []

    async def run(self) -> int:
        """Bring everything up, say so, and watch over it."""
        async with contextlib.AsyncExitStack() as stack:
            ground = await self._ground(stack)
            # Watched from the first: without the homeserver everything else would wait for it.
            gone = await stack.enter_async_context(_beside(ground.homeserver.wait()))
            work = await stack.enter_async_context(_beside(self._work(ground)))
            stack.callback(self._unready)  # before anything that it promises ends
            await asyncio.wait({gone, work}, return_when=asyncio.FIRST_COMPLETED)
            if not gone.done():
                work.result()
            return self._farewell(await gone)

    async def _ground(self, stack: contextlib.AsyncExitStack) -> Ground:
        """The homeserver runs, until the stack is closed."""
        names = [*(a.localpart for a in self.community.accounts), BOT, OPERATOR]
        secrets = passwords(self.folder / "passwords.json", names)
        progress = stack.enter_context(_progress(self.console))
        with _step(progress, _("The homeserver starts")):
            homeserver = await LocalHomeserver.start(self.folder / "homeserver", self.options.homeserver_port)
        stack.push_async_callback(homeserver.stop)
        http = await stack.enter_async_context(aiohttp.ClientSession())
        return Ground(homeserver, http, self.community, secrets, progress)

    async def _prepared(self, ground: Ground) -> BotSettings:
        """Accounts, the bot's freedom from rate limits, and the declared rooms."""
        journal = Journal(self.folder / "prepared.json")
        await prepare.make_accounts(ground, journal)
        operator = await ground.login(OPERATOR)
        await prepare.lift_rate_limits(ground, operator)
        settings = BotSettings(
            homeserver=ground.homeserver.base_url,
            user_id=ground.user_id(BOT),
            password=ground.passwords[BOT],
            admin_token=str(operator.token),
            folder=self.folder / "bot",
            rooms_config=rooms_config(),
            web_port=self.options.web_port,
        )
        self.problems += await prepare.make_rooms(ground, settings, journal)
        return settings

    async def _live(self, ground: Ground, bot: Bot) -> None:
        """Wait for the bot, seed what is missing, then say that everything answers."""
        with _step(ground.progress, _("The bot starts")):
            await bot.ready()
        as_bot = await ground.login(BOT)
        rooms = await declared_rooms(as_bot)
        journal = Journal(self.folder / "seed.json")
        await prepare.invite_members(ground, as_bot, rooms, journal)
        if "seeded" not in journal:
            people = await prepare.sign_in(ground)
            stage = Stage(self.community, people, as_bot.user_id, rooms, journal, ground.progress)
            if not await seed(stage):
                journal.mark("seeded")
            self.problems += stage.problems
        ground.progress.stop()
        self._announce(ground, bot, rooms)

    def _announce(self, ground: Ground, bot: Bot, rooms: dict[str, str]) -> None:
        self.ready = Ready(
            homeserver=ground.homeserver.base_url,
            web=bot.settings.web,
            bot=bot.settings.user_id,
            database=bot.settings.database,
            pids={"bot": bot.pid, "homeserver": ground.homeserver.pid},
            accounts=described(self.community, ground.homeserver.server_name, ground.passwords),
            rooms=rooms,
        )
        table.show(self.console, self.ready, self.community)
        if self.problems:
            self.console.print(_("Some things did not work; the next start tries them again:"), style="yellow")
        for problem in self.problems:
            self.console.print(f" · {problem}", style="yellow", markup=False)
        self._write_ready()

    def _restarted(self, pid: int) -> None:
        """The bot had died and is there again."""
        self.console.print(_("The bot had ended and was started again (process {pid}).").format(pid=pid))
        if self.ready is not None:
            self.ready = self.ready.with_bot_pid(pid)
            self._write_ready()

    def _write_ready(self) -> None:
        if self.ready is not None and self.options.ready_file is not None:
            self.ready.write(self.options.ready_file)

    def _unready(self) -> None:
        """Nothing says any more that everything answers."""
        if self.options.ready_file is not None:
            self.options.ready_file.unlink(missing_ok=True)

    async def _work(self, ground: Ground) -> None:
        """The bot runs, and the community lives; never returns."""
        bot = Bot(await self._prepared(ground), self.folder / "bot.log", self._restarted)
        async with _beside(bot.keep_running()) as keeping, _beside(self._live(ground, bot)) as living:
            await asyncio.gather(keeping, living)

    def _farewell(self, code: int) -> int:
        """The homeserver has ended by itself."""
        log = self.folder / "homeserver" / "homeserver.log"
        self.console.print(
            _("The homeserver has ended (code {code}); {log} says why. Start again with “copp-bot demo”.").format(
                code=code, log=log
            ),
            style="red",
        )
        return 1


@contextlib.asynccontextmanager
async def _beside(work: Coroutine[Any, Any, T]) -> "AsyncIterator[asyncio.Task[T]]":
    """The work goes on during the block, and has ended after it."""
    task = asyncio.create_task(work)
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait({task})


@contextlib.contextmanager
def _step(progress: Progress, title: str) -> Iterator[None]:
    bar = progress.add_task(title, total=1)
    yield
    progress.advance(bar)


def _progress(console: Console) -> Progress:
    return Progress(
        SpinnerColumn(finished_text="✓"),
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
    )
