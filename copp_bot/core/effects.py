"""Effects as rows: gathered while handlers run, written together at the end of the transaction.

The rule it keeps: a transaction id follows from the cause and the place among its effects, so that whoever
repeats the work after a crash writes and sends the very same messages.
"""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlmodel import Session

from copp_bot.core import counting
from copp_bot.core.ids import EventId, RoomId, Scope, TxnId, UserId
from copp_bot.core.logs import ref_of
from copp_bot.core.matrix.port import ABOUT_FIELD, TXN_FIELD
from copp_bot.core.reply import Attachment, Reply, clean
from copp_bot.core.store import audit as audit_store
from copp_bot.core.store import outbox as outbox_store
from copp_bot.core.store import prompts as prompt_store
from copp_bot.core.store import rooms as rooms_store
from copp_bot.core.store import tasks as task_store
from copp_bot.core.store.outbox import OutboxRow, OutboxState

MESSAGE = "m.room.message"
REACTION = "m.reaction"
REDACTION = "m.room.redaction"
OPEN_DIRECT = "direct.open"
"""Task kind that makes a direct chat."""
WORD = "="
"""Before a word that may be typed instead of a reaction, in the keys of a choice; no reaction looks so."""
PROMPT_LIFE = timedelta(days=7)
ANSWER, STARTED, BULK = 0, 1, 2
"""Priorities: answers to people overtake what the bot starts, which overtakes bulk."""


def txn_id(cause: str, index: int | str) -> TxnId:
    """The transaction id of one effect: 26 letters of SHA-256 over its cause and place."""
    digest = hashlib.sha256(f"{cause}\n{index}".encode()).digest()
    return TxnId(base64.b32encode(digest[:16]).decode().rstrip("=").lower())


class Handled(NamedTuple):
    """What became of a command: told in the log and the metrics after the commit."""

    path: str
    outcome: str
    ref: str


@dataclass
class Batch:
    """What one transaction will write beside the handlers' own rows; given to the sender after the commit."""

    outgoing: list[dict[str, Any]] = field(default_factory=list)
    shown: list[dict[str, Any]] = field(default_factory=list)
    tasks: list[dict[str, Any]] = field(default_factory=list)
    counts: counting.Counts = field(default_factory=counting.Counts)
    cancelled: list[TxnId] = field(default_factory=list)
    reachable: list[UserId] = field(default_factory=list)
    """Who has got a direct chat: what waits for it may go."""
    handled: list[Handled] = field(default_factory=list)

    def flush(self, session: Session) -> None:
        """Write everything that was gathered. Called once for each batch: ``join`` does not gather it anew."""
        self._open_direct_chats(session)
        outbox_store.add(session, self.outgoing, self.shown)
        task_store.add(session, self.tasks)
        self.counts.write(session)

    def _open_direct_chats(self, session: Session) -> None:
        """Whoever is written to without having a direct chat gets one."""
        people = {row["target"]: row for row in self.outgoing if row["target"].startswith("@")}
        for person, row in people.items():
            if rooms_store.direct_room(session, person) is None:
                marker = f"{OPEN_DIRECT}:{person}:{row['txn_id']}"
                task = {"marker": marker, "kind": OPEN_DIRECT, "lane": f"{OPEN_DIRECT}:{person}"}
                when = {"not_before": row["created_at"], "created_at": row["created_at"]}
                payload = {"person": person, "since": row["created_at"].isoformat()}
                self.tasks.append({**task, **when, "payload": payload, "cause": row["cause"]})


