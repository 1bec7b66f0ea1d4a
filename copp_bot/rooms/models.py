"""The shapes of the declaration files, exactly as an operator writes them.

The rule it keeps: unknown names and wrong types are refused, never repaired. ``schema()`` is what editors use.
"""

import re
import unicodedata
from datetime import date
from enum import StrEnum
from typing import Annotated, Any
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic.json_schema import models_json_schema

from copp_bot.core.permissions import Standing

KEY_PATTERN = r"^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$"
NAME_PATTERN = r"^(\*|[a-z_]+(\.[a-z_]+)*)$"
LANGUAGE_PATTERN = r"^[a-z]{2}$"
PICTURE_PATTERN = r"^[A-Za-z0-9_-][A-Za-z0-9_-]*(\.?[/A-Za-z0-9_-])*\.(png|jpg|jpeg|webp|gif)$"


def _one_line(text: str) -> str:
    """No control, direction or line-breaking characters: a title is shown inside other sentences."""
    for character in text:
        if unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}:
            raise ValueError(f"holds the invisible character U+{ord(character):04X}; delete it")
    if text != text.strip():
        raise ValueError("begins or ends with a space; delete it")
    return text


def _known_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(f"“{name}” is not an IANA time zone; write one such as Europe/Paris")
    return name


Key = Annotated[str, StringConstraints(pattern=KEY_PATTERN)]
RoleName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_]{0,38}$")]
Permission = Annotated[str, StringConstraints(pattern=NAME_PATTERN)]
Language = Annotated[str, StringConstraints(pattern=LANGUAGE_PATTERN)]
Title = Annotated[str, StringConstraints(min_length=1, max_length=80), AfterValidator(_one_line)]
Sentence = Annotated[str, StringConstraints(min_length=1, max_length=400), AfterValidator(_one_line)]
Zone = Annotated[str, AfterValidator(_known_zone)]
PictureName = Annotated[str, StringConstraints(pattern=PICTURE_PATTERN, max_length=100)]
"""A file below the declaration folder."""


class ReadersWord(StrEnum):
    """Who may come to read a room."""

    PUBLIC = "public"
    COMMUNITY = "community"
    GROUP = "group"


class Entry(StrEnum):
    """``given``: everyone of its scope is brought in. ``free``: they may join by themselves."""

    GIVEN = "given"
    FREE = "free"


class Post(StrEnum):
    """Who may write."""

    ALL = "all"
    STEWARDS = "stewards"


class History(StrEnum):
    """``m.room.history_visibility``; world_readable is left out on purpose."""

    SHARED = "shared"
    INVITED = "invited"
    JOINED = "joined"


class GroupKind(StrEnum):
    """What brings a group together."""

    TRAINING = "training"
    PROJECT = "project"


class RoomVersion(StrEnum):
    """The room version of new rooms; those that exist keep theirs."""

    TEN = "10"
    ELEVEN = "11"
    TWELVE = "12"


class Drift(StrEnum):
    """What becomes of a room that somebody has changed by hand: set back, or told to the Secretariat."""

    REPAIR = "repair"
    REPORT = "report"


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class RoleReaders(_File):
    """Only holders of these roles."""

    roles: Annotated[tuple[RoleName, ...], Field(min_length=1)]


class RoomEntry(_File):
    """One room.

    ``offers`` names the features that offer to take a file posted there; ``order`` is its place among its siblings
    (smaller first, the order of the file where absent). ``closed``: it stays to be read, and stewards alone write.
    """

    title: Title
    topic: Sentence
    purpose: Sentence
    readers: ReadersWord | RoleReaders | None = None
    entry: Entry = Entry.GIVEN
    post: Post = Post.ALL
    history: History | None = None
    offers: tuple[Key, ...] = ()
    languages: tuple[Language, ...] = ()
    order: Annotated[int, Field(ge=0, le=9999)] | None = None
    suggested: bool = False
    alias: Key | None = None
    in_directory: bool = False
    avatar: PictureName | None = None
    closed: bool = False


class RootEntry(_File):
    """The community's root space."""

    title: Title
    topic: Sentence
    purpose: Sentence
    avatar: PictureName | None = None


class CommunityFile(_File):
    """``community.yaml``."""

    title: Title
    language: Language
    languages: Annotated[tuple[Language, ...], Field(min_length=1)]
    timezone: Zone
    room_version: RoomVersion = RoomVersion.TWELVE
    drift: Drift = Drift.REPAIR
    root: RootEntry


class RoomsFile(_File):
    """``rooms.yaml``: the public area, the stewards' and the Secretariat's rooms."""

    rooms: dict[Key, RoomEntry]


class GroupFile(_File):
    """``groups/<key>.yaml``: a group's space and its rooms.

    ``listed``: members outside the group may know that it exists and ask to join. ``until``: its last day, after which
    the Secretariat is asked whether to close it. ``closed``: its rooms stay to be read, and stewards alone write.
    """

    title: Title
    topic: Sentence
    purpose: Sentence
    kind: GroupKind
    aim: Sentence
    listed: bool = True
    languages: tuple[Language, ...] = ()
    order: Annotated[int, Field(ge=0, le=9999)] | None = None
    avatar: PictureName | None = None
    until: date | None = None
    closed: bool = False
    rooms: dict[Key, RoomEntry]


class RoleEntry(_File):
    """One role; see ``core.permissions.Role``."""

    title: Title
    rank: Annotated[int, Field(ge=1, le=1000)]
    power: Annotated[int, Field(ge=1, le=99)]
    everywhere: bool = False
    permissions: tuple[Permission, ...]
    grants: tuple[RoleName, ...] = ()


class RolesFile(_File):
    """``roles.yaml``."""

    standing: dict[Standing, tuple[Permission, ...]]
    roles: dict[RoleName, RoleEntry]


FILES: tuple[type[_File], ...] = (CommunityFile, RoomsFile, GroupFile, RolesFile)


def schema() -> dict[str, Any]:
    """The JSON Schema of all files; each file names its own definition, ``schema.json#/$defs/GroupFile``."""
    _references, document = models_json_schema([(model, "validation") for model in FILES])
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "rooms_config", **document}


def is_key(text: str) -> bool:
    """May this be the key of a room or a group?"""
    return re.fullmatch(KEY_PATTERN, text) is not None
