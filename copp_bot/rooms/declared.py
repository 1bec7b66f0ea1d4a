"""The declared community as data: every space and room with all that follows from its declaration.

The rule it keeps: a ``Declaration`` exists only if the whole folder is sound; code that holds one need not check again.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from zoneinfo import ZoneInfo

from copp_bot.core.errors import NotFound
from copp_bot.core.feature import GroupInfo, RoomDirectory
from copp_bot.core.i18n import gettext as _
from copp_bot.core.ids import COMMUNITY, RoomKey, Scope, UserId
from copp_bot.core.people import RECEPTION_KEY
from copp_bot.core.permissions import EVERYTHING, Policy, Role
from copp_bot.rooms.pictures import Picture
from copp_bot.rooms.reading import DeclarationError
from copp_bot.rooms.strict_yaml import Mistake

SPACE = "space"
ROOM = "room"
ROLES = "roles:"
PUBLIC = "public"


@dataclass(frozen=True)
class DeclaredRoom:
    """A space or room as it shall be.

    Args:
        kind: ``space`` or ``room``.
        scope: who owns it: ``community`` or ``group:<key>``.
        readers: ``public``, ``community``, ``group:<key>`` or ``roles:steward,lead_steward``.
        parent: the space it lies in; None for the root.
        is_given: everyone of its scope is brought in.
        stewards_post: members read and react only.
        linked: the parent space lists it; an unlisted group is not.
        order: place among its siblings (``m.space.child``, ASCII order).
        history: ``m.room.history_visibility``.
        closed: it stays to be read; members write no more.
        opened: the declaration of a room opened by command, as JSON; it stands in the room's marker too.
        owner: the member whose own it is (``rooms.personal``).
    """

    key: RoomKey
    kind: str
    title: str
    topic: str
    purpose: str
    scope: Scope
    readers: str
    parent: RoomKey | None
    is_given: bool = True
    stewards_post: bool = False
    linked: bool = True
    suggested: bool = False
    order: str = ""
    history: str = "shared"
    offers: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    alias: str | None = None
    in_directory: bool = False
    avatar: Picture | None = None
    closed: bool = False
    opened: str | None = None
    owner: UserId | None = None

    @property
    def is_space(self) -> bool:
        """Is it a space?"""
        return self.kind == SPACE

    @property
    def roles(self) -> frozenset[str]:
        """The roles whose holders alone may read it; empty for all other rooms."""
        return reader_roles(self.readers)

    @property
    def is_for_reading(self) -> bool:
        """Do members read and react only?"""
        return not self.is_space and (self.stewards_post or self.closed)


@dataclass(frozen=True)
class DeclaredGroup:
    """A group's space, what it is for, and whether others may know of it."""

    key: str
    title: str
    kind: str
    aim: str
    listed: bool
    languages: tuple[str, ...]
    closed: bool = False
    until: date | None = None


@dataclass(frozen=True)
class Mention:
    """A name in the declaration that only the running code knows to be right."""

    name: str
    mistake: Mistake


