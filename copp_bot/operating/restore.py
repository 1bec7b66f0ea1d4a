"""Brings an archive of ``backup.py`` back.

The rule it keeps: nothing that is there is overwritten. Everything is unpacked beside its place and compared with the
manifest first; then the files move, the database last, so that a killed restore is simply run again. That the bot
says nothing twice afterwards is the work of ``core/recall.py``.
"""

import hashlib
import json
import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, NoReturn

from copp_bot.core import lock
from copp_bot.core.errors import SetupError
from copp_bot.core.i18n import gettext as _
from copp_bot.core.settings import Settings
from copp_bot.operating.backup import (
    CHUNK,
    DATABASE,
    FILES,
    FORMAT,
    MANIFEST,
    ROOMS,
    TOKEN,
    Manifest,
    Part,
    needs_sqlite,
)
from copp_bot.run import TOKEN_FILE
from storage import migrate

BIGGEST_MANIFEST = 50_000_000


@dataclass(frozen=True)
class _Move:
    """From the unpacked file to its place."""

    source: Path
    target: Path


def restore(settings: Settings, archive: Path, *, keep_rooms: bool = False) -> Manifest:
    """Bring everything to its place; returns what was in the archive.

    Args:
        keep_rooms: leave the declared community that is there, instead of bringing the archive's back.

    Raises:
        SetupError: with what to do; everything is as it was before.
    """
    place = needs_sqlite(settings)
    with lock.take(settings.data_dir), _opened(archive) as source:
        manifest = _manifest(source)
        _check(manifest, settings)
        wanted = {name: part for name, part in manifest.parts.items() if not (keep_rooms and name.startswith(ROOMS))}
        targets = {name: _target(name, settings, place) for name in wanted}
        _refuse_to_overwrite(wanted, targets, place)
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=settings.data_dir, prefix=".restoring-") as folder:
            moves = list(_unpacked(source, wanted, targets, Path(folder)))
            for move in sorted(moves, key=lambda move: move.target == place):
                _bring(move)
    return manifest


def _opened(archive: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(archive)
    except FileNotFoundError:
        raise SetupError(
            _("There is no file {file}.").format(file=archive),
            _("Give the path of the archive that backup has written."),
        ) from None
    except (zipfile.BadZipFile, IsADirectoryError):
        _damaged()


def _manifest(source: zipfile.ZipFile) -> Manifest:
    try:
        if source.getinfo(MANIFEST).file_size > BIGGEST_MANIFEST:
            _damaged()
        raw: dict[str, Any] = json.loads(source.read(MANIFEST))
        if raw["format"] > FORMAT:
            raise SetupError(
                _("The archive was made by copp_bot {version}, in a form that this version does not know.").format(
                    version=raw["version"]
                ),
                _("Install that version, or a newer one, and restore with it."),
            )
        parts = {str(name): Part(str(part["sha256"]), int(part["size"])) for name, part in raw["parts"].items()}
        return Manifest(**{**raw, "parts": parts})
    except (KeyError, ValueError, TypeError, AttributeError, zipfile.BadZipFile):
        _damaged()


def _check(manifest: Manifest, settings: Settings) -> None:
    if manifest.user_id != settings.user_id:
        raise SetupError(
            _("The archive is of the account {theirs}, and COPP_USER_ID is {ours}.").format(
                theirs=manifest.user_id, ours=settings.user_id
            ),
            _("Set COPP_USER_ID to the account that the archive belongs to."),
        )
    if manifest.schema is not None and not migrate.is_known(manifest.schema):
        raise SetupError(
            _("The archive was made by copp_bot {version}, whose database this version does not know.").format(
                version=manifest.version
            ),
            _("Install that version, or a newer one, and restore with it."),
        )
    if DATABASE not in manifest.parts:
        _damaged()


def _target(name: str, settings: Settings, database: Path) -> Path:
    """Where a part belongs; a name that leads anywhere else is not one of ours."""
    if name == DATABASE:
        return database
    if name == TOKEN:
        return settings.data_dir / TOKEN_FILE
    path = PurePosixPath(name)
    roots = {FILES: settings.data_dir, ROOMS: settings.rooms_config}
    least = {FILES: 3, ROOMS: 2}  # the library's files lie in a folder of their own
    if path.is_absolute() or ".." in path.parts or "\\" in name or len(path.parts) < least.get(path.parts[0], 1_000):
        _damaged()
    return roots[path.parts[0]].joinpath(*path.parts[1:])


def _refuse_to_overwrite(wanted: Mapping[str, Part], targets: Mapping[str, Path], database: Path) -> None:
    """Files that are there already with the very same content come from a restore that was cut off."""
    if database.exists():
        raise SetupError(
            _("There is a database at {file} already. Nothing is overwritten.").format(file=database),
            _("Restore into an empty COPP_DATA_DIR, or set the old folder aside first."),
        )
    for name, target in targets.items():
        if target.exists() and _digest(target) != wanted[name].sha256:
            raise SetupError(
                _("{file} is there already, and differs from the archive's. Nothing is overwritten.").format(
                    file=target
                ),
                _("Set it aside, or keep the declared community that is there with --keep-rooms-config."),
            )


def _unpacked(
    source: zipfile.ZipFile, wanted: Mapping[str, Part], targets: Mapping[str, Path], folder: Path
) -> Iterator[_Move]:
    for number, (name, part) in enumerate(wanted.items()):
        path = folder / str(number)
        try:
            with source.open(name) as packed, path.open("xb") as file:
                _copy_bounded(packed, file, part.size)
                file.flush()
                os.fsync(file.fileno())
        except (KeyError, zipfile.BadZipFile, EOFError):
            _damaged()
        if _digest(path) != part.sha256:
            _damaged()
        path.chmod(0o644 if name.startswith(f"{ROOMS}/") else 0o600)
        yield _Move(path, targets[name])


def _copy_bounded(packed: Any, file: Any, size: int) -> None:
    """No more than the manifest promises: an archive may be made to burst."""
    left = size
    while part := packed.read(min(CHUNK, left + 1)):
        left -= len(part)
        if left < 0:
            _damaged()
        file.write(part)


def _bring(move: _Move) -> None:
    """Into its place at once; between file systems through a copy beside it."""
    move.target.parent.mkdir(parents=True, exist_ok=True)
    beside = move.target.with_name(f".{move.target.name}.restoring")
    shutil.move(move.source, beside)
    beside.replace(move.target)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _damaged() -> NoReturn:
    raise SetupError(
        _("The archive is damaged, or is not a backup of copp_bot. Nothing was restored."),
        _("Take another copy of it, or an older archive."),
    )
