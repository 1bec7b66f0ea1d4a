"""What was opened or closed by command: declarations too, kept in the database and in the rooms' own markers.

The rule it keeps: the folder is the stronger one. A key that a file declares is the file's from then on; whether a
group is closed is the last word of a command. A lost database takes both back from the markers, once.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from pydantic import ValidationError
from sqlmodel import Session

from copp_bot.core.ids import UserId, group_of
from copp_bot.core.matrix.port import MARKER, RoomEditor
from copp_bot.core.store import meta
from copp_bot.rooms import personal, state, store
from copp_bot.rooms.declaration import community_room, group_of_file, group_rooms, group_space
from copp_bot.rooms.declared import Declaration, DeclaredGroup, DeclaredRoom, DeclaredRooms
from copp_bot.rooms.models import GroupFile, RoomEntry, is_key
from copp_bot.rooms.observe import Observed, observe
from storage.database import Database

GROUP, ROOM = "group", "room"
OPENED, CLOSED, LOOKED = "rooms.opened:", "rooms.closed:", "rooms.looked"
"""Names of facts: the declaration of a key, whether a key is closed, and whether markers were looked at."""
_MODELS: Mapping[str, type[GroupFile] | type[RoomEntry]] = {GROUP: GroupFile, ROOM: RoomEntry}
AFTER = 500
"""Places of topical rooms opened by command come after those of the file."""


@dataclass(frozen=True)
class Opened:
    """A group, or a topical room, as its file or its entry in ``rooms.yaml`` would say it."""

    key: str
    entry: GroupFile | RoomEntry

    @property
    def text(self) -> str:
        """As it is kept: JSON, the same for the same entry."""
        kind = GROUP if isinstance(self.entry, GroupFile) else ROOM
        said = self.entry.model_dump(mode="json", exclude_defaults=True)
        return json.dumps({kind: said}, ensure_ascii=False, sort_keys=True)


def read(key: str, text: str) -> Opened | None:
    """What was kept; None for what cannot be a declaration, whoever wrote it."""
    try:
        kept = json.loads(text)
        kind, said = next(iter(kept.items()))
        entry = _MODELS[kind].model_validate_json(json.dumps(said))
    except (ValueError, KeyError, AttributeError, StopIteration, ValidationError):
        return None
    return Opened(key, entry) if is_key(key) else None


def current(session: Session, folder: Declaration) -> Declaration:
    """The folder's declaration with what commands have opened and closed."""
    kept = meta.beginning(session, OPENED)
    opened = [one for key, text in kept.items() if folder.room(key) is None and (one := read(key, text))]
    declared = _with_closed(_with_opened(folder, opened), meta.beginning(session, CLOSED))
    return personal.with_personal(declared, personal.kept(session))


def opened(session: Session) -> tuple[Opened, ...]:
    """Everything that was opened by command, also what a file declares by now."""
    return tuple(one for key, text in meta.beginning(session, OPENED).items() if (one := read(key, text)))


def is_known(session: Session, key: str) -> bool:
    """Was this key given away by command?"""
    return meta.get(session, OPENED + key) is not None


def keep(session: Session, new: Opened) -> None:
    """Declare it from now on."""
    meta.put(session, OPENED + new.key, new.text)


def close(session: Session, key: str, is_closed: bool) -> None:
    """Close a group or a topical room, or open it again."""
    meta.put(session, CLOSED + key, str(int(is_closed)))


async def whole(folder: Declaration, homeserver: RoomEditor, bot: UserId, database: Database) -> Declaration:
    """The folder's declaration with what commands have opened and closed, also when the database was lost."""
    if not await database.read(has_looked):
        observed = await observe(homeserver, bot, skip=await database.read(store.direct_chats))
        await database.write(lambda session: take_back(session, folder, observed))
    return await database.read(lambda session: current(session, folder))


async def refresh(rooms: DeclaredRooms, database: Database) -> None:
    """Let everybody see what the database says now."""
    rooms.become(await database.read(lambda session: current(session, rooms.folder)))


def has_looked(session: Session) -> bool:
    """Has this database ever looked at the rooms' markers? If not it is new, or was lost."""
    return meta.get(session, LOOKED) is not None


def take_back(session: Session, folder: Declaration, observed: Observed) -> tuple[str, ...]:
    """Fill a new database from the markers; returns the keys that came back."""
    back = []
    for key, seen in observed.rooms.items():
        marker = seen.content(MARKER) or {}
        found = read(key, json.dumps(marker.get(state.DECLARED)))
        if found is not None and folder.room(key) is None and not is_known(session, key):
            keep(session, found)
            back.append(key)
        if (own := personal.read(json.dumps(marker.get(state.DECLARED)))) is not None and own.key == key:
            personal.keep(session, own)
            back.append(key)
        if marker.get(state.CLOSED) is True and "/" not in key and meta.get(session, CLOSED + key) is None:
            close(session, key, True)
    meta.put(session, LOOKED, "1")
    return tuple(back)


def rooms_of(declared: Declaration, key: str) -> tuple[DeclaredRoom, ...]:
    """A topical room alone; a group's space and its rooms."""
    return tuple(room for room in declared.all if room.key == key or group_of(room.scope) == key)


def _with_opened(folder: Declaration, opened: Iterable[Opened]) -> Declaration:
    spaces, rooms, groups = list(folder.spaces), list(folder.rooms), dict(folder.groups)
    for at, one in enumerate(opened, AFTER):
        if isinstance(one.entry, GroupFile):
            spaces.append(replace(group_space(one.key, one.entry, at - AFTER + 100, {}), opened=one.text))
            rooms += group_rooms(one.key, one.entry, {})
            groups[one.key] = group_of_file(one.key, one.entry, folder.language)
        else:
            rooms.append(replace(community_room(one.key, one.entry, at, {}), opened=one.text))
    return replace(folder, spaces=tuple(spaces), rooms=tuple(rooms), groups=groups)


def _with_closed(declared: Declaration, said: Mapping[str, str]) -> Declaration:
    """A command's last word, where there is one."""
    if not said:
        return declared
    return replace(
        declared,
        spaces=tuple(_closed(declared.spaces, said)),
        rooms=tuple(_closed(declared.rooms, said)),
        groups={key: _group_closed(group, said.get(key)) for key, group in declared.groups.items()},
    )


def _closed(rooms: Iterable[DeclaredRoom], said: Mapping[str, str]) -> Iterator[DeclaredRoom]:
    for room in rooms:
        word = said.get(group_of(room.scope) or room.key)
        yield room if word is None else replace(room, closed=word == "1")


def _group_closed(group: DeclaredGroup, said: str | None) -> DeclaredGroup:
    return group if said is None else replace(group, closed=said == "1")
