"""What handlers are given: who asks, where, and a way to write what shall happen.

Handlers are plain functions inside one transaction. They write rows, outbox rows and tasks; nothing else.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from sqlmodel import Session

from copp_bot.core.errors import UserError
from copp_bot.core.ids import EventId, RoomId, RoomKey, Scope, TxnId, UserId
from copp_bot.core.matrix.port import Message
from copp_bot.core.permissions import Policy, Viewer, refusal
from copp_bot.core.reply import Reply


@dataclass(frozen=True)
class Place:
    """Where the answer will be read.

    Args:
        key: the declared key; None for direct chats.
        scope: who owns the room (``community``, ``group:<key>``).
        readers: who may come to read it: ``public``, ``community``, ``group:<key>``, ``roles`` or
            ``direct:<user id>``; None for a room that is not ours (nothing but public things is shown there).
        is_direct: the bot and one person alone.
        is_shared_chat: it was that, and somebody else has come or been invited.
    """

    room_id: RoomId
    key: RoomKey | None
    scope: Scope
    readers: str | None
    is_direct: bool = False
    is_shared_chat: bool = False


class Effects(Protocol):
    """Rows to write in the running transaction, in order. ``cause`` names what they follow from."""

    session: Session
    now: datetime
    cause: str

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
        """Send to a room, or to a person's direct chat. ``bulk`` goes after answers to people.

        Args:
            below: an earlier message of ours, in whose thread this goes.
            about: what a job says this about, so that ``store.said`` knows it when an older database comes back.
        """

    def send_event(self, target: RoomId | UserId, event_type: str, content: dict[str, Any]) -> TxnId:
        """Send any event."""

    def edit(self, txn: TxnId, reply: Reply) -> TxnId:
        """Replace an earlier message of ours."""

    def react(self, room_id: RoomId, event_id: EventId, key: str) -> TxnId:
        """Put a reaction on someone's message."""

    def redact(self, room_id: RoomId, event_id: EventId, reason: str | None = None) -> TxnId:
        """Redact an event."""

    def redact_own(self, txn: str, reason: str | None = None) -> None:
        """Redact an earlier message of ours, or cancel it when it has not gone out."""

    def task(self, kind: str, payload: dict[str, Any], *, marker: str | None = None, lane: str | None = None) -> None:
        """Have the task runner do something; the same marker is done once. Tasks of one lane run in order."""

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
        """Leave a trace."""

    def count(self, measure: str, scope: Scope, by: int = 1) -> None:
        """Add to today's sum."""


class Acting(Protocol):
    """Someone does something somewhere, in a chat or on a page: what the rules ask."""

    @property
    def viewer(self) -> Viewer:
        """Who."""

    @property
    def place(self) -> Place:
        """Where what comes of it is read."""

    @property
    def effects(self) -> Effects:
        """Rows to write."""

    @property
    def session(self) -> Session:
        """The running transaction."""

    @property
    def now(self) -> datetime:
        """Aware UTC, the same for the whole transaction."""

    def may(self, permission: str, scope: Scope) -> bool:
        """Does the viewer hold this permission in this scope?"""

    def require(self, permission: str, scope: Scope) -> None:
        """Raise the refusal as a UserError unless the permission is held in this scope."""


@dataclass(frozen=True)
class Context:
    """One command of one person at one place."""

    viewer: Viewer
    place: Place
    message: Message
    effects: Effects
    policy: Policy
    zone: ZoneInfo
    """The reader's zone, the community's where none is set."""
    answer: TxnId
    """Transaction id that the returned reply will have, for tasks that edit it when they are done."""

    @property
    def session(self) -> Session:
        """The running transaction."""
        return self.effects.session

    @property
    def now(self) -> datetime:
        """Aware UTC, the same for the whole transaction."""
        return self.effects.now

    def may(self, permission: str, scope: Scope) -> bool:
        """Does the viewer hold this permission in this scope?"""
        return self.policy.holds(self.viewer, permission, scope)

    def require(self, permission: str, scope: Scope) -> None:
        """Raise the refusal as a UserError unless the permission is held in this scope."""
        sentence = refusal(self.policy, self.viewer, permission, scope)
        if sentence is not None:
            raise UserError(sentence)


TaskEffect = Callable[[Effects], None]
"""What a finished task writes, in one transaction with its done mark."""
