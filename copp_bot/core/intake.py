"""The sync loop: raw ``/sync`` into inbox rows, with the token, in one transaction.

The rule it keeps: nothing is acted on here, and the token moves on only together with what came before it. A limited
timeline is completed through ``/messages`` first; what could not be read is recorded as a gap and tried again.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session

from copp_bot.core import backoff, failpoint, timeline
from copp_bot.core.classify import Classifier, is_mirrored, targets
from copp_bot.core.clock import Clock
from copp_bot.core.counting import Counts
from copp_bot.core.ids import RoomId
from copp_bot.core.matrix.port import Forbidden, JsonDict, MatrixError, Sync, UnknownToken
from copp_bot.core.metrics import Metrics
from copp_bot.core.store import inbox as store
from copp_bot.core.store import meta
from copp_bot.core.store import tasks as tasks_store
from copp_bot.core.unmarked import Unmarked
from storage.database import Database

log = logging.getLogger(__name__)
TOKEN = "sync_token"  # noqa: S105 - a name
SINCE = "sync_since"
"""The fact that the sync begins anew, with what was said after this time (``rewound.py``)."""
CLOSE_GAP = "gap.close"
"""Task kind that tries a gap again."""
LONG_POLL_MS = 30_000
LIMIT = 100
PAGES = 200
"""Pages of 100 events that a gap may have before it is recorded as lost."""
KEEP_TOKEN = timedelta(seconds=30)
"""How long the token of answers without anything for us may stay in memory only."""

Gap = tuple[str, str | None, str]
"""Where reading backwards broke off, where it should have ended, and why."""


@dataclass
class RoomBatch:
    """One room's events in order, and the gap that could not be closed."""

    room_id: RoomId
    events: timeline.Ordered
    is_new: bool
    gap: Gap | None = None


@dataclass
class Incoming:
    """One prepared answer."""

    token: str
    since: str | None
    rooms: list[RoomBatch] = field(default_factory=list)
    invited: list[tuple[RoomId, list[JsonDict]]] = field(default_factory=list)
    left: list[RoomId] = field(default_factory=list)