@dataclass
class RowEffects:
    """Effects of one cause. ``person`` is who is answered: their answers in a room stay in order."""

    session: Session
    now: datetime
    cause: str
    batch: Batch
    person: UserId | None = None
    attempt: int = 0
    """How often an operator has put the cause back; each attempt speaks under transaction ids of its own."""
    _index: int = 0

    def fork(self) -> "RowEffects":
        """A trial: its gathered effects count only when ``join`` is called."""
        return replace(self, batch=Batch())

    def join(self, trial: "RowEffects") -> None:
        """Take over what a trial gathered."""
        self._index = trial._index
        self.batch.outgoing += trial.batch.outgoing
        self.batch.shown += trial.batch.shown
        self.batch.tasks += trial.batch.tasks
        self.batch.cancelled += trial.batch.cancelled
        self.batch.reachable += trial.batch.reachable
        self.batch.handled += trial.batch.handled
        self.batch.counts.merge(trial.batch.counts)

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
        """Send to a room, or to a person's direct chat; returns the transaction id of the text."""
        marks = {ABOUT_FIELD: list(about)} if about else {}
        relation = _relation(reply_to, thread) if below is None else _in_thread(None, {"$txn": below})
        return self._message(self._next(), target, reply, {**relation, **marks}, bulk)

    def answer(
        self, txn: TxnId, target: RoomId | UserId, reply: Reply, *, reply_to: EventId | None, thread: EventId | None
    ) -> None:
        """Send under a transaction id that was promised (``Context.answer``)."""
        self._message(txn, target, reply, _relation(reply_to, thread), bulk=False)

    def send_event(self, target: RoomId | UserId, event_type: str, content: dict[str, Any]) -> TxnId:
        """Send any event."""
        return self._put(self._next(), target, event_type, content)

    def edit(self, txn: TxnId, reply: Reply) -> TxnId:
        """Replace an earlier message of ours."""
        earlier = self._earlier(txn)
        new = reply.content()
        content = {
            **new,
            "body": f"* {new['body']}",
            "formatted_body": f"* {new['formatted_body']}",
            "m.mentions": {},
            "m.new_content": new,
            "m.relates_to": {"rel_type": "m.replace", "event_id": {"$txn": txn}},
        }
        own = self._next()
        self._put(own, earlier.target, MESSAGE, content, lane=earlier.lane)
        if not reply.options:
            for reaction in prompt_store.empty(self.session, txn):
                self.redact_own(reaction)
        self._extras(own, txn, earlier.target, reply, earlier.lane)
        return own

    def react(self, room_id: RoomId, event_id: EventId, key: str) -> TxnId:
        """Put a reaction on someone's message."""
        return self._put(self._next(), room_id, REACTION, _annotation(event_id, key))

    def redact(self, room_id: RoomId, event_id: EventId, reason: str | None = None) -> TxnId:
        """Redact an event."""
        return self._put(self._next(), room_id, REDACTION, {"reason": reason}, redacts=event_id)

    def redact_own(self, txn: str, reason: str | None = None) -> None:
        """Redact an earlier message of ours, or cancel it when it has not gone out."""
        prompt_store.empty(self.session, txn)
        earlier = outbox_store.get(self.session, txn)
        if earlier is None or earlier.state not in (OutboxState.OPEN, OutboxState.SENT):
            return
        if earlier.state is OutboxState.OPEN:
            outbox_store.cancel(self.session, txn)
            self.batch.cancelled.append(TxnId(txn))
        else:
            outbox_store.mark_redacted(self.session, txn)
        self._put(self._next(), earlier.target, REDACTION, {"reason": reason}, redacts=f"txn:{txn}", lane=earlier.lane)

    def task(self, kind: str, payload: dict[str, Any], *, marker: str | None = None, lane: str | None = None) -> None:
        """Have the task runner do something; the same marker is done once."""
        marker = marker or f"{self.cause}:{self._next()}"
        self.batch.tasks.append(
            {
                "marker": marker,
                "kind": kind,
                "lane": lane or marker,
                "payload": payload,
                "cause": self.cause,
                "not_before": self.now,
                "created_at": self.now,
            }
        )

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
        audit_store.add(self.session, self.now, action, scope, actor, target, (before, after), self.cause)

    def handled(self, path: str, outcome: str) -> None:
        """Note what became of a command."""
        self.batch.handled.append(Handled(path, outcome, ref_of(self.cause)))

    def count(self, measure: str, scope: Scope, by: int = 1) -> None:
        """Add to today's sum."""
        self.batch.counts.add(self.now, scope, measure, by)

    def txn(self, index: int | str) -> TxnId:
        """The transaction id of one effect of this attempt."""
        return txn_id(f"{self.cause}#{self.attempt}" if self.attempt else self.cause, index)

    def _next(self) -> TxnId:
        self._index += 1
        return self.txn(self._index)

    def _message(
        self, txn: TxnId, target: RoomId | UserId, reply: Reply, relation: dict[str, Any], bulk: bool
    ) -> TxnId:
        content = {**reply.content(), **relation}
        priority = BULK if bulk else ANSWER if reply.notice else STARTED
        self._put(txn, target, MESSAGE, content, priority=priority)
        self._extras(txn, txn, target, reply, self._lane(target))
        if reply.attachment is not None:
            posted = self._put(self._next(), target, MESSAGE, {**_file(reply.attachment), **relation})
            self.batch.shown += [{"txn_id": posted, "item_id": item} for item in reply.items]
        return txn

    def _extras(self, own: TxnId, message: TxnId, target: str, reply: Reply, lane: str) -> None:
        """What comes with a message: which items it shows, its choices, and the reactions that offer them."""
        texts = dict.fromkeys((own, message))  # redacting a message leaves its edits
        self.batch.shown += [{"txn_id": txn, "item_id": item} for txn in texts for item in reply.items]
        options = _commands(reply)
        offered = [_annotation({"$txn": message}, option.key) for option in reply.options]
        reactions = [self._put(self._next(), target, REACTION, content, lane=lane) for content in offered]
        if options:
            prompt_store.add(
                *(self.session, message, target, options, reply.asked, reactions, reply.source, reply.once),
                now=self.now,
                life=reply.until - self.now if reply.until else PROMPT_LIFE,
            )

    def _lane(self, target: str) -> str:
        return f"{target}|{self.person or ''}"

    def _put(
        self,
        txn: TxnId,
        target: str,
        event_type: str,
        content: dict[str, Any],
        *,
        redacts: str | None = None,
        lane: str | None = None,
        priority: int = ANSWER,
    ) -> TxnId:
        if event_type == MESSAGE:
            content = {**content, TXN_FIELD: txn}
        self.batch.outgoing.append(
            {
                "txn_id": txn,
                "target": target,
                "lane": lane or self._lane(target),
                "event_type": event_type,
                "redacts": redacts,
                "content": content,
                "priority": priority,
                "cause": self.cause,
                "created_at": self.now,
                "state": OutboxState.OPEN,
            }
        )
        return txn

    def _earlier(self, txn: TxnId) -> OutboxRow:
        for row in self.batch.outgoing:
            if row["txn_id"] == txn:
                return OutboxRow(**row)
        found = outbox_store.get(self.session, txn)
        if found is None:
            raise LookupError(f"no message {txn} to edit")
        return found


