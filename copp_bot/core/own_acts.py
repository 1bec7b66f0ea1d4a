"""What the bot itself changes in rooms comes back through the inbox, because the sync leaves its own events out.

Measured on Synapse: with ``not_senders`` a state event of our own is lost to us when nobody speaks after it. So a
successful invitation, kick, ban or state change writes the inbox row that the sync would have brought, and the worker
mirrors it, and tells the features, like everything else. So does a membership that the bot has found otherwise than it
knew it: what no sync has brought.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session

from copp_bot.core.classify import MIRRORED
from copp_bot.core.clock import Clock
from copp_bot.core.ids import EventId, RoomId, UserId
from copp_bot.core.matrix.port import Homeserver, JsonDict
from copp_bot.core.store import inbox as store
from copp_bot.core.store import rooms as rooms_store
from storage.database import Database

OWN_MEMBER = "own_member"
"""Inbox kind of a membership that the bot has set or found."""
FOLLOWS = {
    "invite": frozenset({"leave"}),
    "leave": frozenset({"join", "invite", "knock", "ban"}),
    "ban": frozenset({"join", "invite", "knock", "leave"}),
}
"""From which memberships an act leads to which; from others it changes nothing."""


class OwnActs:
    """A homeserver whose acts are mirrored. Everything else is handed through.

    Args:
        on_rows: called on the event loop when there is something to mirror.
    """

    def __init__(self, homeserver: Homeserver, database: Database, clock: Clock, on_rows: Callable[[], None]) -> None:
        self._homeserver = homeserver
        self._database = database
        self._clock = clock
        self._on_rows = on_rows

    def __getattr__(self, name: str) -> Any:
        return getattr(self._homeserver, name)

    async def invite(self, room_id: RoomId, user_id: UserId, reason: str | None = None) -> None:
        """Invite, and mirror it."""
        seen = await self._seen(room_id, user_id)
        await self._homeserver.invite(room_id, user_id, reason)
        await self._moved(room_id, user_id, "invite", seen)

    async def kick(self, room_id: RoomId, user_id: UserId, reason: str | None = None) -> None:
        """Make someone leave, and mirror it."""
        seen = await self._seen(room_id, user_id)
        await self._homeserver.kick(room_id, user_id, reason)
        await self._moved(room_id, user_id, "leave", seen)

    async def ban(self, room_id: RoomId, user_id: UserId, reason: str | None = None) -> None:
        """Ban, and mirror it."""
        seen = await self._seen(room_id, user_id)
        await self._homeserver.ban(room_id, user_id, reason)
        await self._moved(room_id, user_id, "ban", seen)

    async def unban(self, room_id: RoomId, user_id: UserId) -> None:
        """End a ban, and mirror it."""
        seen = await self._seen(room_id, user_id)
        await self._homeserver.unban(room_id, user_id)
        await self._moved(room_id, user_id, "leave", seen)

    async def set_state(self, room_id: RoomId, event_type: str, state_key: str, content: JsonDict) -> EventId:
        """Set one state event, and mirror it."""
        event_id = await self._homeserver.set_state(room_id, event_type, state_key, content)
        if event_type in MIRRORED:
            raw = {"type": event_type, "state_key": state_key, "content": content, "event_id": event_id}
            await self._write({"event_id": event_id, "room_id": room_id, "kind": "state", "body": raw})
        return event_id

    async def _seen(self, room_id: RoomId, user_id: UserId) -> str | None:
        """What the mirror says before the act; if it says something else afterwards, the sync knows better."""
        row = await self._database.read(lambda session: rooms_store.membership(session, room_id, user_id))
        return _time(row.since if row else None)

    async def _moved(self, room_id: RoomId, user_id: UserId, membership: str, seen: str | None) -> None:
        await self._write(_member(room_id, user_id, membership, seen))

    async def _write(self, row: JsonDict) -> None:
        now = self._clock.now()
        await self._database.write(
            lambda session: store.add(session, [_stamped(row, self._homeserver.user_id, now)], now)
        )
        self._on_rows()


@dataclass(frozen=True)
class Found:
    """A membership as the homeserver has it.

    Args:
        since: that of the mirror's row when the homeserver was asked; None where it had none.
    """

    room_id: RoomId
    user_id: UserId
    membership: str
    sender: UserId
    since: datetime | None


def write_found(session: Session, found: Sequence[Found], now: datetime) -> None:
    """Have these mirrored, unless the sync has brought something newer since."""
    rows = [_member(one.room_id, one.user_id, one.membership, _time(one.since), is_found=True) for one in found]
    store.add(session, [_stamped(row, one.sender, now) for one, row in zip(found, rows, strict=True)], now)


def is_news(session: Session, room_id: RoomId, body: JsonDict) -> bool:
    """Does it change what the mirror says, and has nothing newer come through the sync since?"""
    row = rooms_store.membership(session, room_id, body["user_id"])
    was, to = row.membership if row else "leave", body["membership"]
    changes = was != to if body.get("is_found") else was in FOLLOWS[to]  # rows of older versions do not say
    return changes and _time(row.since if row else None) == body["seen"]


def _member(room_id: RoomId, user_id: UserId, membership: str, seen: str | None, *, is_found: bool = False) -> JsonDict:
    body = {"user_id": user_id, "membership": membership, "seen": seen, "is_found": is_found}
    mark = ":".join((OWN_MEMBER, *(["found"] if is_found else ()), room_id, user_id, membership, str(seen)))
    return {"event_id": mark, "room_id": room_id, "kind": OWN_MEMBER, "body": body}


def _stamped(row: JsonDict, sender: UserId, now: datetime) -> JsonDict:
    body = {**row["body"], "sender": sender, "origin_server_ts": int(now.timestamp() * 1000)}
    return {**row, "sender": sender, "body": body, "sent_at": now}


def _time(since: datetime | None) -> str | None:
    return since.isoformat() if since else None