class Intake:
    """Reads the homeserver and fills the inbox.

    Args:
        on_rows: called on the event loop after a commit that brought something to do.
        unmarked: what has been sent and is not yet known by its event.

    Attributes:
        is_rewound: has an older state of the homeserver come back? Asked at the start and after each failure.
    """

    def __init__(
        self,
        homeserver: Sync,
        database: Database,
        clock: Clock,
        classifier: Classifier,
        on_rows: Callable[[], None],
        unmarked: Unmarked,
        metrics: Metrics | None = None,
    ) -> None:
        self.is_rewound: Callable[[], Awaitable[bool]] | None = None
        self._homeserver = homeserver
        self._since: datetime | None = None
        self._metrics = metrics or Metrics()
        self._database = database
        self._clock = clock
        self._classifier = classifier
        self._on_rows = on_rows
        self._unmarked = unmarked
        self._token: str | None = None
        self._written_token_at: datetime | None = None
        self._joined: set[RoomId] = set()
        self._counts = Counts()
        self.last_sync: datetime | None = None
        self.ready = asyncio.Event()

    async def run(self) -> None:
        """Sync until cancelled. Failures are waited out; an unknown token ends it."""
        await self._resume()
        failures, is_same = 0, False
        while True:
            try:
                if not is_same and self.is_rewound is not None and await self.is_rewound():
                    await self._resume()
                is_same = True
                await self.once()
                failures = 0
                self._metrics.syncs.labels(outcome="ok").inc()
            except UnknownToken:
                raise
            except Exception as error:
                failures, is_same = failures + 1, False
                self._metrics.syncs.labels(outcome="failed").inc()
                wait = backoff.growing(failures, error)
                level = logging.INFO if isinstance(error, MatrixError) else logging.ERROR
                log.log(level, "sync failed (%s); next try in %.1f s", backoff.reason(error), wait, exc_info=level > 20)
                await asyncio.sleep(wait)

    async def _resume(self) -> None:
        """Go on where the database says."""
        self._token, self._since, self._joined = await self._database.read(_where_we_were)

    async def once(self) -> None:
        """One answer of the homeserver, prepared and committed."""
        wait = LONG_POLL_MS if self.ready.is_set() else 0
        answer = await self._homeserver.sync(self._token, wait, self._filter())
        incoming = await self._prepare(answer)
        if targets(incoming.rooms):
            await self._unmarked.known()  # else a reaction to what has just gone out would seem to mean nothing to us
        failpoint.reached("intake.answered")
        unwritten, brought = await self._database.write(lambda session: self._take_in(session, incoming))
        failpoint.reached("intake.committed")
        self._counts = unwritten
        if brought:
            self._on_rows()
        self._token, self._since = incoming.token, None
        self._joined |= {room.room_id for room in incoming.rooms}
        self._joined -= set(incoming.left)
        self.last_sync = self._clock.now()
        self.ready.set()

    def _filter(self) -> JsonDict:
        nothing = {"not_types": ["*"]}
        limit = LIMIT if self._token else 0
        return {
            "presence": nothing,
            "account_data": nothing,
            "room": {
                "timeline": {"limit": limit, "not_senders": [self._classifier.bot]},
                "ephemeral": nothing,
                "account_data": nothing,
            },
        }

    def _token_is_old(self) -> bool:
        return self._written_token_at is None or self._clock.now() - self._written_token_at > KEEP_TOKEN

    async def _prepare(self, answer: JsonDict) -> Incoming:
        rooms = _dict(answer.get("rooms"))
        incoming = Incoming(str(answer["next_batch"]), self._token)
        joined = _dict(rooms.get("join")).items()
        if self._since is not None:
            return await self._anew(incoming, joined)
        incoming.rooms = list(await asyncio.gather(*(self._room(RoomId(room), _dict(part)) for room, part in joined)))
        for room, part in _dict(rooms.get("invite")).items():
            incoming.invited.append((RoomId(room), _events(_dict(part).get("invite_state"))))
        incoming.left = [RoomId(room) for room in _dict(rooms.get("leave"))]
        return incoming

    async def _anew(self, incoming: Incoming, joined: Iterable[tuple[str, Any]]) -> Incoming:
        """The state of every room, and what was said after the newest that we know; the other rooms are gone."""
        assert self._since is not None
        for room_id, part in joined:
            room = RoomId(room_id)
            said = timeline.said(await self._newer(room, incoming.token, self._since))
            events = timeline.Ordered(_events(_dict(part).get("state")), said, [])
            incoming.rooms.append(RoomBatch(room, events, room not in self._joined))
        incoming.left = list(self._joined - {room.room_id for room in incoming.rooms})
        return replace(incoming, since=f"since {self._since.isoformat()}")

    async def _newer(self, room_id: RoomId, start: str, since: datetime) -> list[JsonDict]:
        """What came into a room after a time, oldest first."""
        found: list[JsonDict] = []
        for _ in range(PAGES):
            page = await self._page(room_id, start, None)
            new = timeline.after(page.events, since)
            found += new
            if len(new) < len(page.events) or page.next_token is None:
                break
            start = page.next_token
        else:
            log.error("more was said in %s than can be read; what came first is not acted on", room_id)
        return found[::-1]

    async def _room(self, room_id: RoomId, part: JsonDict) -> RoomBatch:
        state, part_timeline = _events(part.get("state")), _dict(part.get("timeline"))
        events = _events(part_timeline)
        is_new = room_id not in self._joined
        if self._token is None:
            return RoomBatch(room_id, timeline.Ordered(state, [], []), is_new)
        gap = None
        if part_timeline.get("limited") and isinstance(part_timeline.get("prev_batch"), str):
            missing, gap = await self._fill(
                room_id, part_timeline["prev_batch"], self._has_joined(state, events, is_new)
            )
            events = timeline.merge(missing, events)
        if not is_new:
            state = await self._still_so(room_id, state, events)
        if self._has_joined(state, events, is_new):
            events = timeline.since_join(events, timeline.joined_at([*state, *events], self._classifier.bot) or 0)
        return RoomBatch(room_id, timeline.order(state, events), is_new, gap)

    async def _still_so(self, room_id: RoomId, state: list[JsonDict], events: list[JsonDict]) -> list[JsonDict]:
        """What of ``state`` is so now, or is followed by what is.

        If somebody speaks while somebody else leaves, Synapse's next answer has the state as it was for the speaker:
        whoever has left stands there again, and stays where nobody speaks after that. So the homeserver is asked.
        """
        followed = timeline.keys(events)
        checked = await asyncio.gather(
            *(self._is_so(room_id, raw) for raw in state if is_mirrored(raw) and timeline.key(raw) not in followed)
        )
        return [raw for raw in state if timeline.key(raw) in followed] + [raw for raw in checked if raw is not None]

    async def _is_so(self, room_id: RoomId, raw: JsonDict) -> JsonDict | None:
        try:
            content = await self._homeserver.state_event(room_id, *timeline.key(raw))
        except Forbidden:  # put out of the room since
            return None
        return raw if content == raw.get("content") else None

    def _has_joined(self, state: Sequence[JsonDict], events: Sequence[JsonDict], is_new: bool) -> bool:
        """Has the bot just joined? A room may be new to us alone: joined in an answer that is not mirrored yet."""
        return is_new and timeline.joined_at([*state, *events], self._classifier.bot) is not None

    async def _fill(self, room_id: RoomId, start: str, to_join: bool) -> tuple[list[JsonDict], Gap | None]:
        """The events before ``start`` back to the last sync (or to our own join), oldest first; and what is missing."""
        end = None if to_join else self._token
        found: list[JsonDict] = []
        for _ in range(PAGES):
            try:
                page = await self._page(room_id, start, end)
            except UnknownToken:
                raise
            except MatrixError as error:
                return found[::-1], (start, end, backoff.reason(error))
            found += page.events
            is_begin = to_join and timeline.joined_at(page.events, self._classifier.bot) is not None
            if page.next_token is None or is_begin:
                return found[::-1], None
            start = page.next_token
        return found[::-1], (start, end, "too long")

    async def _page(self, room_id: RoomId, start: str, end: str | None) -> Any:
        for attempt in range(1, backoff.ATTEMPTS):
            try:
                return await self._homeserver.messages(room_id, start, end, 100)
            except MatrixError as error:
                if not backoff.is_passing(error):
                    raise
                await asyncio.sleep(backoff.delay(attempt, error))
        return await self._homeserver.messages(room_id, start, end, 100)

    def _take_in(self, session: Session, incoming: Incoming) -> tuple[Counts, bool]:
        """Write what is for us; the counts that were not written, and whether there is something to do."""
        counts = Counts()
        counts.merge(self._counts)
        rows = self._classifier.sort(session, incoming, counts)
        gaps = [room for room in incoming.rooms if room.gap is not None]
        if not rows and not gaps and self._since is None and not self._token_is_old():
            return counts, False
        now = self._clock.now()
        brought = store.add(session, rows, now)
        for room in gaps:
            log.error("a gap in %s could not be closed: %s", room.room_id, room.gap)
            self._metrics.gaps.inc()
            _record_gap(session, room, now)
        counts.write(session)
        meta.put(session, TOKEN, incoming.token)
        if self._since is not None:
            meta.drop(session, SINCE)
        self._written_token_at = now
        failpoint.reached("intake.writing")
        return Counts(), brought


def _record_gap(session: Session, room: RoomBatch, now: datetime) -> None:
    start, end, error = room.gap or ("", None, "")
    store.add_gap(session, room.room_id, (start, end, error), now)
    task = {
        "marker": f"{CLOSE_GAP}:{room.room_id}:{start}",
        "kind": CLOSE_GAP,
        "lane": f"{CLOSE_GAP}:{room.room_id}",
        "payload": {"room": room.room_id, "start": start, "end": end},
        "cause": f"gap:{start}",
        "not_before": now,
        "created_at": now,
    }
    tasks_store.add(session, [task])


def _where_we_were(session: Session) -> tuple[str | None, datetime | None, set[RoomId]]:
    since = meta.get(session, SINCE)
    return meta.get(session, TOKEN), datetime.fromisoformat(since) if since else None, store.joined_rooms(session)


def _dict(value: Any) -> JsonDict:
    return value if isinstance(value, dict) else {}


def _events(part: Any) -> list[JsonDict]:
    """The events of a part; what has no type is none."""
    events = _dict(part).get("events")
    found = events if isinstance(events, list) else []
    return [event for event in found if isinstance(event, dict) and isinstance(event.get("type"), str)]
