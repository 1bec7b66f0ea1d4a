"""What made a handler fail: listed without a word of it, put back for the bot to handle again, or given up."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from copp_bot.core.errors import SetupError
from copp_bot.core.i18n import gettext as _
from copp_bot.core.logs import ref_of
from copp_bot.core.settings import Settings
from copp_bot.core.store import inbox, rooms
from copp_bot.operating.database import beside


@dataclass(frozen=True)
class Entry:
    """One event, as an operator may see it."""

    row: int
    ref: str
    at: datetime
    room: str
    kind: str
    reason: str


async def entries(settings: Settings) -> list[Entry]:
    """Everything in quarantine, oldest first."""
    async with beside(settings) as database:
        return await database.read(_entries)


async def retry(settings: Settings, refs: Sequence[str]) -> int:
    """Put events back; no ``refs`` means all. Returns how many."""
    return await _act(settings, refs, inbox.retry)


async def drop(settings: Settings, refs: Sequence[str]) -> int:
    """Give events up and empty them; no ``refs`` means all. Returns how many."""
    return await _act(settings, refs, inbox.drop)


async def _act(settings: Settings, refs: Sequence[str], act: Callable[[Session, Iterable[int]], None]) -> int:
    def job(session: Session) -> int:
        chosen = _chosen(_entries(session), refs)
        act(session, [entry.row for entry in chosen])
        return len(chosen)

    async with beside(settings) as database:
        return await database.write(job)


def _chosen(there: Sequence[Entry], refs: Sequence[str]) -> list[Entry]:
    wanted = {ref.lower() for ref in refs}
    missing = wanted - {entry.ref for entry in there}
    if missing:
        raise SetupError(
            _("There is nothing with the reference {refs} in quarantine.").format(refs=", ".join(sorted(missing))),
            _("copp-bot quarantine list shows what is there."),
        )
    return [entry for entry in there if not wanted or entry.ref in wanted]


def _entries(session: Session) -> list[Entry]:
    return [
        Entry(
            row=row.id or 0,
            ref=ref_of(row.event_id),
            at=row.done_at or row.received_at,
            room=_room(session, row.room_id),
            kind=row.kind,
            reason=(row.error or "?").partition(": ")[2] or row.error or "?",
        )
        for row in inbox.quarantined(session)
    ]


def _room(session: Session, room_id: str) -> str:
    """The declared key of a room; a direct chat without whose; the id of any other."""
    row = rooms.get(session, room_id)
    if row is None:
        return room_id
    return _("a direct chat") if row.kind is rooms.RoomKind.DIRECT else row.key or room_id
