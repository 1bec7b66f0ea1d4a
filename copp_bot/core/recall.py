"""Notices that an older state of the database has come back, and what the bot had said since.

A database that is restored, by whatever means, knows less than the homeserver: there are messages of ours, newer than
the stored sync token, whose transaction ids it has never had. Commands since then come again through the sync and are
done again, which fills the database anew; the answers are on the homeserver already.

The rule it keeps: before anything is sent, what was said is remembered by its transaction id, in one transaction with
the notice; the sender recognises it, and a killed bot looks again.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlmodel import Session

from copp_bot.core import backoff
from copp_bot.core.clock import Clock
from copp_bot.core.effects import Batch, RowEffects
from copp_bot.core.gaps import SECRETARIAT_KEY
from copp_bot.core.i18n import gettext as _
from copp_bot.core.ids import COMMUNITY, EventId, RoomId, TxnId
from copp_bot.core.intake import TOKEN
from copp_bot.core.matrix.port import ABOUT_FIELD, TXN_FIELD, Homeserver, JsonDict, MatrixError, UnknownToken
from copp_bot.core.reply import say
from copp_bot.core.store import meta
from copp_bot.core.store import rooms as rooms_store
from copp_bot.core.store import said as store
from storage.database import Database

log = logging.getLogger(__name__)
LIMIT = 100
PAGES = 500
"""Pages of 100 events that are read of one room."""
NOTHING: JsonDict = {"not_types": ["*"]}


@dataclass
class Own:
    """Messages of ours: transaction id -> where it stands; what they were about; and when the newest was sent."""

    said: dict[TxnId, tuple[RoomId, EventId]] = field(default_factory=dict)
    about: set[str] = field(default_factory=set)
    until: int = 0

    def take(self, room_id: RoomId, events: Iterable[JsonDict], bot: str) -> None:
        """Add those of a room's events that are our messages."""
        for raw in events:
            txn = _txn(raw) if raw.get("sender") == bot else None
            if txn is not None and isinstance(raw.get("event_id"), str):
                self.said[txn] = (room_id, EventId(raw["event_id"]))
                self.about |= set(_about(raw))
                self.until = max(self.until, _time(raw))


class Recall:
    """Looks once at each start, before anything is handled or sent."""

    def __init__(self, homeserver: Homeserver, database: Database, clock: Clock) -> None:
        self._homeserver = homeserver
        self._database = database
        self._clock = clock

    async def look(self) -> int:
        """Compare; returns how many messages of ours the database did not know.

        Raises:
            MatrixError: the homeserver cannot be asked.
        """
        token = await self._database.read(lambda session: meta.get(session, TOKEN))
        if token is None:
            return 0
        answer = await self._homeserver.sync(token, 0, self._filter())
        own, cut = Own(), dict[RoomId, str]()
        for room_id, timeline in _timelines(answer):
            own.take(room_id, _events(timeline), self._homeserver.user_id)
            if timeline.get("limited") and isinstance(timeline.get("prev_batch"), str):
                cut[room_id] = timeline["prev_batch"]
        if not await self._database.read(lambda session: store.unknown(session, own.said)):
            return 0
        for room_id, start in cut.items():
            await self._rest(own, room_id, start, token)
        return await self._database.write(lambda session: self._noticed(session, own, token))

    async def patiently(self, wait: Any) -> int:
        """As ``look``, until the homeserver can be asked; ``wait`` waits so many seconds.

        A refusal that stays is not waited out: the sync is refused, too, and nothing comes that could be done again.
        """
        attempt = 0
        while True:
            try:
                return await self.look()
            except UnknownToken:
                raise
            except MatrixError as error:
                attempt += 1
                if attempt >= backoff.ATTEMPTS and not backoff.is_passing(error):
                    log.error("what was said cannot be looked at (%s)", backoff.reason(error))
                    return 0
                seconds = backoff.delay(attempt, error)
                log.info("not yet known what was said (%s); next try in %.1f s", backoff.reason(error), seconds)
                await wait(seconds)

    def _filter(self) -> JsonDict:
        timeline = {"limit": LIMIT, "senders": [self._homeserver.user_id], "types": ["m.room.message"]}
        room = {"timeline": timeline, "state": NOTHING, "ephemeral": NOTHING, "account_data": NOTHING}
        return {"presence": NOTHING, "account_data": NOTHING, "room": room}

    async def _rest(self, own: Own, room_id: RoomId, start: str, token: str) -> None:
        """What stands before the part of a timeline that the sync gave."""
        following: str | None = start
        for _page in range(PAGES):
            page = await self._homeserver.messages(room_id, following or "", token, LIMIT)
            own.take(room_id, page.events, self._homeserver.user_id)
            following = page.next_token
            if following is None:
                return
        log.error("more was said in %s than can be read; something may be said twice", room_id)

    def _noticed(self, session: Session, own: Own, token: str) -> int:
        now = self._clock.now()
        new = store.unknown(session, own.said)
        store.remember(session, {txn: own.said[TxnId(txn)] for txn in new}, own.about, now, now.isoformat())
        log.warning("the database is older than the homeserver: %d messages of ours are recognised", len(new))
        effects = RowEffects(session, now, f"restored:{token}", Batch())
        effects.audit("database.restored", COMMUNITY, actor=None, after={"messages": len(new)})
        room = rooms_store.room_id(session, SECRETARIAT_KEY)
        if room is not None:
            words = _(
                "My database is back at an older state. I do again what was asked of me until {until} UTC, and say "
                "nothing twice; messages that I recognise: {count}. Have a look whether anything is missing."
            )
            until = f"{datetime.fromtimestamp(own.until / 1000, UTC):%Y-%m-%d %H:%M}"
            effects.send(room, say(words.format(until=until, count=len(new)), notice=False))
        effects.batch.flush(session)
        return len(new)


def _timelines(answer: JsonDict) -> Iterator[tuple[RoomId, Mapping[str, Any]]]:
    rooms = answer.get("rooms")
    for part in ("join", "leave"):
        for room_id, entry in (rooms.get(part) or {}).items() if isinstance(rooms, dict) else ():
            timeline = entry.get("timeline") if isinstance(entry, dict) else None
            if isinstance(timeline, dict):
                yield RoomId(room_id), timeline


def _events(timeline: Mapping[str, Any]) -> list[JsonDict]:
    events = timeline.get("events")
    return [raw for raw in events if isinstance(raw, dict)] if isinstance(events, list) else []


def _txn(raw: JsonDict) -> TxnId | None:
    """The transaction id: in the content, or, when that was redacted, as the server remembers it for a day."""
    for part, name in (("content", TXN_FIELD), ("unsigned", "transaction_id")):
        fields = raw.get(part)
        if isinstance(fields, dict) and isinstance(fields.get(name), str):
            return TxnId(fields[name])
    return None


def _about(raw: JsonDict) -> list[str]:
    content = raw.get("content")
    keys = content.get(ABOUT_FIELD) if isinstance(content, dict) else None
    return [key for key in keys if isinstance(key, str)] if isinstance(keys, list) else []


def _time(raw: JsonDict) -> int:
    value = raw.get("origin_server_ts")
    return value if isinstance(value, int) else 0
