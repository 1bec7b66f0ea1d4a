"""From files to models: reads the declaration folder and names every mistake with file and line.

The rule it keeps: one mistake never hides another; all of them are collected and shown at once.
"""

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, to_json

from copp_bot.core.errors import SetupError
from copp_bot.core.i18n import gettext as _
from copp_bot.core.i18n import ngettext
from copp_bot.rooms import pictures
from copp_bot.rooms.models import (
    KEY_PATTERN,
    LANGUAGE_PATTERN,
    NAME_PATTERN,
    PICTURE_PATTERN,
    CommunityFile,
    GroupFile,
    RoleEntry,
    RolesFile,
    RoomEntry,
    RoomsFile,
    RootEntry,
    is_key,
)
from copp_bot.rooms.pictures import Picture
from copp_bot.rooms.strict_yaml import Mistake, Path_, Source, Unreadable, read, read_text

Model = TypeVar("Model", bound=BaseModel)
_MODELS = (CommunityFile, RoomsFile, GroupFile, RolesFile, RoleEntry, RoomEntry, RootEntry)
_KNOWN_NAMES = sorted({name for model in _MODELS for name in model.model_fields})
_NAMED_FREELY = (("rooms",), ("roles",))
"""Parts in which the operator chooses the names: one that is known there has lost its indentation."""


class DeclarationError(SetupError):
    """The declaration cannot be used; holds every mistake."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        count = len(self.mistakes)
        heading = ngettext(
            "The declared community has {count} mistake:", "The declared community has {count} mistakes:", count
        ).format(count=count)
        lines = "\n".join(f"- {mistake.sentence}" for mistake in self.mistakes)
        super().__init__(f"{heading}\n{lines}\n", _("Nothing was changed. Mend it and try again."))


@dataclass
class Files:
    """What the folder holds. A file that could not be used is None or absent, and its mistakes are noted."""

    name: str
    community: CommunityFile | None = None
    rooms: RoomsFile | None = None
    roles: RolesFile | None = None
    groups: dict[str, GroupFile] = field(default_factory=dict)
    texts: dict[tuple[str, str], str] = field(default_factory=dict)
    pictures: dict[str, Picture] = field(default_factory=dict)
    sources: dict[str, Source] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)

    def mistake(self, file: str, path: Path_, problem: str, remedy: str) -> Mistake:
        """A mistake at a part of a file (``rooms``, ``groups/rhythm``)."""
        return self.sources[file].mistake(path, problem, remedy)


def read_folder(folder: Path) -> Files:
    """Read all files; mistakes are collected in the result, never raised."""
    files = Files(folder.name)
    if not folder.is_dir():
        files.mistakes.append(
            Mistake(str(folder), None, _("There is no such folder."), _("Set COPP_ROOMS_CONFIG to the right one."))
        )
        return files
    files.community = _take(files, folder, "community", CommunityFile)
    files.rooms = _take(files, folder, "rooms", RoomsFile)
    files.roles = _take(files, folder, "roles", RolesFile)
    _take_groups(files, folder)
    _take_texts(files, folder)
    _take_pictures(files, folder)
    return files


def _take(files: Files, folder: Path, name: str, model: type[Model]) -> Model | None:
    source = read(folder / f"{name}.yaml", f"{files.name}/{name}.yaml")
    files.sources[name] = source
    found = None
    if not source.mistakes or source.value is not None:
        found = _validated(source, model)
    files.mistakes += source.mistakes
    return found


def _take_groups(files: Files, folder: Path) -> None:
    for path in sorted((folder / "groups").glob("*")):
        shown = f"{files.name}/groups/{path.name}"
        if path.suffix != ".yaml" or not is_key(path.stem):
            remedy = _("Name it with lower-case letters, digits and hyphens and the ending .yaml, or move it away.")
            files.mistakes.append(Mistake(shown, None, _("This is not a name for a group's file."), remedy))
            continue
        group = _take(files, folder, f"groups/{path.stem}", GroupFile)
        if group is not None:
            files.groups[path.stem] = group


def _take_texts(files: Files, folder: Path) -> None:
    for path in sorted((folder / "texts").glob("*/*.md")):
        try:
            text = read_text(path, f"{files.name}/texts/{path.parent.name}/{path.name}")
        except Unreadable as error:
            files.mistakes.append(error.mistake)
        else:
            files.texts[path.parent.name, path.stem] = text.strip()


def _take_pictures(files: Files, folder: Path) -> None:
    for file, path, name in _avatars(files):
        try:
            files.pictures[name] = pictures.look(folder, name)
        except pictures.Unfit as unfit:
            files.mistakes.append(files.mistake(file, path, unfit.problem, unfit.remedy))


def _avatars(files: Files) -> Iterator[tuple[str, Path_, str]]:
    """Every declared avatar: file, part of it, the picture's name."""
    if files.community and files.community.root.avatar:
        yield "community", ("root", "avatar"), files.community.root.avatar
    for file, path, entry in entries(files):
        if entry.avatar:
            yield file, (*path, "avatar"), entry.avatar
    for key, group in files.groups.items():
        if group.avatar:
            yield f"groups/{key}", ("avatar",), group.avatar


def entries(files: Files) -> Iterator[tuple[str, Path_, RoomEntry]]:
    """Every room, of the public area and of the groups: file, part of it, entry."""
    for key, entry in (files.rooms.rooms if files.rooms else {}).items():
        yield "rooms", ("rooms", key), entry
    for group_key, group in files.groups.items():
        for key, entry in group.rooms.items():
            yield f"groups/{group_key}", ("rooms", key), entry


