"""The sender: puts committed rows on the homeserver, in order per lane, eight in flight.

The rule it keeps: a row is sent under its own transaction id until the homeserver has answered, and marked
afterwards; after a crash the open rows are sent again under the same id, which the homeserver recognises. A row
older than that memory is looked for in the timeline first; what ``recall.py`` has found said is not sent at all.
"""

import asyncio
import heapq
import logging
from collections import OrderedDict, defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from copp_bot.core import backoff, failpoint
from copp_bot.core.clock import Clock
from copp_bot.core.ids import EventId, RoomId, TxnId, UserId
from copp_bot.core.matrix.port import TXN_FIELD, Homeserver, JsonDict, MatrixError, RateLimited, UnknownToken
from copp_bot.core.metrics import Metrics
from copp_bot.core.store import outbox as store
from copp_bot.core.store import rooms as rooms_store
from copp_bot.core.store import said as said_store
from copp_bot.core.unmarked import Unmarked
from storage.database import Database

log = logging.getLogger(__name__)
IN_FLIGHT = 8
REMEMBERED = timedelta(hours=23)
"""Homeservers forget transaction ids after 24 h."""
REDACTION = "m.room.redaction"
KNOWN_EVENTS = 5000
ALREADY_THERE = "M_DUPLICATE_ANNOTATION"
"""Our reaction is on the message already."""
LOOK_BACK_PAGES = 20
ATTEMPTS_BEFORE_LONG_WAIT = 3


@dataclass(order=True)
class Outgoing:
    """One row on its way."""

    priority: int
    order: int
    txn_id: TxnId
    target: str
    lane: str
    event_type: str
    content: dict[str, Any]
    redacts: str | None
    created_at: datetime
    attempts: int = 0


