"""From the declaration folder to a ``Declaration``.

The rule it keeps: either everything is sound, or every mistake is named and nothing is used.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

from copp_bot.core.errors import SetupError
from copp_bot.core.i18n import gettext as _
from copp_bot.core.ids import COMMUNITY, RoomKey, Scope, group_scope
from copp_bot.core.permissions import Policy, Role
from copp_bot.rooms.checks import HOME, ROOT, cross_check
from copp_bot.rooms.declared import ROLES, ROOM, SPACE, Declaration, DeclaredGroup, DeclaredRoom, Mention
from copp_bot.rooms.models import (
    CommunityFile,
    Drift,
    Entry,
    GroupFile,
    History,
    Post,
    ReadersWord,
    RoleReaders,
    RolesFile,
    RoomEntry,
)
from copp_bot.rooms.pictures import Picture
from copp_bot.rooms.reading import DeclarationError, Files, read_folder
from copp_bot.rooms.strict_yaml import Path_

Pictures = Mapping[str, Picture]
"""The avatars by the names that the files give them."""


def load(
    folder: Path, *, permissions: Collection[str] | None = None, offers: Collection[str] | None = None
) -> Declaration:
    """Read and check the folder.

    Args:
        folder: the operator's ``rooms_config``.
        permissions: every permission name the features ask for; None leaves names unchecked.
        offers: names of features that take posted files; None leaves them unchecked.

    Raises:
        DeclarationError: holds every mistake, with file, line and remedy.
    """
    files = read_folder(folder)
    mistakes = [*files.mistakes, *cross_check(files)]
    if mistakes:
        raise DeclarationError(sorted(mistakes, key=lambda mistake: (mistake.file, mistake.line or 0)))
    declared = _build(files)
    declared.check_names(permissions, offers)
    return declared


def _build(files: Files) -> Declaration:
    community, rooms, roles = files.community, files.rooms, files.roles
    if not (community and rooms and roles):  # a file that is missing or unsound has left a mistake
        raise SetupError(_("The declared community is incomplete."), _("Run copp-bot check."))
    groups = files.groups.items()
    policy = _policy(roles)
    return Declaration(
        title=community.title,
        language=community.language,
        languages=community.languages,
        zone=ZoneInfo(community.timezone),
        spaces=(
            _root(community, files.pictures),
            *(group_space(key, group, at, files.pictures) for at, (key, group) in enumerate(groups)),
        ),
        rooms=(
            *(community_room(key, entry, at, files.pictures) for at, (key, entry) in enumerate(rooms.rooms.items())),
            *(room for key, group in groups for room in group_rooms(key, group, files.pictures)),
        ),
        groups={key: group_of_file(key, group, community.language) for key, group in groups},
        roles=policy.roles,
        standing=policy,
        texts=files.texts,
        room_version=community.room_version.value,
        repairs_drift=community.drift is Drift.REPAIR,
        permission_mentions=tuple(_permission_mentions(files, roles)),
        offer_mentions=tuple(_offer_mentions(files)),
    )


def _root(community: CommunityFile, pictures: Pictures) -> DeclaredRoom:
    root = community.root
    return DeclaredRoom(
        RoomKey(ROOT),
        SPACE,
        root.title,
        root.topic,
        root.purpose,
        COMMUNITY,
        "community",
        None,
        order="0000",
        avatar=_avatar(root.avatar, pictures),
    )


def group_space(key: str, group: GroupFile, at: int, pictures: Pictures) -> DeclaredRoom:
    """The space of a group; ``at`` is its place among the groups."""
    scope = group_scope(key)
    return DeclaredRoom(
        RoomKey(key),
        SPACE,
        group.title,
        group.topic,
        group.purpose,
        scope,
        scope,
        RoomKey(ROOT),
        is_given=False,  # a group is entered by invitation
        linked=group.listed,
        order=_order(group.order, at, after=5000),
        languages=group.languages,
        avatar=_avatar(group.avatar, pictures),
        closed=group.closed,
    )


def group_rooms(key: str, group: GroupFile, pictures: Pictures) -> Iterator[DeclaredRoom]:
    """The rooms in the space of a group."""
    names = sorted(group.rooms, key=lambda name: name != HOME)  # the home room comes first, wherever it is written
    for at, name in enumerate(names):
        room = _room(RoomKey(f"{key}/{name}"), group_scope(key), key, (group.rooms[name], at), pictures)
        yield replace(room, closed=True) if group.closed else room


def community_room(key: str, entry: RoomEntry, at: int, pictures: Pictures) -> DeclaredRoom:
    """A room of the public area, or of the people who look after it; ``at`` is its place among them."""
    return _room(RoomKey(key), COMMUNITY, ROOT, (entry, at), pictures)


def _room(key: RoomKey, scope: Scope, parent: str, placed: tuple[RoomEntry, int], pictures: Pictures) -> DeclaredRoom:
    entry, at = placed
    return DeclaredRoom(
        key,
        ROOM,
        entry.title,
        entry.topic,
        entry.purpose,
        scope,
        _readers(entry, scope),
        RoomKey(parent),
        is_given=entry.entry is Entry.GIVEN,
        stewards_post=entry.post is Post.STEWARDS,
        suggested=entry.suggested,
        order=_order(entry.order, at),
        history=(entry.history or _default_history(entry)).value,
        offers=entry.offers,
        languages=entry.languages,
        alias=entry.alias,
        in_directory=entry.in_directory,
        avatar=_avatar(entry.avatar, pictures),
        closed=entry.closed,
    )


def _avatar(name: str | None, pictures: Pictures) -> Picture | None:
    return pictures.get(name) if name else None


def _readers(entry: RoomEntry, scope: Scope) -> str:
    if isinstance(entry.readers, RoleReaders):
        return ROLES + ",".join(entry.readers.roles)
    return scope if entry.readers in (None, ReadersWord.GROUP) else entry.readers.value


def _default_history(entry: RoomEntry) -> History:
    """A new steward should not read what was said about her before; a new member may read what the group has learnt."""
    return History.JOINED if isinstance(entry.readers, RoleReaders) else History.SHARED


def _order(declared: int | None, at: int, after: int = 0) -> str:
    return f"{after + (at + 1) * 10 if declared is None else declared:04d}"


def group_of_file(key: str, group: GroupFile, language: str) -> DeclaredGroup:
    """The group behind its file."""
    languages = group.languages or (language,)
    return DeclaredGroup(
        key, group.title, group.kind.value, group.aim, group.listed, languages, group.closed, group.until
    )


def _policy(roles: RolesFile) -> Policy:
    declared = {
        name: Role(
            name,
            role.title,
            role.rank,
            role.power,
            role.everywhere,
            frozenset(role.permissions),
            frozenset(role.grants),
        )
        for name, role in roles.roles.items()
    }
    return Policy(declared, {standing: frozenset(names) for standing, names in roles.standing.items()})


def _permission_mentions(files: Files, roles: RolesFile) -> Iterator[Mention]:
    lists: dict[Path_, tuple[str, ...]] = {
        ("standing", standing.value): names for standing, names in roles.standing.items()
    }
    lists |= {("roles", name, "permissions"): role.permissions for name, role in roles.roles.items()}
    for path, names in lists.items():
        for at, name in enumerate(names):
            problem = _("There is no permission “{name}”.").format(name=name)
            remedy = _("Check the spelling.")
            yield Mention(name, files.mistake("roles", (*path, at), problem, remedy))


def _offer_mentions(files: Files) -> Iterator[Mention]:
    entries = {("rooms", key): entry for key, entry in (files.rooms.rooms if files.rooms else {}).items()}
    entries |= {
        (f"groups/{key}", name): entry for key, group in files.groups.items() for name, entry in group.rooms.items()
    }
    for (file, key), entry in entries.items():
        for at, name in enumerate(entry.offers):
            problem = _("No feature “{name}” takes posted files.").format(name=name)
            yield Mention(name, files.mistake(file, ("rooms", key, "offers", at), problem, _("Check the spelling.")))
