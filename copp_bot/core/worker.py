"""The worker: inbox events, in sync order, into effects, outbox, tasks and done marks, one transaction per batch.

The rule it keeps: an event that makes a handler fail is quarantined with a reference, answered once, and never
thrown up the stack; the others of its batch are not touched by it.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlmodel import Session

from copp_bot.core import backoff, failpoint, mirror, prompts
from copp_bot.core.cascade import Cascade
from copp_bot.core.clock import Clock
from copp_bot.core.commands.dispatcher import Dispatcher
from copp_bot.core.context import Place
from copp_bot.core.direct import DirectChats
from copp_bot.core.effects import Batch, RowEffects
from copp_bot.core.feature import FileOffer, ThreadHandler
from copp_bot.core.ids import EventId, ItemId, RoomId, UserId
from copp_bot.core.logs import about, ref_of
from copp_bot.core.matrix import events
from copp_bot.core.matrix.port import ENCRYPTION, Edit, Event, Membership, Message, Reaction, Redaction, State
from copp_bot.core.metrics import Metrics
from copp_bot.core.own_acts import OWN_MEMBER, is_news
from copp_bot.core.store import inbox as store
from copp_bot.core.store import items as items_store
from copp_bot.core.store.inbox import InboxRow, InboxState
from copp_bot.core.talk import Talk, of_row
from storage.database import Database

log = logging.getLogger(__name__)
BATCH = 50
StateListener = Callable[[RowEffects, Place, State], None]
TalkListener = Callable[[RowEffects, Place, Talk], None]


@dataclass(frozen=True)
class Listeners:
    """Who hears, in the same transaction, of memberships, of state in declared rooms, of what newcomers say and are
    answered, and of replies in threads.
    """

    memberships: Sequence[mirror.MembershipListener] = ()
    states: Sequence[StateListener] = ()
    talk: Sequence[TalkListener] = ()
    threads: Sequence[ThreadHandler] = ()
    reactions: Mapping[str, str] = field(default_factory=dict)


class Handlers:
    """Routes one event to the part that handles it. Built by ``app.py``."""

    def __init__(
        self,
        bot: UserId,
        dispatcher: Dispatcher,
        cascade: Cascade,
        direct: DirectChats,
        listeners: "Listeners",
        offers: Mapping[str, FileOffer],
        offered_in: Callable[[str], tuple[str, ...]],
    ) -> None:
        self.bot = bot
        self.dispatcher = dispatcher
        self._cascade = cascade
        self._direct = direct
        self._listeners = listeners
        self._offers = offers
        self._offered_in = offered_in

    def handle(self, effects: RowEffects, row: InboxRow) -> None:
        """Handle one row inside the running transaction."""
        room_id = RoomId(row.room_id)
        body: dict[str, Any] = row.body or {}
        if row.kind == "block":
            mirror.apply_block(effects, room_id, body.get("events", []), self.bot, self._heard(body))
            if any(raw.get("type") == ENCRYPTION for raw in body.get("events", [])):
                self._direct.encrypted(effects, room_id)
        elif row.kind == "invite":
            self._direct.invited(effects, room_id, body.get("events", []))
        elif row.kind == "left":
            mirror.left(effects.session, room_id)
        elif row.kind == OWN_MEMBER:
            self._own_act(effects, row, body)
        elif row.kind == "talk":
            self._talk(effects, of_row(room_id, UserId(row.sender), row.sent_at, body))
        else:
            event = events.parse(body, room_id)
            if event is not None:
                self._event(effects, event)

    def foresee(self, session: Session, row: InboxRow) -> None:
        """Let a redaction or an edit that waits behind its message reach the message before it is acted on."""
        if row.kind not in ("redaction", "edit"):
            return
        event = events.parse(row.body, RoomId(row.room_id))
        if isinstance(event, Redaction):
            self._cascade.drop_pending(session, event)
        elif isinstance(event, Edit) and self._cascade.edit_pending(session, event):
            row.state, row.body = InboxState.DONE, None
            session.flush()

    def _own_act(self, effects: RowEffects, row: InboxRow, body: dict[str, Any]) -> None:
        room_id = RoomId(row.room_id)
        if is_news(effects.session, room_id, body):
            person, event_id = UserId(body["user_id"]), EventId(row.event_id)
            event = Membership(event_id, room_id, UserId(row.sender), row.sent_at, person, body["membership"])
            mirror.apply_membership(effects, event, self.bot, self._listeners.memberships)

    def _talk(self, effects: RowEffects, talk: Talk) -> None:
        place = mirror.place_of(effects.session, talk.room_id)
        for listener in self._listeners.talk:
            listener(effects, place, talk)

    def _heard(self, body: Mapping[str, Any]) -> Sequence[mirror.MembershipListener]:
        """At the very first sync everyone is there already; nobody has just arrived."""
        return () if body.get("initial") else self._listeners.memberships

    def _event(self, effects: RowEffects, event: Event) -> None:
        place = mirror.place_of(effects.session, event.room_id)
        if isinstance(event, Membership):
            mirror.apply_membership(effects, event, self.bot, self._listeners.memberships)
            if place.is_direct and mirror.place_of(effects.session, event.room_id).is_shared_chat:
                self._direct.shared(effects, event.room_id)
        elif isinstance(event, State):
            self._state(effects, place, event)
        elif isinstance(event, Message):
            self._message(effects, place, event)
        elif isinstance(event, Reaction):
            prompts.by_reaction(effects, place, event, self.dispatcher)
            prompts.by_key(effects, place, event, self.dispatcher, self._listeners.reactions)
        elif isinstance(event, Redaction):
            self._cascade.redacted(effects, event)
        elif isinstance(event, Edit):
            self._cascade.edited(effects, place, event)

    def _state(self, effects: RowEffects, place: Place, event: State) -> None:
        mirror.apply_state(effects, event, self.bot)
        if event.type == ENCRYPTION:
            self._direct.encrypted(effects, event.room_id)
        if place.key is not None and event.sender != self.bot:
            for watcher in self._listeners.states:
                watcher(effects, place, event)

    def _message(self, effects: RowEffects, place: Place, message: Message) -> None:
        if prompts.by_words(effects, place, message, self.dispatcher):
            return
        self._thread(effects, place, message)
        is_file = message.file is not None and not self.dispatcher.is_command(effects, place, message)
        if is_file and self._offer(effects, place, message):
            return
        if is_file and place.is_direct and not message.body:
            self.dispatcher.not_taken(effects, place, message, self._offers.values())
        else:
            self.dispatcher.message(effects, place, message, prompts.choices(effects, place, message))

    def _thread(self, effects: RowEffects, place: Place, message: Message) -> None:
        """What is said below a published item is about it; a command there is a command."""
        if message.thread is None or events.begins_like_command(message.body):
            return
        item = items_store.published_as(effects.session, message.thread)
        for handler in self._listeners.threads if item is not None else ():
            if item is not None and item.kind == handler.kind:
                handler.run(effects, place, ItemId(item.id or 0), message)

    def _offer(self, effects: RowEffects, place: Place, message: Message) -> bool:
        """A file without a command: the features that the room's declaration names may offer to take it."""
        wanted = tuple(self._offers) if place.is_direct else self._offered_in(place.key or "")
        offers = [self._offers[name] for name in wanted if name in self._offers]
        offered = [self.dispatcher.offered(effects, place, message, offer) for offer in offers]
        return any(offered)


