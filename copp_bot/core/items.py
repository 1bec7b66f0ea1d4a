"""The one read gate, and what happens to an item over its life.

The rule it keeps: what a person is shown depends on the person *and* on who else reads the answer. In a room
shared with others only what everyone who may come to read that room may read is shown, whoever asks. What may
not be shown is answered exactly like what does not exist.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlmodel import Session

from copp_bot.core import numbers
from copp_bot.core.context import Effects, Place
from copp_bot.core.errors import NotFound
from copp_bot.core.i18n import gettext as _
from copp_bot.core.ids import Audience, EventId, ItemId, RoomId, Scope, UserId, group_of
from copp_bot.core.people import ROOT_KEY
from copp_bot.core.permissions import Standing, Viewer
from copp_bot.core.store import items as store
from copp_bot.core.store import meta
from copp_bot.core.store import rooms as rooms_store
from copp_bot.core.store.items import ItemRow

PUBLIC = Audience("public")
FOR_COMMUNITY = Audience("community")
DELETE_FILES = "files.delete"
"""Task kind that deletes bytes which nothing uses any more."""


@dataclass(frozen=True)
class NewItem:
    """What is to be shared.

    Args:
        event_id: the message or file it comes from; redacting it withdraws the item.
        command_event: the command that made it, likewise.
        text: what is searched beside the title.
        licence: SPDX identifier.
    """

    kind: str
    scope: Scope
    audience: Audience
    author: UserId
    title: str
    text: str = ""
    tags: tuple[str, ...] = ()
    language: str | None = None
    licence: str | None = None
    room_id: RoomId | None = None
    event_id: EventId | None = None
    command_event: EventId | None = None


def audiences(session: Session, viewer: Viewer, place: Place, bot: UserId) -> frozenset[Audience]:
    """The audiences whose items may be shown to this viewer at this place."""
    own = _audiences_of(viewer)
    if place.is_direct:
        return own if _is_alone_with(session, viewer, place, bot) else frozenset({PUBLIC})
    allowed = own & _audiences_for_readers(place.readers)
    return frozenset(a for a in allowed if _everyone_here_may(session, a, place, bot))


def find(session: Session, seen: Iterable[Audience], kind: str, letter: str, number: int) -> ItemRow:
    """The item of this number; NotFound for one that is not there or may not be shown here."""
    row = store.by_number(session, seen, kind, number)
    if row is None:
        shown = f"{letter}{number}"
        raise NotFound(
            _("There is no {id}. Check the number.").format(id=shown),
            in_room=_("There is no {id} here. Check the number, or ask me in our direct chat.").format(id=shown),
        )
    return row


def own(session: Session, viewer: Viewer, kind: str, number: int) -> ItemRow | None:
    """What this person has shared, of this number, whether or not it may still be read: to take it back."""
    return store.own(session, viewer.user_id, kind, number)


def create(effects: Effects, new: NewItem) -> ItemRow:
    """Write a new item and index it."""
    session = effects.session
    serial = meta.next_number(session, "item_serial")
    row = ItemRow(
        id=serial,
        number=numbers.number_of(serial, meta.secret(session, "number_key")),
        kind=new.kind,
        scope=new.scope,
        audience=new.audience,
        author=new.author,
        title=new.title,
        language=new.language,
        licence=new.licence,
        room_id=new.room_id,
        event_id=new.event_id,
        command_event=new.command_event,
        created_at=effects.now,
        updated_at=effects.now,
    )
    store.add(session, row, new.tags, new.text)
    return row


def change_audience(effects: Effects, item: ItemRow, audience: Audience) -> None:
    """Let others read it; messages that showed it to those who may not read it any more are redacted."""
    for txn in () if includes(audience, item.audience) else store.messages_showing(effects.session, item.id or 0):
        effects.redact_own(txn, _("its audience has changed"))
    text = store.text_of(effects.session, item.id or 0)
    item.audience, item.updated_at = audience, effects.now
    effects.session.add(item)
    effects.session.flush()
    store.index(effects.session, item, text)


def withdraw(effects: Effects, item: ItemRow, by: UserId, *, is_message_gone: bool = False) -> None:
    """Take it away from every surface: index, tags, our copies of files, and the messages of ours that show it.

    Args:
        is_message_gone: the message that brought the file was redacted, so the homeserver's copy goes too, if it was
            uploaded by the author or by whoever redacted it; while the message stands, its readers can open it.
    """
    assert item.id is not None
    for txn in store.messages_showing(effects.session, item.id):
        effects.redact_own(txn, _("withdrawn"))
    unused = store.empty(effects.session, item, effects.now, by)
    if unused:
        files = [{"path": file.path, "mxc": file.mxc if is_message_gone else None} for file in unused]
        payload = {"files": files, "owners": [item.author, by]}
        effects.task(DELETE_FILES, payload, marker=f"{DELETE_FILES}:{item.id}")


def includes(audience: str, former: str) -> bool:
    """May everybody who could read it go on reading it?"""
    if former.startswith("private:"):
        return True  # its one reader is the one who shares it
    return audience in (PUBLIC, former) or (audience == FOR_COMMUNITY and former != PUBLIC)


def _audiences_of(viewer: Viewer) -> frozenset[Audience]:
    if viewer.standing is not Standing.MEMBER:
        return frozenset({PUBLIC})
    groups = {Audience(f"group:{key}") for key in viewer.groups}
    return frozenset({PUBLIC, FOR_COMMUNITY, Audience(f"private:{viewer.user_id}")} | groups)


def _audiences_for_readers(readers: str | None) -> frozenset[Audience]:
    """What the people who may come to read a room, now or later, may all read."""
    if readers is None or readers == "public":
        return frozenset({PUBLIC})
    if group_of(readers) is not None:
        return frozenset({PUBLIC, FOR_COMMUNITY, Audience(readers)})
    return frozenset({PUBLIC, FOR_COMMUNITY})


def _everyone_here_may(session: Session, audience: Audience, place: Place, bot: UserId) -> bool:
    if audience == PUBLIC:
        return True
    for key in {ROOT_KEY, group_of(audience) or ROOT_KEY}:
        space = rooms_store.room_id(session, key)
        if space is None or rooms_store.someone_outside(session, place.room_id, space, bot):
            return False
    return True


def _is_alone_with(session: Session, viewer: Viewer, place: Place, bot: UserId) -> bool:
    return set(rooms_store.present_users(session, place.room_id)) <= {viewer.user_id, bot}


def short_id(letter: str, item: ItemRow) -> str:
    """What people say: ``L4821``."""
    return f"{letter}{item.number}"


def row_id(item: ItemRow) -> ItemId:
    """The row id of a stored item."""
    assert item.id is not None
    return ItemId(item.id)
