"""The rules of journals.

The rule it keeps: an entry is an item that its author alone may read, in the direct chat alone; it is counted nowhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from copp_bot.core import items
from copp_bot.core.context import Effects
from copp_bot.core.errors import UserError
from copp_bot.core.i18n import gettext as _
from copp_bot.core.ids import Audience, ItemId, Scope, UserId
from copp_bot.core.markdown import tidy
from copp_bot.core.matrix.port import Message
from copp_bot.core.store import items as items_store
from copp_bot.core.store.items import Having, ItemRow

KIND, LETTER, WRITE = "journal", "J", "journal.write"
LONGEST = 12_000
"""Characters of an entry, as many as a post may have."""
ON_A_PAGE = 10


@dataclass(frozen=True)
class Entry:
    """An entry as its author sees it."""

    id: ItemId
    number: str
    at: datetime
    text: str


def write(effects: Effects, author: UserId, text: str, message: Message) -> Entry:
    """Keep a new entry; redacting its message takes it out again."""
    new = items.NewItem(
        kind=KIND,
        scope=Scope(f"person:{author}"),
        audience=own(author),
        author=author,
        title="",
        text=checked(text),
        room_id=message.room_id,
        event_id=message.event_id,
    )
    return _entry(effects.session, items.create(effects, new))


def checked(text: str) -> str:
    """The text without what cannot be seen; a UserError for one that is too long."""
    text = tidy(text)
    if len(text) > LONGEST:
        raise UserError(
            _("That is too long for one entry: {length} characters, and {limit} is the most. Make two of it.").format(
                length=len(text), limit=LONGEST
            )
        )
    return text


def own(author: UserId) -> Audience:
    """The one audience of a journal."""
    return Audience(f"private:{author}")


def entries(session: Session, author: UserId, page: int) -> tuple[Sequence[Entry], bool]:
    """Someone's own entries, newest first, and whether there are more."""
    end = page * ON_A_PAGE
    rows = items_store.newest(session, {own(author)}, KIND, end + 1, Having())
    return [_entry(session, row) for row in rows[end - ON_A_PAGE : end]], len(rows) > end


def entry(session: Session, author: UserId, number: int) -> Entry:
    """One of someone's own entries."""
    return _entry(session, items.find(session, {own(author)}, KIND, LETTER, number))


def withdraw(effects: Effects, author: UserId, number: int) -> None:
    """Take one of one's own entries out."""
    items.withdraw(effects, items.find(effects.session, {own(author)}, KIND, LETTER, number), author)


def change(effects: Effects, row: ItemRow, text: str) -> None:
    """Take over a new text; what showed the earlier one goes."""
    items_store.index(effects.session, row, checked(text))
    for txn in items_store.messages_showing(effects.session, items.row_id(row)):
        effects.redact_own(txn, _("the entry has changed"))


def _entry(session: Session, row: ItemRow) -> Entry:
    number = items.row_id(row)
    return Entry(number, items.short_id(LETTER, row), row.created_at, items_store.text_of(session, number))
