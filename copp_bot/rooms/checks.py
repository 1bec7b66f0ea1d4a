"""What must hold between the files of a declaration: keys, roles, readers, titles, texts.

The rule it keeps: pure; each check yields mistakes with file and line and never stops another.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise

from copp_bot.core.i18n import gettext as _
from copp_bot.core.permissions import EVERYTHING, Standing
from copp_bot.rooms.models import ReadersWord, RoleReaders, RolesFile
from copp_bot.rooms.reading import Files, entries
from copp_bot.rooms.strict_yaml import Mistake, Path_

ROOT = "root"
HOME = "home"
REQUIRED_ROOMS = ("reception", "stewards", "secretariat")
HEAD = "secretariat"
"""The role that ``copp-bot apply --secretariat`` gives in the whole community, and that gives all others."""
REQUIRED_ROLES = ("steward", "lead_steward", HEAD)
HELP = "help"
"""The permission without which nobody learns how to come in."""
REQUIRED_TEXTS = ("welcome", "rules")
RESERVED = frozenset({ROOT, HOME, "community", "public", "group", "person", "direct", "people", "private", "all"})
"""Words that stand for something else in commands, scopes and audiences."""


def cross_check(files: Files) -> Iterator[Mistake]:
    """Everything that one file alone cannot tell."""
    for check in _CHECKS:
        yield from check(files)


def _required_rooms(files: Files) -> Iterator[Mistake]:
    for key in REQUIRED_ROOMS if files.rooms else ():
        if files.rooms and key not in files.rooms.rooms:
            problem = _("The room “{key}” is missing.").format(key=key)
            yield files.mistake("rooms", ("rooms",), problem, _("Declare it; the bot works through it."))


def _reserved_keys(files: Files) -> Iterator[Mistake]:
    taken = set(files.rooms.rooms) if files.rooms else set()
    for key in sorted(taken & RESERVED):
        problem = _("The key “{key}” is reserved.").format(key=key)
        yield files.mistake("rooms", ("rooms", key), problem, _("Choose another key."))
    for key in files.groups:
        if key in RESERVED:
            problem = _("The key “{key}” is reserved.").format(key=key)
            yield files.mistake(f"groups/{key}", (), problem, _("Give the file another name."))
        elif key in taken:
            problem = _("The key “{key}” already belongs to a room of the public area.").format(key=key)
            yield files.mistake(f"groups/{key}", (), problem, _("Give the file another name."))


def _group_homes(files: Files) -> Iterator[Mistake]:
    for key, group in files.groups.items():
        if HOME not in group.rooms:
            problem = _("The group has no home room.")
            yield files.mistake(f"groups/{key}", ("rooms",), problem, _("Declare “home” below “rooms”."))


def _readers(files: Files) -> Iterator[Mistake]:
    for file, path, entry in entries(files):
        where = (*path, "readers")
        if file == "rooms" and entry.readers in (None, ReadersWord.GROUP):
            problem = _("It must be said who reads this room.")
            yield files.mistake(file, where, problem, _("Write “readers: public”, “community” or “roles: […]”."))
        elif file != "rooms" and entry.readers in (ReadersWord.PUBLIC, ReadersWord.COMMUNITY):
            problem = _("A group's rooms are open to the group alone.")
            yield files.mistake(file, where, problem, _("Delete the line, or declare the room in rooms.yaml."))


def _reader_roles(files: Files) -> Iterator[Mistake]:
    if files.roles is None:
        return
    for file, path, entry in entries(files):
        for role in entry.readers.roles if isinstance(entry.readers, RoleReaders) else ():
            if role not in files.roles.roles:
                problem = _("There is no role “{role}”.").format(role=role)
                remedy = _("Name one of: {roles}.").format(roles=", ".join(files.roles.roles))
                yield files.mistake(file, (*path, "readers"), problem, remedy)


def _public_only(files: Files) -> Iterator[Mistake]:
    for file, path, entry in entries(files):
        for name, is_set in (("alias", entry.alias is not None), ("in_directory", entry.in_directory)):
            if is_set and entry.readers is not ReadersWord.PUBLIC:
                problem = _("“{name}” would show the room's name to strangers.").format(name=name)
                yield files.mistake(file, (*path, name), problem, _("Delete it, or write “readers: public”."))


def _aliases(files: Files) -> Iterator[Mistake]:
    seen: set[str] = set()
    for file, path, entry in entries(files):
        if entry.alias in seen:
            problem = _("The alias “{alias}” is used twice.").format(alias=entry.alias)
            yield files.mistake(file, (*path, "alias"), problem, _("Choose another one."))
        seen |= {entry.alias} if entry.alias else set()


def _titles(files: Files) -> Iterator[Mistake]:
    """Siblings must be told apart by people who see only the title."""
    top: list[tuple[str, Path_, str]] = [
        ("rooms", ("rooms", key), entry.title) for key, entry in (files.rooms.rooms if files.rooms else {}).items()
    ]
    top += [(f"groups/{key}", (), group.title) for key, group in files.groups.items()]
    yield from _same_titles(files, top)
    for key, group in files.groups.items():
        inside = [(f"groups/{key}", ("rooms", name), entry.title) for name, entry in group.rooms.items()]
        yield from _same_titles(files, inside)


def _same_titles(files: Files, titled: Iterable[tuple[str, Path_, str]]) -> Iterator[Mistake]:
    seen: set[str] = set()
    for file, path, title in titled:
        if title.casefold() in seen:
            problem = _("The title “{title}” is used twice in the same space.").format(title=title)
            yield files.mistake(file, (*path, "title"), problem, _("Choose another title."))
        seen.add(title.casefold())


def _roles(files: Files) -> Iterator[Mistake]:
    roles = files.roles
    if roles is None:
        return
    for name in REQUIRED_ROLES:
        if name not in roles.roles:
            problem = _("The role “{name}” is missing.").format(name=name)
            yield files.mistake("roles", ("roles",), problem, _("Declare it."))
    yield from _head(files, roles)
    yield from _role_order(files, roles)
    yield from _role_grants(files, roles)
    yield from _standing(files, roles)


def _head(files: Files, roles: RolesFile) -> Iterator[Mistake]:
    if HEAD in roles.roles and EVERYTHING not in roles.roles[HEAD].permissions:
        problem = _("The community has no head: “{name}” does not have every permission.").format(name=HEAD)
        yield files.mistake("roles", ("roles", HEAD, "permissions"), problem, _('Write permissions: ["*"].'))


def _role_order(files: Files, roles: RolesFile) -> Iterator[Mistake]:
    ordered = sorted(roles.roles.items(), key=lambda item: (item[1].rank, item[1].power))
    for (lower_name, lower), (name, role) in pairwise(ordered):
        if role.rank == lower.rank:
            problem = _("“{name}” has the same rank as “{other}”.").format(name=name, other=lower_name)
            yield files.mistake("roles", ("roles", name, "rank"), problem, _("Give each role a rank of its own."))
        elif role.power <= lower.power:
            problem = _("“{name}” ranks above “{other}” but has no more power.").format(name=name, other=lower_name)
            yield files.mistake("roles", ("roles", name, "power"), problem, _("Give it a higher power level."))


def _role_grants(files: Files, roles: RolesFile) -> Iterator[Mistake]:
    for name, role in roles.roles.items():
        for other in role.grants:
            where = ("roles", name, "grants")
            if other not in roles.roles:
                problem = _("There is no role “{role}”.").format(role=other)
                remedy = _("Name one of: {roles}.").format(roles=", ".join(roles.roles))
                yield files.mistake("roles", where, problem, remedy)
            elif roles.roles[other].rank > role.rank:
                problem = _("“{name}” would give more than it has: “{other}”.").format(name=name, other=other)
                yield files.mistake("roles", where, problem, _("Delete it from the list."))


def _standing(files: Files, roles: RolesFile) -> Iterator[Mistake]:
    for standing, names in roles.standing.items():
        if EVERYTHING in names:
            problem = _("“{standing}” must not have every permission.").format(standing=standing.value)
            yield files.mistake("roles", ("standing", standing.value), problem, _("Name the permissions."))
    if HELP not in roles.standing.get(Standing.OUTSIDER, ()):
        problem = _("Who is not in the community yet could not ask how to come in.")
        remedy = _("Write “help” below “outsider”; it then holds for everybody.")
        yield files.mistake("roles", ("standing", Standing.OUTSIDER.value), problem, remedy)


def _languages(files: Files) -> Iterator[Mistake]:
    community = files.community
    if community and community.language not in community.languages:
        problem = _("“{language}” is not among the languages.").format(language=community.language)
        yield files.mistake("community", ("language",), problem, _("Add it to “languages”."))


def _texts(files: Files) -> Iterator[Mistake]:
    languages = files.community.languages if files.community else ()
    unreadable = {mistake.file for mistake in files.mistakes}
    for language in languages:
        for name in REQUIRED_TEXTS:
            shown = f"{files.name}/texts/{language}/{name}.md"
            if (language, name) not in files.texts and shown not in unreadable:
                yield Mistake(shown, None, _("This text is missing."), _("Write it."))
    for language in sorted({language for language, _name in files.texts} - set(languages)) if languages else ():
        problem = _("“{language}” is not among the languages of the community.").format(language=language)
        remedy = _("Add it to “languages” in community.yaml, or delete the folder.")
        yield Mistake(f"{files.name}/texts/{language}", None, problem, remedy)


_CHECKS: tuple[Callable[[Files], Iterator[Mistake]], ...] = (
    _required_rooms,
    _reserved_keys,
    _group_homes,
    _readers,
    _reader_roles,
    _public_only,
    _aliases,
    _titles,
    _roles,
    _languages,
    _texts,
)
