"""Keeps the mirror of rooms and memberships, in sync order, and tells features what changed."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session

from copp_bot.core.context import Place
from copp_bot.core.effects import RowEffects
from copp_bot.core.ids import COMMUNITY, RoomId, RoomKey, Scope, UserId
from copp_bot.core.matrix import events
from copp_bot.core.matrix.port import ENCRYPTION, MARKER, JsonDict, Membership, State
from copp_bot.core.store import people as people_store
from copp_bot.core.store import rooms as store
from copp_bot.core.store.rooms import RoomKind, RoomRow

MembershipListener = Callable[[RowEffects, Place, Membership], None]
PRESENT = frozenset({"join", "invite", "knock"})


def place_of(session: Session, room_id: RoomId) -> Place:
    """The place a room is; one that is not ours, or a direct chat with a third person, shows public things only."""
    row = store.get(session, room_id)
    if row is None or row.scope is None:
        return Place(room_id, None, COMMUNITY, None)
    if row.kind is RoomKind.DIRECT:
        is_alone = len(store.present_users(session, room_id)) <= 2
        return Place(room_id, None, COMMUNITY, row.readers if is_alone else None, is_alone, not is_alone)
    return Place(room_id, RoomKey(row.key) if row.key else None, Scope(row.scope), row.readers)


def apply_membership(
    effects: RowEffects, event: Membership, bot: UserId, listeners: Sequence[MembershipListener]
) -> None:
    """Mirror one membership; listeners hear of real changes in rooms of ours.

    A new name or picture comes as a membership like the one before: since when, and by whom, stays.
    """
    session = effects.session
    before = store.membership(session, event.room_id, event.user_id)
    was = before.membership if before else "leave"
    if before is None or was != event.membership:
        store.put_memberships(session, [_row(event)])
    if before is not None:
        session.expire(before)
    if event.user_id == bot:
        _bot_moved(session, event)
        return
    if event.membership == "join":
        _remember_name(effects, event)
    if was != event.membership:
        place = place_of(session, event.room_id)
        if place.key is not None:
            for listener in listeners:
                listener(effects, place, event)


def apply_state(effects: RowEffects, event: State, bot: UserId) -> None:
    """Mirror what of a room's state the house acts on."""
    row = _room(effects.session, event.room_id)
    content = event.content
    if event.type == "m.room.power_levels":
        row.power_levels = content
    elif event.type == "m.room.name":
        row.name = _text(content.get("name"))
    elif event.type == ENCRYPTION:
        row.encrypted = True
    elif event.type == "m.room.create":
        row.version = _text(content.get("room_version")) or "1"
        others = content.get("additional_creators")
        row.creators = [event.sender, *(c for c in (others if isinstance(others, list) else ()) if isinstance(c, str))]
        row.kind = RoomKind.SPACE if content.get("type") == "m.space" else row.kind
    elif event.type == MARKER:
        _mark(effects.session, row, event, bot)
    effects.session.add(row)
    effects.session.flush()


def apply_block(
    effects: RowEffects,
    room_id: RoomId,
    block: Sequence[JsonDict],
    bot: UserId,
    listeners: Sequence[MembershipListener],
) -> None:
    """Mirror a whole ``state`` block: creation first, then the rest, so that the room is known before its people."""
    parsed = [event for raw in block if (event := events.parse(raw, room_id)) is not None]
    states = [event for event in parsed if isinstance(event, State)]
    for event in sorted(states, key=lambda state: state.type != "m.room.create"):
        apply_state(effects, event, bot)
    _room(effects.session, room_id)
    for membership in parsed:
        if isinstance(membership, Membership):
            apply_membership(effects, membership, bot, listeners)
    _adopt_direct(effects.session, room_id, bot)


def left(session: Session, room_id: RoomId) -> None:
    """The bot is not in the room any more."""
    row = store.get(session, room_id)
    if row is not None:
        row.membership = "leave"
        session.add(row)
        session.flush()


def record_direct(session: Session, room_id: RoomId, person: UserId, bot: UserId, now: datetime) -> None:
    """A direct chat the bot has made or accepted; known before the sync shows it."""
    row = _room(session, room_id)
    row.kind, row.scope, row.readers = RoomKind.DIRECT, f"direct:{person}", f"direct:{person}"
    row.membership, row.joined_at = "join", now
    session.add(row)
    session.flush()
    known = store.membership(session, room_id, person)
    rows = [store.Membership(room_id, bot, "join", bot, now)]
    if known is None:
        rows.append(store.Membership(room_id, person, "invite", bot, now))
    store.put_memberships(session, rows)


def _adopt_direct(session: Session, room_id: RoomId, bot: UserId) -> None:
    """A plain room of the bot and one other person is their direct chat, also after the database was lost."""
    row = _room(session, room_id)
    if row.scope is not None or row.encrypted or row.kind is RoomKind.SPACE:
        return
    present = store.present_users(session, room_id)
    others = [user for user in present if user != bot]
    if bot in present and len(others) == 1:
        row.kind, row.scope, row.readers = RoomKind.DIRECT, f"direct:{others[0]}", f"direct:{others[0]}"
        session.add(row)
        session.flush()


def _room(session: Session, room_id: RoomId) -> RoomRow:
    row = store.get(session, room_id)
    if row is None:
        row = RoomRow(room_id=room_id)
        session.add(row)
        session.flush()
    return row


def _mark(session: Session, row: RoomRow, event: State, bot: UserId) -> None:
    """Take the declared key from our own marker: set by us, in a room that we have made. Anyone can write one."""
    if event.sender != bot or bot not in row.creators:
        return
    content = event.content
    key, kind = _text(content.get("key")), _text(content.get("kind"))
    taken = store.by_key(session, key) if key else None
    if taken is not None and taken.room_id != row.room_id:
        return
    if kind not in {k.value for k in RoomKind}:
        return
    row.key, row.kind = key, RoomKind(kind)
    row.scope, row.readers = _text(content.get("scope")), _text(content.get("readers"))


def _bot_moved(session: Session, event: Membership) -> None:
    row = _room(session, event.room_id)
    row.membership = event.membership
    if event.membership == "join" and row.joined_at is None:
        row.joined_at = event.sent_at
    session.add(row)
    session.flush()


def _remember_name(effects: RowEffects, event: Membership) -> None:
    row = people_store.ensure(effects.session, event.user_id, effects.now)
    if event.display_name and row.display_name != event.display_name:
        row.display_name = event.display_name
        effects.session.add(row)
        effects.session.flush()


def _row(event: Membership) -> store.Membership:
    return store.Membership(event.room_id, event.user_id, event.membership, event.sender, event.sent_at)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
