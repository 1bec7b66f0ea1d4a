"""Where the parts meet: builds the core and every feature, and runs them together."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from typing import Any, cast

from sqlmodel import Session

from copp_bot.core import databases, files
from copp_bot.core.cascade import Cascade
from copp_bot.core.classify import Classifier
from copp_bot.core.clock import Clock, SystemClock
from copp_bot.core.commands.declare import Command
from copp_bot.core.commands.dispatcher import Dispatcher, House
from copp_bot.core.commands.help import by_path, help_command
from copp_bot.core.direct import DirectChats
from copp_bot.core.effects import Batch, RowEffects
from copp_bot.core.errors import SetupError
from copp_bot.core.feature import Core, Feature, TaskKind
from copp_bot.core.gaps import Gaps
from copp_bot.core.health import Health, look
from copp_bot.core.housekeeping import Housekeeping
from copp_bot.core.i18n import deferred
from copp_bot.core.i18n import gettext as _
from copp_bot.core.ids import UserId
from copp_bot.core.intake import Intake
from copp_bot.core.matrix.port import Homeserver, MatrixError, UnknownToken
from copp_bot.core.metrics import Metrics
from copp_bot.core.outbox import Outbox
from copp_bot.core.own_acts import OwnActs
from copp_bot.core.recall import Recall
from copp_bot.core.rewound import Rewound
from copp_bot.core.scheduler import Scheduler
from copp_bot.core.settings import Settings
from copp_bot.core.store import inbox, people
from copp_bot.core.store.inbox import InboxState
from copp_bot.core.tasks import Tasks
from copp_bot.core.web.serving import Base
from copp_bot.core.web.site import Site
from copp_bot.core.worker import Handlers, Listeners, Worker
from copp_bot.rooms import opened
from copp_bot.rooms.declared import Declaration, declared_rooms
from storage.database import Database
from storage.errors import TakenElsewhere

log = logging.getLogger(__name__)
FEATURES = (
    "activity",
    "audit",
    "blogs",
    "cases",
    "groups",
    "journal",
    "library",
    "meetings",
    "profile",
    "roles",
    "rooms",
    "search",
    "stewards",
    "web",
    "welcome",
)
WISHES_SECONDS = 5.0
"""How long an operator's wish from the command line may wait."""
CORE_PERMISSIONS = {"help": deferred("see what one can do")}


