"""What the bot had said before an older state of the database came back; kept as single facts.

``said:<transaction id>`` holds the room and the event; ``about:<key>`` only stands there.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlmodel import Session, col

from storage.tables.meta import MetaRow
from storage.tables.outbox import OutboxRow
from storage.upsert import upsert

SAID, ABOUT, NOTICED = "said:", "about:", "restored_at"
KEEP = timedelta(days=60)


def remember(
    session: Session, said: Mapping[str, tuple[str, str]], about: Iterable[str], now: datetime, noticed: str
) -> None:
    """Write transaction ids with (room id, event id), keys, and when the database was found to be older."""
    session.execute(delete(MetaRow).where(col(MetaRow.name).startswith(SAID), col(MetaRow.value) < _old(now)))
    rows = [{"name": f"{SAID}{txn}", "value": json.dumps([now.isoformat(), *where])} for txn, where in said.items()]
    rows += [{"name": f"{ABOUT}{key}", "value": now.isoformat()} for key in sorted(set(about))]
    rows.append({"name": NOTICED, "value": noticed})
    upsert(session, MetaRow, rows, key=("name",))


def all_said(session: Session) -> dict[str, tuple[str, str]]:
    """Transaction id -> (room id, event id)."""
    rows = session.execute(select(col(MetaRow.name), col(MetaRow.value)).where(col(MetaRow.name).startswith(SAID)))
    found = {name.removeprefix(SAID): json.loads(value) for name, value in rows}
    return {txn: (room, event) for txn, (_at, room, event) in found.items()}


def is_said(session: Session, txn_id: str) -> bool:
    """Had this message gone out before the older state came back?"""
    return session.get(MetaRow, f"{SAID}{txn_id}") is not None


def was_told(session: Session, key: str) -> bool:
    """Had something been said about this key (``Effects.send``) before the older state came back?"""
    return session.get(MetaRow, f"{ABOUT}{key}") is not None


def unknown(session: Session, txns: Iterable[str]) -> set[str]:
    """Those transaction ids of which the database knows nothing."""
    wanted = sorted(set(txns))
    found: set[str] = set()
    for start in range(0, len(wanted), 500):
        part = wanted[start : start + 500]
        found |= set(session.scalars(select(col(OutboxRow.txn_id)).where(col(OutboxRow.txn_id).in_(part))))
        names = select(col(MetaRow.name)).where(col(MetaRow.name).in_([f"{SAID}{txn}" for txn in part]))
        found |= {name.removeprefix(SAID) for name in session.scalars(names)}
    return set(wanted) - found


def _old(now: datetime) -> str:
    """Values of entries older than this sort before it: they begin with their date."""
    return json.dumps([(now - KEEP).isoformat()])[:-1]