class Outbox:
    """Sends what the worker has committed.

    ``give`` and ``cancel`` are called on the event loop. Messages to a person who has no direct chat yet wait until
    ``direct_ready`` says that it has been made.
    """

    def __init__(
        self, homeserver: Homeserver, database: Database, clock: Clock, metrics: Metrics | None = None
    ) -> None:
        self._homeserver = homeserver
        self._metrics = metrics or Metrics()
        self._database = database
        self._clock = clock
        self._lanes: dict[str, deque[Outgoing]] = defaultdict(deque)
        self._ready: list[tuple[int, int, str]] = []
        self._busy: set[str] = set()
        self._waiting_for_room: dict[str, list[str]] = defaultdict(list)
        self._waiting_for_txn: dict[TxnId, list[str]] = defaultdict(list)
        self._open: set[TxnId] = set()
        self._event_ids: OrderedDict[TxnId, EventId] = OrderedDict()
        self._sent: list[tuple[str, str, str, datetime]] = []
        self._said: dict[str, tuple[str, str]] = {}
        self.unmarked = Unmarked()
        self._order = 0
        self._wake = asyncio.Event()
        self._marks = asyncio.Event()
        self._paused_until = 0.0
        self._idle = asyncio.Event()
        self._early: list[Mapping[str, Any]] | None = []

    async def run(self) -> None:
        """Send until cancelled; UnknownToken ends it."""
        self._said = await self._database.read(said_store.all_said)
        for row in await self._database.read(store.open_rows):
            self._take(row.model_dump())
        self.unmarked.begin(self._open)
        early, self._early = self._early or [], None
        self.give([row for row in early if row["txn_id"] not in self._open])
        self._check_idle()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._mark_sent())
            for _ in range(IN_FLIGHT):
                group.create_task(self._send_on())

    def give(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Take committed rows. Those that come before the open ones are loaded wait, so that the old go first."""
        if self._early is not None:
            self._early += rows
            self._idle.clear()
            return
        for row in rows:
            self._take(row)

    def cancel(self, txns: Sequence[TxnId]) -> None:
        """Drop rows that have been cancelled before they went out."""
        dropped = set(txns)
        self._open -= dropped
        self.unmarked.settle(dropped)
        if self._early is not None:
            self._early = [row for row in self._early if row["txn_id"] not in dropped]
        for person in list(self._waiting_for_room) if txns else ():
            self.direct_ready(UserId(person))  # what waits behind a cancelled row, or is one, moves up

    def direct_ready(self, user_id: UserId) -> None:
        """The person's direct chat is there: let their messages go."""
        waiting = self._waiting_for_room.pop(user_id, [])
        if waiting:
            self._idle.clear()
        for lane in waiting:
            self._offer(lane)
        self._check_idle()

    async def drained(self) -> None:
        """Wait until nothing is on its way (what waits for a room does not count)."""
        await self._idle.wait()

    @property
    def open_count(self) -> int:
        """How many messages have not gone out."""
        return len(self._open)

    def oldest(self) -> datetime | None:
        """When the oldest message that has not gone out was written."""
        return min(
            (i.created_at for lane in self._lanes.values() for i in lane if i.txn_id in self._open), default=None
        )

    def _take(self, row: Mapping[str, Any]) -> None:
        self._order += 1
        item = Outgoing(
            priority=row["priority"],
            order=self._order,
            txn_id=row["txn_id"],
            target=row["target"],
            lane=row["lane"],
            event_type=row["event_type"],
            content=row["content"] or {},
            redacts=row["redacts"],
            created_at=row["created_at"],
        )
        self._open.add(item.txn_id)
        self._idle.clear()
        lane = self._lanes[item.lane]
        lane.append(item)
        if len(lane) == 1:
            self._offer(item.lane)

    def _offer(self, lane: str) -> None:
        items = self._lanes.get(lane)
        if items and lane not in self._busy:
            heapq.heappush(self._ready, (items[0].priority, items[0].order, lane))
            self._wake.set()

    async def _send_on(self) -> None:
        while True:
            lane = await self._next_lane()
            try:
                again = await self._send_first(lane)
            finally:
                self._busy.discard(lane)
            if again:
                self._offer(lane)
            self._check_idle()

    async def _next_lane(self) -> str:
        while True:
            while self._ready:
                _, _, lane = heapq.heappop(self._ready)
                if lane not in self._busy and self._lanes.get(lane):
                    self._busy.add(lane)
                    return lane
            self._wake.clear()
            await self._wake.wait()

    async def _send_first(self, lane: str) -> bool:
        """Send a lane's first row; True when the lane may go on."""
        item = self._lanes[lane][0]
        if item.txn_id not in self._open or self._was_said(item):
            self._finish(lane)
            return True
        try:
            room = await self._room(item)
            if room is None:
                self.unmarked.settle([item.txn_id])
                return False
            await self._pause()
            failpoint.reached("outbox.sending")
            self.unmarked.send(item.txn_id)
            event_id = await self._put(item, room)
            failpoint.reached("outbox.sent")
        except _NotYet as waiting:
            self._waiting_for_txn[waiting.txn].append(lane)
            return False
        except UnknownToken:
            raise
        except Exception as error:
            if not isinstance(error, MatrixError):
                log.exception("message %s to %s could not be sent", item.txn_id, item.target)
            elif error.errcode == ALREADY_THERE:
                self._done(item, RoomId(item.target), None)
                self._finish(lane)
                return True
            return await self._failed(item, error)
        self._done(item, room, event_id)
        self._finish(lane)
        return True

    def _was_said(self, item: Outgoing) -> bool:
        """Had it gone out before an older database came back? Then that is written down."""
        if item.txn_id not in self._said:
            return False
        room, event_id = self._said[item.txn_id]
        self._done(item, RoomId(room), EventId(event_id))
        return True

    async def _room(self, item: Outgoing) -> RoomId | None:
        if not item.target.startswith("@"):
            return RoomId(item.target)
        while True:
            self._waiting_for_room[item.target].append(item.lane)
            room = await self._database.read(lambda session: rooms_store.direct_room(session, item.target))
            waiting = self._waiting_for_room.get(item.target, [])
            if room is None and item.lane not in waiting:
                continue  # it was called while it looked
            if item.lane in waiting and room is not None:
                waiting.remove(item.lane)
            return room

    async def _put(self, item: Outgoing, room: RoomId) -> EventId | None:
        """The event id it became; None when there is nothing to send any more."""
        if item.redacts is not None:
            target = await self._resolve(item.redacts)
            if target is None:
                return None
            return await self._homeserver.redact(room, target, item.content.get("reason"), item.txn_id)
        relation = item.content.get("m.relates_to", {})
        related = relation.get("event_id")
        content = item.content
        if isinstance(related, dict):
            target = await self._resolve(f"txn:{related['$txn']}")
            if target is None:
                return None
            content = {**content, "m.relates_to": _resolved(relation, related, target)}
        if self._clock.now() - item.created_at > REMEMBERED:
            found = await self._find(room, item, content)
            if found is not None:
                return found
        return await self._homeserver.send(room, item.event_type, content, item.txn_id)

    async def _resolve(self, event: str) -> EventId | None:
        """The event id that ``txn:<id>`` became; None when that message never went out."""
        if not event.startswith("txn:"):
            return EventId(event)
        txn = TxnId(event.removeprefix("txn:"))
        if txn in self._event_ids:
            return self._event_ids[txn]
        if txn in self._open:
            raise _NotYet(txn)
        row = await self._database.read(lambda session: store.get(session, txn))
        return EventId(row.event_id) if row is not None and row.event_id else None

    async def _find(self, room: RoomId, item: Outgoing, content: JsonDict) -> EventId | None:
        """Look for a message of ours in the timeline, back to the time it was written."""
        start = ""
        for _ in range(LOOK_BACK_PAGES):
            page = await self._homeserver.messages(room, start, None, 100)
            for raw in page.events:
                if raw.get("sender") == self._homeserver.user_id and _is_same(raw, item, content):
                    return EventId(raw["event_id"])
                if raw.get("origin_server_ts", 0) < item.created_at.timestamp() * 1000 - 60_000:
                    return None
            if page.next_token is None:
                return None
            start = page.next_token
        return None

    async def _failed(self, item: Outgoing, error: Exception) -> bool:
        item.attempts += 1
        if isinstance(error, RateLimited):
            self._metrics.rate_limited.inc()
            self.unmarked.refuse(item.txn_id)
        if not backoff.is_passing(error) and item.attempts >= backoff.ATTEMPTS:
            log.warning("message %s to %s given up: %s", item.txn_id, item.target, backoff.reason(error))
            words = backoff.reason(error)
            self._metrics.messages.labels(outcome="failed").inc()
            self._database.submit(lambda session: store.mark_failed(session, item.txn_id, words))
            self._open.discard(item.txn_id)
            self.unmarked.settle([item.txn_id])
            self._finish(item.lane)
            return True
        wait = backoff.delay(item.attempts, error)
        if backoff.is_passing(error):
            self._paused_until = max(self._paused_until, self._clock.monotonic() + wait)
        else:
            await asyncio.sleep(wait)
        return True

    async def _pause(self) -> None:
        """Wait as long as the server asked for; it may ask for more while we wait."""
        while (wait := self._paused_until - self._clock.monotonic()) > 0:  # noqa: ASYNC110 - until a time, not an event
            await asyncio.sleep(wait)

    def _done(self, item: Outgoing, room: RoomId, event_id: EventId | None) -> None:
        self._open.discard(item.txn_id)
        if event_id is None:
            self.unmarked.settle([item.txn_id])
            self._database.submit(lambda session: store.cancel(session, item.txn_id))
            return
        self._metrics.messages.labels(outcome="sent").inc()
        self._event_ids[item.txn_id] = event_id
        while len(self._event_ids) > KNOWN_EVENTS:
            self._event_ids.popitem(last=False)
        self._sent.append((item.txn_id, room, event_id, self._clock.now()))
        self._marks.set()

    def _finish(self, lane: str) -> None:
        item = self._lanes[lane].popleft()
        if not self._lanes[lane]:
            del self._lanes[lane]
        for waiting in self._waiting_for_txn.pop(item.txn_id, []):
            self._offer(waiting)

    async def _mark_sent(self) -> None:
        """Write the marks in batches: while one batch is being written the next one grows."""
        while True:
            await self._marks.wait()
            self._marks.clear()
            sent, self._sent = self._sent, []
            if sent and not await self._write_marks(sent):
                self._sent = sent + self._sent
                self._marks.set()
                await asyncio.sleep(backoff.delay(ATTEMPTS_BEFORE_LONG_WAIT))
            self._check_idle()

    async def _write_marks(self, sent: list[tuple[str, str, str, datetime]]) -> bool:
        try:
            await self._database.write(lambda session: _mark(session, sent))
        except Exception:  # a full disk must not end the sender; unmarked rows are sent again under the same id
            log.exception("could not mark %d messages as sent", len(sent))
            return False
        failpoint.reached("outbox.marked")
        self.unmarked.settle(TxnId(txn) for txn, _room, _event, _at in sent)
        return True

    def _check_idle(self) -> None:
        stuck = {
            item.txn_id
            for lanes in self._waiting_for_room.values()
            for lane in lanes
            for item in self._lanes.get(lane, ())
        }
        if self._early is None and not self._sent and not self._busy and not (self._open - stuck):
            self._idle.set()


class _NotYet(Exception):
    """The message this one refers to is still on its way."""

    def __init__(self, txn: TxnId) -> None:
        super().__init__(txn)
        self.txn = txn


def _mark(session: Session, sent: Sequence[tuple[str, str, str, datetime]]) -> None:
    store.mark_sent(session, sent)
    failpoint.reached("outbox.marking")


def _resolved(relation: JsonDict, placeholder: JsonDict, target: EventId) -> JsonDict:
    """The relation with the event that an earlier message became, also where a thread falls back to a reply."""
    reply = {"event_id": target} if relation.get("m.in_reply_to") == {"event_id": placeholder} else None
    return {**relation, "event_id": target, **({"m.in_reply_to": reply} if reply else {})}


def _is_same(raw: Mapping[str, Any], item: Outgoing, content: JsonDict) -> bool:
    found = raw.get("content")
    if not isinstance(found, dict):
        return False
    if found.get(TXN_FIELD) == item.txn_id:
        return True
    relation = content.get("m.relates_to")
    return item.event_type == "m.reaction" == raw.get("type") and found.get("m.relates_to") == relation
