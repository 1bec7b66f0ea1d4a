"""The task runner: durable work that needs the network or heavy computing.

The rule it keeps: a task may be cut off at any moment and run again, so it looks before it repeats; what it
found is written in one transaction with its done mark. Passing failures are waited out, refusals are tried five
times, and giving up has a sentence.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from sqlmodel import Session

from copp_bot.core import backoff, failpoint
from copp_bot.core.clock import Clock
from copp_bot.core.effects import Batch, RowEffects
from copp_bot.core.errors import UserError
from copp_bot.core.feature import TaskKind
from copp_bot.core.i18n import gettext as _
from copp_bot.core.logs import about
from copp_bot.core.matrix.port import RateLimited, UnknownToken
from copp_bot.core.matrix.restraint import LONGEST_SHARED
from copp_bot.core.metrics import Metrics
from copp_bot.core.store import tasks as store
from copp_bot.core.store.tasks import TaskRow, TaskState
from storage.database import Database

log = logging.getLogger(__name__)
AT_ONCE = 6
BULK_AT_ONCE = 4
"""Bulk work leaves room for what someone waits for."""
LOOK_AGAIN = 30.0
"""Seconds after which the table is looked at even if nobody called."""

Committed = Callable[[Batch], None]
"""Called on the event loop with what a transaction wrote, after its commit."""


class Tasks:
    """Runs what is due.

    Args:
        committed: hands the messages of a finished task to the sender.
    """

    def __init__(
        self,
        kinds: Mapping[str, TaskKind],
        database: Database,
        clock: Clock,
        committed: Committed,
        metrics: Metrics | None = None,
    ) -> None:
        self._kinds = kinds
        self._metrics = metrics or Metrics()
        self._bulk = frozenset(kind.kind for kind in kinds.values() if kind.is_bulk)
        self._database = database
        self._clock = clock
        self._committed = committed
        self._running: dict[int, asyncio.Task[None]] = {}
        self._kinds_running: dict[int, str] = {}
        self._ended: set[int] = set()
        """What ended since the table was last looked at: that look may still show it as open."""
        self._held: dict[str, datetime] = {}
        """Bulk kinds -> until when the homeserver asked to wait: one of them asks for all."""
        self._limited: set[str] = set()
        """Bulk kinds that the homeserver has slowed down: they run one at a time from then on."""
        self._wake = asyncio.Event()
        self._settled = asyncio.Event()

    def wake(self) -> None:
        """There may be something to do."""
        self._settled.clear()
        self._wake.set()

    async def settled(self) -> None:
        """Wait until nothing is due and nothing runs."""
        await self._settled.wait()

    async def run(self) -> None:
        """Run tasks until cancelled."""
        async with asyncio.TaskGroup() as group:
            while True:
                self._wake.clear()
                await self._start_due(group)
                await self._rest()

    async def _start_due(self, group: asyncio.TaskGroup) -> None:
        now = self._clock.now()
        self._ended.clear()
        self._held = {kind: until for kind, until in self._held.items() if until > now}
        held = set(self._held) | (self._limited & set(self._kinds_running.values()))
        rows = await self._database.read(lambda session: store.due(session, now, AT_ONCE * 4, self._bulk, held))
        for row in rows:
            most = BULK_AT_ONCE if row.kind in self._bulk else AT_ONCE
            if len(self._running) >= most:
                return
            if row.kind in self._held or (row.kind in self._limited and row.kind in self._kinds_running.values()):
                continue
            if row.id is not None and row.id not in self._running and row.id not in self._ended:
                self._kinds_running[row.id] = row.kind
                self._running[row.id] = group.create_task(self._run_one(row))

    async def _rest(self) -> None:
        held = dict(self._held)
        following = await self._database.read(lambda session: store.next_due(session, held))
        moments = [*held.values(), *([following] if following and not self._running else [])]
        wait = LOOK_AGAIN
        if moments:
            wait = min(LOOK_AGAIN, max(0.0, (min(moments) - self._clock.now()).total_seconds()))
        if not self._running and wait > 0 and not self._wake.is_set():
            self._settled.set()
        try:
            async with asyncio.timeout(max(wait, 0.01)):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _run_one(self, row: TaskRow) -> None:
        assert row.id is not None
        try:
            with about(f"t{row.id}"):
                await self._run_safely(row)
        finally:
            del self._running[row.id], self._kinds_running[row.id]
            self._ended.add(row.id)
            self._wake.set()

    async def _run_safely(self, row: TaskRow) -> None:
        try:
            await self._attempt(row)
        except UnknownToken:
            raise
        except Exception as error:
            try:
                await self._failed(row, error)
            except Exception:  # a full disk must not end the runner; the task is still open
                log.exception("what became of task %s (%s) could not be written", row.id, row.kind)
                await asyncio.sleep(backoff.delay(backoff.ATTEMPTS))

    async def _failed(self, row: TaskRow, error: Exception) -> None:
        if isinstance(error, UserError):
            await self._give_up(row, error.sentence, "refused")
        else:
            await self._try_later(row, error)

    async def _attempt(self, row: TaskRow) -> None:
        kind = self._kinds.get(row.kind)
        if kind is None:
            raise LookupError(f"no task of kind {row.kind}")
        failpoint.reached("tasks.starting")
        effect = await kind.run(row.payload)
        failpoint.reached("tasks.ran")
        was_open = await self._write(row, effect or _nothing, TaskState.DONE)
        if not was_open and kind.dropped is not None:
            kind.dropped(row.payload)

    async def _try_later(self, row: TaskRow, error: Exception) -> None:
        passing = backoff.is_passing(error)
        if isinstance(error, RateLimited):
            self._metrics.rate_limited.inc()
        attempts = row.attempts + (0 if passing else 1)
        if attempts >= backoff.ATTEMPTS:
            log.error("task %s (%s) given up", row.id, row.kind, exc_info=error)
            sentence = _("It did not work, and I have stopped trying. The Secretariat can see why (ref {ref}).")
            await self._give_up(row, sentence.format(ref=f"t{row.id}"), backoff.reason(error))
            return
        log.info("task %s (%s) waits: %s", row.id, row.kind, backoff.reason(error))
        self._metrics.tasks.labels(outcome="postponed").inc()
        until = self._clock.now() + timedelta(seconds=backoff.delay(max(attempts, 1) + row.attempts, error))
        if row.kind in self._bulk and isinstance(error, RateLimited) and error.retry_after <= LONGEST_SHARED:
            self._limited.add(row.kind)
            self._held[row.kind] = max(until, self._held.get(row.kind, until))
        await self._database.write(
            lambda session: store.postpone(session, row.id or 0, until, attempts, backoff.reason(error))
        )

    async def _give_up(self, row: TaskRow, sentence: str, reason: str) -> None:
        kind = self._kinds.get(row.kind)
        failed = kind.failed if kind else None

        def effect(effects: RowEffects) -> None:
            if failed is not None:
                failed(effects, row.payload, sentence)

        try:
            await self._write(row, effect, TaskState.FAILED, reason)
        except Exception:
            log.exception("that task %s (%s) was given up could not be said", row.id, row.kind)
            await self._write(row, _nothing, TaskState.FAILED, reason)

    async def _write(
        self, row: TaskRow, effect: Callable[[RowEffects], None], state: TaskState, error: str | None = None
    ) -> bool:
        """Write how it ended and what follows; False when it was taken back while it ran."""
        now = self._clock.now()
        batch = await self._database.write(lambda session: _end(session, row, effect, state, now, error))
        failpoint.reached("tasks.committed")
        if batch is not None:
            self._metrics.tasks.labels(outcome=state.value).inc()
            self._committed(batch)
        return batch is not None


def _end(
    session: Session,
    row: TaskRow,
    effect: Callable[[RowEffects], None],
    state: TaskState,
    now: datetime,
    error: str | None,
) -> Batch | None:
    current = session.get(TaskRow, row.id)
    if current is None or current.state is not TaskState.OPEN:
        return None  # taken back while it ran
    effects = RowEffects(session, now, f"task:{row.marker}", Batch())
    effect(effects)
    effects.batch.flush(session)
    store.end(session, row.id or 0, state, now, error)
    failpoint.reached("tasks.ending")
    return effects.batch


def _nothing(effects: RowEffects) -> None:
    """A task that writes nothing but its end."""