class Worker:
    """Empties the inbox.

    Args:
        committed: hands what a transaction wrote to the sender and the task runner.
    """

    def __init__(
        self,
        handlers: Handlers,
        database: Database,
        clock: Clock,
        committed: Callable[[Batch], None],
        metrics: Metrics | None = None,
    ) -> None:
        self._handlers = handlers
        self._database = database
        self._clock = clock
        self._committed = committed
        self._metrics = metrics or Metrics()
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()

    def wake(self) -> None:
        """There is something in the inbox."""
        self._idle.clear()
        self._wake.set()

    async def idle(self) -> None:
        """Wait until the inbox is empty."""
        await self._idle.wait()

    async def run(self) -> None:
        """Handle batches until cancelled. A database that cannot be written is waited for."""
        failures = 0
        while True:
            self._wake.clear()
            try:
                handled = await self.once()
                failures = 0
            except Exception as error:
                failures += 1
                log.exception("the inbox could not be worked on")
                await asyncio.sleep(backoff.delay(failures, error))
                continue
            if not handled and not self._wake.is_set():
                self._idle.set()
                await self._wake.wait()

    async def once(self) -> int:
        """Handle one batch; returns how many events it had."""
        count, batch = await self._database.write(self._batch)
        if count:
            failpoint.reached("worker.committed")
            self._tell(batch)
            self._committed(batch)
        return count

    def _tell(self, batch: Batch) -> None:
        for path, outcome, ref in batch.handled:
            log.info("command %s %s", path, outcome, extra={"ref": ref})
            self._metrics.commands.labels(outcome=outcome).inc()

    def _batch(self, session: Session) -> tuple[int, Batch]:
        now = self._clock.now()
        batch = Batch()
        rows = store.waiting(session, BATCH)
        ended: list[tuple[int, InboxState, str | None]] = []
        for row in rows:
            self._handlers.foresee(session, row)
        for row in rows:
            if row.state is not InboxState.NEW:
                continue  # taken back, or done with, by another event of this batch
            effects = RowEffects(session, now, row.event_id, batch, UserId(row.sender), row.attempts)
            error = self._one(effects, row)
            ended.append((row.id or 0, InboxState.QUARANTINED if error else InboxState.DONE, error))
        store.end(session, ended, now)
        if rows:
            failpoint.reached("worker.ended")
        return len(rows), batch

    def _one(self, effects: RowEffects, row: InboxRow) -> str | None:
        """Handle one row in a savepoint; the reference of what went wrong, if it did."""
        session = effects.session
        savepoint = session.begin_nested()
        trial = effects.fork()
        try:
            with about(ref_of(row.event_id)):
                self._handlers.handle(trial, row)
            trial.batch.flush(session)  # at once: the next event may redact or edit what this one says
            session.flush()
            failpoint.reached("worker.handled")
        except Exception as error:
            savepoint.rollback()
            ref = ref_of(row.event_id)
            log.exception("event %s quarantined (ref %s)", row.event_id, ref)
            self._metrics.quarantined.inc()
            self._apologise(effects, row, ref)
            return f"{ref}: {backoff.reason(error)}"
        savepoint.commit()
        effects.join(trial)
        return None

    def _apologise(self, effects: RowEffects, row: InboxRow, ref: str) -> None:
        """Say that something went wrong; what made the handler fail may make this fail too, and then it is left out."""
        event = events.parse(row.body, RoomId(row.room_id)) if row.kind == "message" else None
        if not isinstance(event, Message):
            return
        trial = effects.fork()
        savepoint = effects.session.begin_nested()
        try:
            place = mirror.place_of(effects.session, event.room_id)
            self._handlers.dispatcher.went_wrong(trial, place, event, ref)
            trial.batch.flush(effects.session)
        except Exception:
            savepoint.rollback()
            log.exception("nor could it be said (ref %s)", ref)
            return
        savepoint.commit()
        effects.join(trial)