@dataclass(frozen=True)
class Declaration:
    """The whole community. ``spaces`` and ``rooms`` stand in the order of creation: parents first."""

    title: str
    language: str
    languages: tuple[str, ...]
    zone: ZoneInfo
    spaces: tuple[DeclaredRoom, ...]
    rooms: tuple[DeclaredRoom, ...]
    groups: Mapping[str, DeclaredGroup]
    roles: Mapping[str, Role]
    standing: Policy
    texts: Mapping[tuple[str, str], str]
    room_version: str = "12"
    repairs_drift: bool = True
    permission_mentions: tuple[Mention, ...] = field(default=(), repr=False)
    offer_mentions: tuple[Mention, ...] = field(default=(), repr=False)

    @property
    def all(self) -> tuple[DeclaredRoom, ...]:
        """Spaces, then rooms."""
        return self.spaces + self.rooms

    def room(self, key: str | None) -> DeclaredRoom | None:
        """The declared space or room of this key."""
        return next((room for room in self.all if room.key == key), None)

    def policy(self, server: str | None = None) -> Policy:
        """Roles and what each standing may do.

        Args:
            server: the homeserver's name, with which the Reception has an address.
        """
        reception = self.room(RECEPTION_KEY)
        alias = reception.alias if reception else None
        return replace(self.standing, entrance=f"#{alias}:{server}" if alias and server else None)

    def directory(self) -> "DeclaredRooms":
        """What features may ask (``core.feature.RoomDirectory``)."""
        return DeclaredRooms(self)

    def check_names(self, permissions: Collection[str] | None = None, offers: Collection[str] | None = None) -> None:
        """Raise DeclarationError for permissions or offering features that no feature declares."""
        wrong = _unknown(self.permission_mentions, permissions) + _unknown(self.offer_mentions, offers)
        if wrong:
            raise DeclarationError(wrong)


class DeclaredRooms:
    """The declared rooms by key; ``declaration`` is for ``rooms/`` and the features that open and keep rooms alone.

    Args:
        folder: what the declaration folder says. What was opened or closed by command comes on top (``rooms.opened``).
    """

    def __init__(self, folder: Declaration) -> None:
        self.folder = folder
        self.become(folder)

    @property
    def declaration(self) -> Declaration:
        """The community as declared now; it may be another one at the next look."""
        return self._view[0]

    def become(self, declaration: Declaration) -> None:
        """Take another declaration from now on; may be called from any thread."""
        groups = {
            group.key: GroupInfo(
                group.key, group.title, group.kind, group.aim, group.listed, group.languages, group.closed, group.until
            )
            for group in declaration.groups.values()
        }
        self._view = (declaration, groups)

    @property
    def language(self) -> str:
        """The community's language."""
        return self.declaration.language

    @property
    def zone(self) -> ZoneInfo:
        """The community's time zone."""
        return self.declaration.zone

    def groups(self) -> Mapping[str, GroupInfo]:
        """Every declared group by key."""
        return self._view[1]

    def joinable(self) -> Mapping[str, str]:
        """Keys -> titles of what may be asked for by name: listed groups, and the community's rooms of free entry."""
        rooms = {
            str(room.key): room.title
            for room in self.declaration.rooms
            if room.scope == COMMUNITY and not room.is_given and not room.roles and room.owner is None
        }
        return rooms | {group.key: group.title for group in self.groups().values() if group.listed}

    def title(self, key: str) -> str:
        """The declared title; the key itself for a room that is not declared any more."""
        room = self.declaration.room(key)
        return room.title if room else key

    def text(self, name: str, language: str) -> str:
        """A declared text (Markdown), in the language or the community's; NotFound when there is neither."""
        texts = self.declaration.texts
        found = texts.get((language, name)) or texts.get((self.declaration.language, name))
        if found is None:
            raise NotFound(_("There is no text “{name}”.").format(name=name))
        return found

    def offers(self, key: str | None) -> tuple[str, ...]:
        """The features that offer to take a file posted in this room; none in a room that is not declared."""
        room = self.declaration.room(key)
        return room.offers if room else ()


def declared_rooms(rooms: RoomDirectory) -> DeclaredRooms:
    """The directory with the declaration behind it; only features that open and keep rooms need it."""
    if not isinstance(rooms, DeclaredRooms):
        raise TypeError("this feature needs the declared rooms")
    return rooms


def reader_roles(readers: str | None) -> frozenset[str]:
    """The roles in a readers string ``roles:a,b``; empty for every other kind of readers."""
    return frozenset(readers.removeprefix(ROLES).split(",")) if readers and readers.startswith(ROLES) else frozenset()


def _unknown(mentions: tuple[Mention, ...], known: Collection[str] | None) -> list[Mistake]:
    if known is None:
        return []
    return [mention.mistake for mention in mentions if mention.name not in known and mention.name != EVERYTHING]
