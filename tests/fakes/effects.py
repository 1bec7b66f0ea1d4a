"""Effects that are recorded instead of written, for tests of services and jobs."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlmodel import Session

from copp_bot.core.ids import EventId, RoomId, Scope, TxnId, UserId
from copp_bot.core.reply import Reply


@dataclass
class RecordedEffects:
    """Implements ``core.context.Effects``; everything asked for stands in a list, in order."""

    session: Session
    now: datetime
    cause: str = "$cause"
    sent: list[tuple[str, Reply]] = field(default_factory=list)
    events: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    edits: list[tuple[str, Reply]] = field(default_factory=list)
    reactions: list[tuple[str, str, str]] = field(default_factory=list)
    redactions: list[str] = field(default_factory=list)
    tasks: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    trail: list[tuple[str, str, str | None, str | None]] = field(default_factory=list)
    counts: list[tuple[str, str, int]] = field(default_factory=list)

    def send(
        self,
        target: RoomId | UserId,
        reply: Reply,
        *,
        reply_to: EventId | None = None,
        thread: EventId | None = None,
        below: TxnId | None = None,
        bulk: bool = False,
        about: Sequence[str] = (),
    ) -> TxnId:
        """Record (target, reply)."""
        self.sent.append((target, reply))
        return TxnId(f"txn-{len(self.sent)}")

    def send_event(self, target: RoomId | UserId, event_type: str, content: dict[str, Any]) -> TxnId:
        """Record (target, type, content)."""
        self.events.append((target, event_type, content))
        return TxnId(f"event-{len(self.events)}")

    def edit(self, txn: TxnId, reply: Reply) -> TxnId:
        """Record (transaction id, reply)."""
        self.edits.append((txn, reply))
        return TxnId(f"edit-{len(self.edits)}")

    def react(self, room_id: RoomId, event_id: EventId, key: str) -> TxnId:
        """Record (room, event, key)."""
        self.reactions.append((room_id, event_id, key))
        return TxnId(f"reaction-{len(self.reactions)}")

    def redact(self, room_id: RoomId, event_id: EventId, reason: str | None = None) -> TxnId:
        """Record the event."""
        self.redactions.append(event_id)
        return TxnId(f"redaction-{len(self.redactions)}")

    def redact_own(self, txn: str, reason: str | None = None) -> None:
        """Record the transaction id."""
        self.redactions.append(txn)

    def task(self, kind: str, payload: dict[str, Any], *, marker: str | None = None, lane: str | None = None) -> None:
        """Record (kind, payload)."""
        self.tasks.append((kind, payload))

    def audit(
        self,
        action: str,
        scope: Scope,
        *,
        actor: UserId | None,
        target: UserId | None = None,
        before: dict[str, Any] | None = None,
        after: dict[str, Any] | None = None,
    ) -> None:
        """Record (action, scope, actor, target)."""
        self.trail.append((action, scope, actor, target))

    def count(self, measure: str, scope: Scope, by: int = 1) -> None:
        """Record (measure, scope, by)."""
        self.counts.append((measure, scope, by))