class App:
    """The whole bot, built and ready to run.

    Args:
        homeserver: the bot's account, signed in.
        database: at the newest schema.
        declared: the checked declaration.
    """

    def __init__(
        self,
        settings: Settings,
        homeserver: Homeserver,
        database: Database,
        declared: Declaration,
        clock: Clock | None = None,
    ) -> None:
        self.settings = settings
        self.database = database
        self.clock = clock or SystemClock()
        self.declared = declared
        homeserver = cast("Homeserver", OwnActs(homeserver, database, self.clock, self._wake))
        self.homeserver = homeserver
        policy = declared.policy(settings.user_id.split(":", 1)[1])
        core = Core(settings, database, policy, self.clock, homeserver, declared.directory())
        self.core = core
        self.features = build_features(core)
        check_names(declared, self.features)
        self.commands = commands_of(self.features, core.rooms.text)
        self.metrics = Metrics()
        self.recall = Recall(homeserver, database, self.clock)
        self.outbox = Outbox(homeserver, database, self.clock, self.metrics)
        direct = DirectChats(homeserver, database, self.clock)
        self.classifier = Classifier(settings.bot, core.rooms.offers, self._reactions())
        self.worker = Worker(self._handlers(direct), database, self.clock, self._committed, self.metrics)
        restored = [feature.restored for feature in self.features if feature.restored is not None]
        self.rewound = Rewound(homeserver, database, self.clock, restored)
        self.intake = Intake(
            homeserver,
            database,
            self.clock,
            self.classifier,
            on_rows=self.worker.wake,
            unmarked=self.outbox.unmarked,
            metrics=self.metrics,
        )
        self.intake.is_rewound, self.intake.ready = self._is_rewound, core.synced
        kinds = [
            *direct.kinds(),
            Gaps(homeserver, self.classifier).kind(),
            files.delete_kind(settings.data_dir, homeserver.administration),
            *(kind for feature in self.features for kind in feature.tasks),
        ]
        self.tasks = Tasks(_by_kind(kinds), database, self.clock, self._task_done, self.metrics)
        jobs = [job for feature in self.features for job in feature.jobs]
        self.scheduler = Scheduler(jobs, database, self.clock, declared.zone, self._committed, self.metrics)
        self.housekeeping = Housekeeping(database)
        base = Base(settings, database, policy, self.clock, core.rooms, self._committed)
        self.site = Site(declared.title, base, self.features, self.health, self.metrics.exposition)
        self.web_port: int | None = None

    async def run(self) -> None:
        """Run until cancelled.

        Raises:
            SetupError: the homeserver does not know the access token any more, the web port is taken, or another
                instance has taken the database.
        """
        await opened.refresh(declared_rooms(self.core.rooms), self.database)
        self.web_port = await self.site.start(self.settings.web_host, self.settings.web_port)
        try:
            await self.recall.patiently(asyncio.sleep)
            await self.database.write(self._started)
            await self._lift_rate_limit()
            await self._learn_own_name()
            async with asyncio.TaskGroup() as group:
                for part in self._parts():
                    group.create_task(part())
        except* UnknownToken:
            raise SetupError(
                _("The homeserver does not know the bot's access token any more."),
                _("Start again with COPP_PASSWORD set, or with a new COPP_ACCESS_TOKEN."),
            ) from None
        except* TakenElsewhere as group:
            raise databases.explain(group.exceptions[0], self.settings.database) from None
        finally:
            with suppress(Exception):
                await self.site.stop()

    async def settled(self) -> None:
        """Wait until everything that came in has been handled, done and sent."""
        await self.worker.idle()
        await self.tasks.settled()
        await self.outbox.drained()

    async def health(self) -> Health:
        """How the bot is."""
        return await look(self.intake, self.outbox, self.database, self.clock, self.homeserver.clock_skew)

    def _parts(self) -> tuple[Callable[[], Coroutine[Any, Any, None]], ...]:
        running = (self.outbox.run, self.worker.run, self.tasks.run, self.scheduler.run, self.intake.run)
        return (*running, self.housekeeping.run, self.database.watch, self._wishes)

    async def _wishes(self) -> None:
        """Look for what ``copp-bot quarantine`` and ``copp-bot jobs`` have written into the database."""
        while True:
            try:
                await self.look_for_wishes()
            except Exception:  # a full disk must not end the bot
                log.exception("an operator's wishes could not be looked for")
            await asyncio.sleep(WISHES_SECONDS)

    async def look_for_wishes(self) -> None:
        """One look."""
        if await self.database.read(lambda session: inbox.count(session, InboxState.NEW)):
            self.worker.wake()
        await self.scheduler.run_wishes()

    def _started(self, session: Session) -> None:
        now = self.clock.now()
        effects = RowEffects(session, now, f"start:{now.isoformat()}", Batch())
        for feature in self.features:
            if feature.started is not None:
                feature.started(effects)
        effects.batch.flush(session)

    def _handlers(self, direct: DirectChats) -> Handlers:
        settings = self.settings
        house = House(
            bot=settings.bot,
            server=settings.user_id.split(":", 1)[1],
            policy=self.core.policy,
            zone=self.declared.zone,
            language=self.declared.language,
            commands=self.commands,
        )
        return Handlers(
            settings.bot,
            Dispatcher(house),
            Cascade(
                {kind.kind: kind for feature in self.features for kind in feature.items},
                [feature.redacted for feature in self.features if feature.redacted is not None],
            ),
            direct,
            Listeners(
                [handler.run for feature in self.features for handler in feature.memberships],
                [watcher.run for feature in self.features for watcher in feature.states],
                [handler.run for feature in self.features for handler in feature.talk],
                [handler for feature in self.features for handler in feature.threads],
                self._reactions(),
            ),
            {offer.name: offer for feature in self.features for offer in feature.offers},
            self.core.rooms.offers,
        )

    def _reactions(self) -> dict[str, str]:
        return {key: command for feature in self.features for key, command in feature.reactions.items()}

    async def _is_rewound(self) -> bool:
        batch = await self.rewound.look()
        if batch is not None:
            self._committed(batch)
        return batch is not None

    def _committed(self, batch: Batch) -> None:
        self.outbox.cancel(batch.cancelled)
        self.outbox.give(batch.outgoing)
        for person in batch.reachable:
            self.outbox.direct_ready(person)
        self.tasks.wake()

    def _task_done(self, batch: Batch) -> None:
        """A task may have filled the inbox: what a gap had hidden."""
        self._committed(batch)
        self.worker.wake()

    def _wake(self) -> None:
        self.worker.wake()

    async def _lift_rate_limit(self) -> None:
        if self.homeserver.administration is None:
            return
        try:
            await self.homeserver.administration.lift_rate_limit(self.settings.bot)
        except MatrixError as error:
            log.warning("the rate limit could not be lifted: %s", error.errcode)

    async def _learn_own_name(self) -> None:
        """By which people speak to the bot; the sync brings no events of its own."""
        try:
            name = await self.homeserver.profile_name(self.settings.bot)
        except MatrixError as error:
            log.warning("the bot's own name could not be asked for: %s", error.errcode)
            return

        def keep(session: Session) -> None:
            people.ensure(session, self.settings.bot, self.clock.now()).display_name = name

        if name:
            self.classifier.names.add(name)
        await self.database.write(keep)


def build_features(core: Core) -> tuple[Feature, ...]:
    """Every feature, in alphabetical order."""
    return tuple(import_module(f"copp_bot.features.{name}.feature").build(core) for name in FEATURES)


def unconnected_features(settings: Settings, declared: Declaration) -> tuple[Feature, ...]:
    """Every feature, without a homeserver or a database: what they declare needs neither."""
    nobody, database = cast("Homeserver", _Nobody(settings.bot)), cast("Database", None)
    return build_features(Core(settings, database, declared.policy(), SystemClock(), nobody, declared.directory()))


@dataclass(frozen=True)
class _Nobody:
    """Stands where the homeserver would be; asked for nothing but its absence."""

    user_id: UserId
    administration: None = None


def check_names(declared: Declaration, features: tuple[Feature, ...]) -> None:
    """Raise DeclarationError for a permission or an offer that no feature has."""
    declared.check_names(permissions_of(features), {offer.name for feature in features for offer in feature.offers})


def permissions_of(features: tuple[Feature, ...]) -> frozenset[str]:
    """Every permission name that is asked for somewhere."""
    return frozenset(CORE_PERMISSIONS).union(*(feature.permissions for feature in features))


def commands_of(features: tuple[Feature, ...], text: Callable[[str, str], str]) -> dict[str, Command]:
    """Every command by path, ``help`` among them; ``text`` gives declared texts by name and language."""
    topics = [(feature.name, feature.summary, feature.commands) for feature in features]
    helping = help_command(topics, text)
    return dict(by_path([*topics, (helping.path, helping.summary, (helping,))]))


def _by_kind(kinds: list[TaskKind]) -> dict[str, TaskKind]:
    return {kind.kind: kind for kind in kinds}
