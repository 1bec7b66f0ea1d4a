"""The rooms' own queries: what ``apply`` records, and the snapshot from which rights are decided."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, bindparam, or_, select, update
from sqlmodel import Session, col

from copp_bot.core.ids import RoomId, RoomKey, Scope, UserId
from copp_bot.core.store import meta
from copp_bot.rooms import by_role
from copp_bot.rooms.declared import Declaration
from copp_bot.rooms.observe import Observed, ObservedRoom
from copp_bot.rooms.power import Creation, RoleGrant
from copp_bot.rooms.rights import HeldRole, RoomFacts, Snapshot, Stay
from storage.tables.audit import AuditRow
from storage.tables.people import GrantRow
from storage.tables.rooms import MembershipRow, RoomKind, RoomRow
from storage.upsert import upsert

UNLISTED = "rooms.unlisted:"
"""Name of the fact that the homeserver does not let a room into its directory."""
MENDED = "rooms.mended"
"""Name in the trail of something that was set back."""


def record(session: Session, declared: Declaration, observed: Observed, now: datetime) -> None:
    """Write what was observed of every declared room; a key is taken from the room that had it before."""
    rows = {room.room_id: _row(declared, room, now) for key, room in observed.rooms.items() if declared.room(key)}
    keys = [row["key"] for row in rows.values()]
    session.execute(
        update(RoomRow).where(col(RoomRow.key).in_(keys), col(RoomRow.room_id).not_in(list(rows))).values(key=None)
    )
    known = set(session.scalars(select(col(RoomRow.room_id)).where(col(RoomRow.room_id).in_(list(rows)))))
    fresh = [{**row, "joined_at": now} for room_id, row in rows.items() if room_id not in known]
    upsert(session, RoomRow, [row for room_id, row in rows.items() if room_id in known], key=("room_id",))
    upsert(session, RoomRow, fresh, key=("room_id",))
    session.expire_all()


def grants(session: Session, now: datetime) -> tuple[RoleGrant, ...]:
    """Every role in force."""
    rows = session.execute(
        select(col(GrantRow.user_id), col(GrantRow.role), col(GrantRow.scope)).where(*_in_force(now))
    )
    return tuple(RoleGrant(UserId(user), role, Scope(scope)) for user, role, scope in rows)


def scope_of(session: Session, room_id: RoomId) -> str | None:
    """Who owns the room."""
    return session.scalar(select(col(RoomRow.scope)).where(col(RoomRow.room_id) == room_id))


def is_space(session: Session, room_id: RoomId) -> bool:
    """Is it one of our spaces?"""
    return session.scalar(select(col(RoomRow.kind)).where(col(RoomRow.room_id) == room_id)) is RoomKind.SPACE


def last_grant(session: Session) -> int:
    """The newest grant's number; with the grants in force it tells apart two times of the same grants."""
    return session.scalar(select(col(GrantRow.id)).order_by(col(GrantRow.id).desc()).limit(1)) or 0


def stays(session: Session) -> dict[UserId, dict[RoomId, Stay]]:
    """Who is where in our rooms, as the mirror has it."""
    return _stays(session, list(ids(session).values()), None)


def unlisted(session: Session) -> frozenset[str]:
    """Rooms that the homeserver has not let us show in its room directory."""
    return frozenset(meta.beginning(session, UNLISTED))


def keep_unlisted(session: Session, room_id: RoomId) -> None:
    """It has just refused one."""
    meta.put(session, UNLISTED + room_id, "")


def drop_unlisted(session: Session, room_id: RoomId) -> None:
    """It has allowed it now."""
    meta.drop(session, UNLISTED + room_id)


def direct_chats(session: Session) -> frozenset[RoomId]:
    """Rooms of the bot and one person, which are never declared ones."""
    rows = session.scalars(select(col(RoomRow.room_id)).where(col(RoomRow.kind) == RoomKind.DIRECT))
    return frozenset(RoomId(room_id) for room_id in rows)


def mirrored_power(session: Session) -> Mapping[RoomKey, tuple[RoomId, Creation, dict[str, Any] | None]]:
    """Room id, creation and power levels of every managed room, as the mirror has them."""
    rows = session.execute(
        select(
            col(RoomRow.key),
            col(RoomRow.room_id),
            col(RoomRow.version),
            col(RoomRow.creators),
            col(RoomRow.power_levels),
        ).where(*_managed(), col(RoomRow.version).is_not(None))
    )
    return {
        RoomKey(key): (RoomId(room_id), Creation(version, frozenset(creators)), levels)
        for key, room_id, version, creators, levels in rows
    }


def ids(session: Session) -> dict[str, RoomId]:
    """Declared key -> room id, as the mirror has it."""
    rows = session.execute(select(col(RoomRow.key), col(RoomRow.room_id)).where(*_managed()))
    return {key: RoomId(room_id) for key, room_id in rows}


def repairs(session: Session, after: Mapping[str, str], since: datetime) -> int:
    """How often this was set back since then (``after`` of the trail's entries)."""
    entries = session.scalars(
        select(col(AuditRow.after)).where(col(AuditRow.action) == MENDED, col(AuditRow.at) > since)
    )
    return sum(entry == after for entry in entries)


