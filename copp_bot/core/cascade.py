"""What follows when a message is redacted or edited: every derivative goes, or changes, with it."""

from collections.abc import Callable, Mapping, Sequence

from sqlmodel import Session

from copp_bot.core import items
from copp_bot.core.context import Effects, Place
from copp_bot.core.effects import RowEffects
from copp_bot.core.feature import ItemKind
from copp_bot.core.i18n import gettext as _
from copp_bot.core.ids import EventId, ItemId, Scope, UserId
from copp_bot.core.matrix import events
from copp_bot.core.matrix.port import Edit, Redaction
from copp_bot.core.reply import code, say
from copp_bot.core.store import inbox as inbox_store
from copp_bot.core.store import items as item_store
from copp_bot.core.store import outbox as outbox_store
from copp_bot.core.store import tasks as task_store
from copp_bot.core.store.inbox import InboxState
from copp_bot.core.store.items import ItemRow
from copp_bot.core.store.newcomers import TALK
from copp_bot.core.store.outbox import OutboxState


class Cascade:
    """Redactions and edits.

    Args:
        kinds: the feature that owns each kind of item, by kind.
        redacted: features that keep something else of a message, and take it back with it.
    """

    def __init__(
        self, kinds: Mapping[str, ItemKind], redacted: Sequence[Callable[[Effects, EventId], None]] = ()
    ) -> None:
        self._kinds = kinds
        self._redacted = redacted

    def redacted(self, effects: RowEffects, redaction: Redaction) -> None:
        """A message is gone: pending work is dropped, what was made from it withdrawn, answers quoting it redacted."""
        self.drop_pending(effects.session, redaction)
        task_store.cancel_caused_by(effects.session, redaction.target, effects.now)
        for item in item_store.by_source(effects.session, redaction.target):
            self.withdraw(effects, item, redaction)
        for take_back in self._redacted:
            take_back(effects, redaction.target)
        self._redact_answers(effects, redaction)

    def withdraw(self, effects: RowEffects, item: ItemRow, redaction: Redaction) -> None:
        """Withdraw an item of any kind."""
        kind = self._kinds.get(item.kind)
        if kind is not None:
            kind.withdrawn(effects, items.row_id(item))
        if redaction.sender != item.author:
            action, author = f"{item.kind}.withdraw", UserId(item.author)
            effects.audit(action, Scope(item.scope), actor=redaction.sender, target=author)
        items.withdraw(effects, item, redaction.sender, is_message_gone=redaction.target == item.event_id)

    def edited(self, effects: RowEffects, place: Place, edit: Edit) -> None:
        """Only the author's edit counts; a command that made a thing edits the thing, any other is not run again.

        Of talk that becomes a command it is not known who wrote it; it is answered and not run, whoever that was.
        """
        row = inbox_store.by_event(effects.session, edit.target)
        made = [item for item in item_store.by_source(effects.session, edit.target) if item.author == edit.sender]
        if row is None and outbox_store.by_event(effects.session, edit.target) is None:
            self._send_anew(effects, place, edit)
        if row is None or row.sender != edit.sender:
            return
        if self.edit_pending(effects.session, edit):
            return
        for item in made:
            self._edit_item(effects, place, item, edit)
        if not made:
            self._send_anew(effects, place, edit)

    def _send_anew(self, effects: RowEffects, place: Place, edit: Edit) -> None:
        """An edit is never run; whoever may expect it to be is told so."""
        if not (place.is_direct or events.begins_like_command(edit.new.body)):
            return
        words = _("An edited command is not run again. Send it anew.")
        if edit.new.file is not None:
            words = _("An edited caption is not acted on again. Answer the file with the command.")
        effects.send(place.room_id, say(words), reply_to=edit.target, thread=edit.new.thread)

    def _edit_item(self, effects: RowEffects, place: Place, item: ItemRow, edit: Edit) -> None:
        kind = self._kinds.get(item.kind)
        if kind is None or kind.edited is None:
            short = items.short_id(kind.letter, item) if kind else ""
            words = (_("I did not change {id}. Withdraw it and share it anew: ").format(id=short), code("!help"))
            effects.send(place.room_id, say(words), reply_to=edit.target)
            return
        reply = kind.edited(effects, ItemId(item.id or 0), edit)
        if reply is not None:
            effects.send(place.room_id, reply, reply_to=edit.target, thread=edit.new.thread)

    def drop_pending(self, session: Session, redaction: Redaction) -> None:
        """A message that waits is not acted on any more."""
        for event_id in (redaction.target, f"{TALK}{redaction.target}"):
            row = inbox_store.by_event(session, event_id)
            if row is not None and row.state is InboxState.NEW:
                row.state, row.body = InboxState.CANCELLED, None
                session.add(row)
                session.flush()

    def edit_pending(self, session: Session, edit: Edit) -> bool:
        """A message that waits is acted on as its author's edit has it; False when it does not wait."""
        row = inbox_store.by_event(session, edit.target)
        if row is None or row.sender != edit.sender or row.state is not InboxState.NEW:
            return False
        row.body = {**(row.body or {}), "content": edit_content(row.body, edit)}
        session.add(row)
        session.flush()
        return True

    def _redact_answers(self, effects: RowEffects, redaction: Redaction) -> None:
        """Our answers to the redacted message may quote it; notices of other kinds (moderation) stand."""
        markers = task_store.markers_caused_by(effects.session, redaction.target)
        causes = [redaction.target, *(f"task:{marker}" for marker in markers)]
        for row in (row for cause in causes for row in outbox_store.caused_by(effects.session, cause)):
            if row.event_type == "m.room.message" and row.state in (OutboxState.OPEN, OutboxState.SENT):
                effects.redact_own(row.txn_id, _("what it answered was redacted"))


def edit_content(body: Mapping[str, object] | None, edit: Edit) -> dict[str, object]:
    """The content of a message that waits, with its new text."""
    content = (body or {}).get("content")
    return {**(content if isinstance(content, dict) else {}), "body": edit.new.body}