def _commands(reply: Reply) -> dict[str, str]:
    """What each answer stands for: the reaction, the word beside it or its number; a number alone for a list."""
    words = {f"{WORD}{option.label.partition(',')[0].casefold()}": option.command for option in reply.options}
    numbers = {option.key[0]: option.command for option in reply.options if option.key[0].isdigit()}
    choices = {str(number): command for number, command in enumerate(reply.choices, 1)}
    return {option.key: option.command for option in reply.options} | words | numbers | choices


def _relation(reply_to: EventId | None, thread: EventId | None) -> dict[str, Any]:
    """``m.relates_to`` of a rich reply, in a thread when there is one (Client-Server API, threading)."""
    if thread is not None:
        return _in_thread(reply_to, thread)
    return {"m.relates_to": {"m.in_reply_to": {"event_id": reply_to}}} if reply_to else {}


def _in_thread(reply_to: EventId | None, root: EventId | dict[str, TxnId]) -> dict[str, Any]:
    """A message in the thread of ``root``; without a reply it falls back to one to the root, for older clients."""
    return {
        "m.relates_to": {
            "rel_type": "m.thread",
            "event_id": root,
            "is_falling_back": reply_to is None,
            "m.in_reply_to": {"event_id": reply_to or root},
        }
    }


def _annotation(event_id: Any, key: str) -> dict[str, Any]:
    return {"m.relates_to": {"rel_type": "m.annotation", "event_id": event_id, "key": key}}


def _file(attachment: Attachment) -> dict[str, Any]:
    major = attachment.media_type.split("/")[0]
    msgtype = {"image": "m.image", "video": "m.video", "audio": "m.audio"}.get(major, "m.file")
    info: dict[str, Any] = {"mimetype": attachment.media_type}
    if attachment.size is not None:
        info["size"] = attachment.size
    return {
        "msgtype": msgtype,
        "body": clean(attachment.name),
        "filename": clean(attachment.name),
        "url": attachment.mxc,
        "info": info,
        "m.mentions": {},
    }