def _validated(source: Source, model: type[Model]) -> Model | None:
    if not isinstance(source.value, dict):
        source.mistakes.append(
            source.mistake((), _("The file must hold names and values."), _("Write lines such as “title: Text”."))
        )
        return None
    try:
        # Strict mode takes lists and words only from JSON, where tuples and enumerations have no form of their own.
        return model.model_validate_json(to_json(source.value))
    except ValidationError as error:
        source.mistakes += _mistakes(source, error.errors(include_url=False))
        return None


def _mistakes(source: Source, errors: Sequence[ErrorDetails]) -> Iterator[Mistake]:
    seen: set[Path_] = set()
    for error in errors:
        path = _written(source, error["loc"])
        where = error["loc"] if error["type"] == "missing" else path
        if where not in seen:
            seen.add(where)
            yield source.mistake(path, *_explain(error, path))


def _written(source: Source, loc: Path_) -> Path_:
    """The part of the location that stands in the file: pydantic adds words of its own (``[key]``, union members)."""
    while loc and loc not in source.lines:
        loc = loc[:-1]
    return loc


def _explain(error: ErrorDetails, path: Path_) -> tuple[str, str]:
    kind = error["type"]
    name = next((str(part) for part in reversed(path) if isinstance(part, str)), "")
    if kind == "missing":
        return _("“{name}” is missing.").format(name=error["loc"][-1]), _("Add it.")
    if name in _KNOWN_NAMES and (kind == "extra_forbidden" or path[-2:-1] in _NAMED_FREELY):
        return _("“{name}” does not belong here.").format(name=name), _belonging(name)
    if kind == "extra_forbidden":
        return _("“{name}” is not known here.").format(name=name), _suggestion(name)
    if "readers" in path:
        problem = _("“readers” is not understood.")
        return problem, _("Write public, community, group, or “roles: [steward]” below it.")
    return _complaint(name, error)


def _belonging(name: str) -> str:
    """Where a name may stand that is known elsewhere; most often it was indented too little."""
    places: dict[type[BaseModel], str] = {
        CommunityFile: _("the beginning of community.yaml"),
        RootEntry: _("“root” in community.yaml"),
        RoomsFile: _("the beginning of rooms.yaml"),
        RoomEntry: _("a room"),
        GroupFile: _("the beginning of a group's file"),
        RolesFile: _("the beginning of roles.yaml"),
        RoleEntry: _("a role"),
    }
    found = _(" or ").join(words for model, words in places.items() if name in model.model_fields)
    return _("It belongs to {places}: indent it like the other lines there.").format(places=found)


def _suggestion(name: str) -> str:
    near = difflib.get_close_matches(name, _KNOWN_NAMES, 1)
    if near:
        return _("Did you mean “{name}”?").format(name=near[0])
    return _("Check the spelling, or delete it.")


def _complaint(name: str, error: ErrorDetails) -> tuple[str, str]:
    context = error.get("ctx", {})
    problem = _("“{value}” is not allowed for “{name}”.").format(value=_brief(error["input"]), name=name)
    if error["loc"][-1:] == ("[key]",):
        problem = _("“{name}” is not a name that can stand here.").format(name=name)
    if error["type"] == "string_pattern_mismatch":
        return problem, _pattern_remedy(str(context.get("pattern", "")))
    if error["type"] == "enum":
        return problem, _("Write {expected}.").format(expected=context.get("expected", ""))
    if error["type"] == "value_error":
        return f"“{name}” {context.get('error', '')}.", _("Then try again.")
    problem, remedy = _words(error["type"])
    told = {**context, "name": name, "reason": error["msg"]}
    return problem.format(**told), remedy


def _words(kind: str) -> tuple[str, str]:
    """What may stand there, for each kind of error that the models can give."""
    words = {
        "string_type": (_("“{name}” must be text."), _("Write words; put numbers and yes/no words in quotes.")),
        "string_too_short": (_("“{name}” must not be empty."), _("Write a few words.")),
        "string_too_long": (_("“{name}” must have at most {max_length} characters."), _("Shorten it.")),
        "bool_type": (_("“{name}” must be true or false."), _("Write one of the two, without quotes.")),
        "int_type": (_("“{name}” must be a whole number."), _("Write digits alone, without quotes.")),
        "greater_than_equal": (_("“{name}” must be at least {ge}."), _("Write a larger number.")),
        "less_than_equal": (_("“{name}” must be at most {le}."), _("Write a smaller number.")),
        "tuple_type": (_("“{name}” must be a list."), _("Write it in square brackets, such as [en, fr].")),
        "too_short": (_("“{name}” must not be an empty list."), _("Write at least one into it.")),
        "dict_type": (_("“{name}” must hold names and values."), _("Write lines such as “title: Text” below it.")),
        "model_type": (_("“{name}” must hold names and values."), _("Write lines such as “title: Text” below it.")),
        "date_type": (_("“{name}” must be a date."), _("Write year, month and day, such as 2027-06-30.")),
        "date_parsing": (_("“{name}” must be a date."), _("Write year, month and day, such as 2027-06-30.")),
    }
    return words.get(kind, (_("“{name}” cannot be used ({reason})."), _("Change the value.")))


def _pattern_remedy(pattern: str) -> str:
    remedies = {
        KEY_PATTERN: _("Use up to 40 lower-case letters, digits and hyphens, beginning with a letter."),
        NAME_PATTERN: _('Write a permission such as library.add, or "*" for all.'),
        PICTURE_PATTERN: _("Write a picture's file name below this folder, such as pictures/rhythm.png."),
        LANGUAGE_PATTERN: _("Write two letters (ISO 639-1), such as en or fr."),
    }
    return remedies.get(pattern, _("Use lower-case letters and underscores."))


def _brief(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 40 else f"{text[:39]}…"
