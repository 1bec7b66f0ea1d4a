"""One archive of everything a community needs to begin again on an empty machine; made while the bot runs.

A ZIP file: ``database.sqlite3``, a snapshot by SQLite's backup API (https://sqlite.org/backup.html); ``data/...``,
what the library keeps, as far as the snapshot knows it; ``rooms_config/...``; and ``manifest.json`` with a SHA-256 of
each.

The rule it keeps: the archive appears whole or not at all, never takes another file's place, and is its owner's alone.
The access token is in it only when it was asked for; passwords never are.
"""

import asyncio
import hashlib
import json
import os
import shutil
import sqlite3
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import IO

from copp_bot.core.errors import SetupError
from copp_bot.core.i18n import gettext as _
from copp_bot.core.settings import Settings
from copp_bot.core.store import files as files_store
from copp_bot.operating.database import open_as_it_stands, revision_of, sqlite_file
from copp_bot.run import TOKEN_FILE

FORMAT = 1
DATABASE, FILES, ROOMS, TOKEN, MANIFEST = "database.sqlite3", "data", "rooms_config", "access-token", "manifest.json"
SUFFIXES = frozenset({".yaml", ".md", ".json"})
"""What a declared community consists of."""
CHUNK = 1_000_000


@dataclass(frozen=True)
class Part:
    """One file of the archive."""

    sha256: str
    size: int


@dataclass(frozen=True)
class Manifest:
    """What is in an archive.

    Args:
        format: of the archive; a newer one is not understood.
        version: of the software that made it.
        schema: the database's revision.
        user_id: the bot's account.
        made_at: ISO 8601, UTC.
        gone: files that were withdrawn while the archive was made.
    """

    format: int
    version: str
    schema: str | None
    user_id: str
    made_at: str
    parts: dict[str, Part]
    gone: int = 0


async def backup(settings: Settings, target: Path, *, with_token: bool = False) -> tuple[Path, Manifest]:
    """Write the archive; returns where it is, and what is in it.

    Args:
        target: the file to write, or a folder, in which it gets a name with the time.

    Raises:
        SetupError: there is such a file already, it cannot be written, or there is no database that SQLite keeps.
    """
    source = needs_sqlite(settings)
    now = datetime.now(UTC)
    target = named(target, now)
    if target.exists():
        raise _in_the_way(target)
    try:
        return await _write(settings, source, target, now, with_token)
    except OSError as error:
        problem = _("{file} cannot be written: {why}.").format(file=target, why=error.strerror or error)
        remedy = _("Choose another place, and look whether there is room on the disk: copp-bot backup FILE.")
        raise SetupError(problem, remedy) from error


async def _write(
    settings: Settings, source: Path, target: Path, now: datetime, with_token: bool
) -> tuple[Path, Manifest]:
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".copp-backup-") as folder:
        snapshot, whole = Path(folder) / DATABASE, Path(folder) / "whole.zip"
        schema, kept = await _snapshot(settings, source, snapshot)
        with _private(whole) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            parts = dict(_parts(archive, settings, snapshot, kept, with_token))
            gone = sum(f"{FILES}/{path}" not in parts for path in kept)
            manifest = Manifest(
                FORMAT, version("copp-bot"), schema, settings.user_id, now.isoformat(timespec="seconds"), parts, gone
            )
            archive.writestr(MANIFEST, json.dumps(asdict(manifest), indent=1))
        _settle(whole, target)
    return target, manifest


def needs_sqlite(settings: Settings) -> Path:
    """The database's file; SetupError that says what to do where SQLite does not keep it."""
    file = sqlite_file(settings)
    if file is None:
        raise SetupError(
            _("The database is on a server of its own, which this command does not copy."),
            _("Use pg_dump and pg_restore for it, and copy COPP_DATA_DIR and the folder rooms_config beside it."),
        )
    return file


def named(target: Path, now: datetime) -> Path:
    """The archive's path; what does not end like a file is a folder, also one that is not there yet."""
    is_folder = target.is_dir() or not target.suffix
    return target / f"copp-backup-{now:%Y-%m-%dT%H%M%SZ}.zip" if is_folder else target


async def _snapshot(settings: Settings, source: Path, target: Path) -> tuple[str | None, list[str]]:
    """Copy the database; its revision, and the files it knows."""
    open_as_it_stands(settings).close()  # says in a sentence when there is none
    await asyncio.to_thread(_copy, source, target)
    database = open_as_it_stands(settings.model_copy(update={"database_url": f"sqlite:///{target}"}))
    try:
        return await revision_of(database), await database.read(files_store.paths)
    finally:
        database.close()


def _copy(source: Path, target: Path) -> None:
    """In one step: a reader of a WAL database sees one moment, and holds up no writer."""
    with (
        closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as live,
        closing(sqlite3.connect(target)) as copy,
    ):
        live.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")


def _parts(
    archive: zipfile.ZipFile, settings: Settings, snapshot: Path, kept: list[str], with_token: bool
) -> Iterator[tuple[str, Part]]:
    yield DATABASE, _add(archive, DATABASE, snapshot)
    for path in kept:
        try:
            yield f"{FILES}/{path}", _add(archive, f"{FILES}/{path}", settings.data_dir / path)
        except FileNotFoundError:
            continue  # withdrawn meanwhile
    for file in declared_files(settings.rooms_config):
        name = f"{ROOMS}/{file.relative_to(settings.rooms_config).as_posix()}"
        yield name, _add(archive, name, file)
    token = settings.data_dir / TOKEN_FILE
    if with_token and token.exists():
        yield TOKEN, _add(archive, TOKEN, token)


def declared_files(folder: Path) -> list[Path]:
    """What belongs to the declared community; nothing else that lies in the folder."""
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix in SUFFIXES)


def _add(archive: zipfile.ZipFile, name: str, path: Path) -> Part:
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as source, archive.open(name, "w", force_zip64=True) as sink:
        while part := source.read(CHUNK):
            digest.update(part)
            size += len(part)
            sink.write(part)
    return Part(digest.hexdigest(), size)


def _private(path: Path) -> IO[bytes]:
    return open(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b")


def _settle(whole: Path, target: Path) -> None:
    """On disk first, then under its name; a file that has come there meanwhile stays."""
    with whole.open("rb") as file:
        os.fsync(file.fileno())
    try:
        os.link(whole, target)
    except FileExistsError:
        raise _in_the_way(target) from None
    except OSError:  # a file system without hard links
        if target.exists():
            raise _in_the_way(target) from None
        shutil.move(whole, target)


def _in_the_way(target: Path) -> SetupError:
    return SetupError(_("{file} exists already.").format(file=target), _("Choose another name, or take it away."))