def snapshot(
    session: Session, declared: Declaration, bot: UserId, now: datetime, people: Collection[UserId] | None = None
) -> Snapshot:
    """What deciding about rights needs.

    Args:
        people: only these; None takes everybody.
    """
    rooms = tuple(_facts(declared, row) for row in session.execute(_managed_rooms()))
    ids = [room.room_id for room in rooms]
    return Snapshot(
        bot=bot,
        rooms=rooms,
        inhabited=_inhabited(session, [room.room_id for room in rooms if room.is_space]),
        stays=_stays(session, ids, people),
        roles=_held(session, now, people),
        everywhere=frozenset(name for name, role in declared.roles.items() if role.everywhere),
        by_role=by_role.all_of_them(session),
    )


# These are asked whenever somebody comes or goes, and building them costs more than asking: they are built once.
@cache
def _managed_rooms() -> Any:
    facts = (RoomRow.room_id, RoomRow.key, RoomRow.kind, RoomRow.scope, RoomRow.readers, RoomRow.creators)
    return select(*map(col, facts)).where(*_managed())


@cache
def _some_inhabited() -> Any:
    room, is_in = col(MembershipRow.room_id), col(MembershipRow.membership) == "join"
    return select(room).where(room.in_(_several("spaces")), is_in).distinct()


@cache
def _memberships(*, of_some: bool) -> Any:
    facts = (MembershipRow.user_id, MembershipRow.room_id, MembershipRow.membership, MembershipRow.by)
    statement = select(*map(col, facts), col(MembershipRow.since))
    statement = statement.where(col(MembershipRow.room_id).in_(_several("rooms")))
    return statement.where(col(MembershipRow.user_id).in_(_several("people"))) if of_some else statement


@cache
def _roles(*, of_some: bool) -> Any:
    facts = (GrantRow.user_id, GrantRow.role, GrantRow.scope, GrantRow.granted_at)
    statement = select(*map(col, facts)).where(*_in_force(bindparam("now")))
    return statement.where(col(GrantRow.user_id).in_(_several("people"))) if of_some else statement


def _several(name: str) -> BindParameter[Any]:
    return bindparam(name, expanding=True)


def _managed() -> tuple[ColumnElement[bool], ...]:
    return (
        col(RoomRow.key).is_not(None),
        col(RoomRow.membership) == "join",
        col(RoomRow.kind).in_([RoomKind.SPACE, RoomKind.ROOM]),
    )


def _row(declared: Declaration, seen: ObservedRoom, now: datetime) -> dict[str, Any]:
    room = declared.room(seen.key)
    assert room is not None
    return {
        "room_id": seen.room_id,
        "key": seen.key,
        "kind": RoomKind(room.kind),
        "scope": room.scope,
        "readers": room.readers,
        "name": (seen.content("m.room.name") or {}).get("name"),
        "membership": "join",
        "version": seen.creation.version,
        "creators": sorted(seen.creation.creators),
        "power_levels": seen.power_levels,
        "encrypted": seen.content("m.room.encryption") is not None,
    }


def _facts(declared: Declaration, row: Any) -> RoomFacts:
    room = declared.room(row.key)
    return RoomFacts(
        RoomId(row.room_id),
        RoomKey(row.key),
        row.kind == RoomKind.SPACE,
        Scope(row.scope or ""),
        row.readers or "",
        room is not None and room.is_given and not room.is_space,
        frozenset(row.creators or ()),
    )


def _inhabited(session: Session, spaces: Iterable[RoomId]) -> frozenset[RoomId]:
    """Spaces of which the mirror knows someone: only there does nobody mean nobody."""
    found = session.scalars(_some_inhabited(), {"spaces": list(spaces)})
    return frozenset(RoomId(room_id) for room_id in found)


def _stays(
    session: Session, rooms: Collection[RoomId], people: Collection[UserId] | None
) -> dict[UserId, dict[RoomId, Stay]]:
    given = {"rooms": list(rooms), "people": list(people or ())}
    stays: dict[UserId, dict[RoomId, Stay]] = {}
    for user, room, membership, by, since in session.execute(_memberships(of_some=people is not None), given):
        stays.setdefault(UserId(user), {})[RoomId(room)] = Stay(membership, UserId(by), since)
    return stays


def _held(session: Session, now: datetime, people: Collection[UserId] | None) -> dict[UserId, tuple[HeldRole, ...]]:
    given = {"now": now, "people": list(people or ())}
    held: dict[UserId, tuple[HeldRole, ...]] = {}
    for user, role, scope, since in session.execute(_roles(of_some=people is not None), given):
        held[UserId(user)] = (*held.get(UserId(user), ()), HeldRole(role, Scope(scope), since))
    return held


def _in_force(now: datetime | BindParameter[datetime]) -> tuple[ColumnElement[bool], ...]:
    return (col(GrantRow.ended_at).is_(None), or_(col(GrantRow.until).is_(None), col(GrantRow.until) > now))
