"""Opens the community's database, copies it to another, and says in a sentence why it cannot be used.

The rule it keeps: one instance alone (locks on the folder and in the database), and an address is never shown with
what opens it.
"""

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from sqlalchemy import URL
from sqlalchemy.exc import OperationalError

from copp_bot.core import lock, trouble
from copp_bot.core.errors import SetupError
from copp_bot.core.i18n import gettext as _
from copp_bot.core.settings import Settings
from storage import copy as copying
from storage import engines, errors, migrate
from storage.database import Database
from storage.trouble import NewerSchema

CREATE = "CREATE DATABASE copp ENCODING 'UTF8' LOCALE 'C.UTF-8' TEMPLATE template0"


def open_database(settings: Settings) -> Database:
    """The database at the newest schema, held for this instance."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    with explained(settings.database):
        database = Database(settings.database, alone=True)
        try:
            migrate.upgrade(database.engine)
        except BaseException:
            database.close()
            raise
        return database


def copy(settings: Settings, source: str, target: str | None, progress: copying.Progress) -> dict[str, int]:
    """Copy the community; how many rows each table has.

    Args:
        source: an address, or the path of a SQLite file.
        target: likewise; None is the database of the settings. It must be empty.
    """
    source, target = engines.address_of(source), engines.address_of(target) if target else settings.database
    if _place(source) == _place(target):
        raise SetupError(
            _("That would copy the database onto itself."),
            _("Set COPP_DATABASE_URL to the new database, or name it after the old one."),
        )
    with ExitStack() as held:
        held.enter_context(lock.take(settings.data_dir))
        for folder in _folders(source, target) - {settings.data_dir.resolve()}:
            held.enter_context(lock.take(folder))
        old = held.enter_context(_opened(source, must_exist=True))
        new = held.enter_context(_opened(target, must_exist=False))
        with explained(target):
            return copying.copy(old.engine, new.engine, progress)


@contextmanager
def explained(url: str) -> Iterator[None]:
    """What goes wrong with this database inside the block is said as a ``SetupError``."""
    try:
        yield
    except SetupError:
        raise
    except Exception as error:
        raise explain(error, url) from error


def explain(error: Exception, url: str) -> SetupError:
    """What is wrong with the database of this address, and what to do."""
    if isinstance(error, errors.BadAddress):
        return SetupError(
            _("This is no address of a database that I know."),
            _("Write postgresql://user:password@host/name or sqlite:///path, or leave COPP_DATABASE_URL out."),
        )
    address = engines.address(url)
    known = trouble.explained(error)
    if known is not None and (address.get_backend_name() == engines.SQLITE or isinstance(error, NewerSchema)):
        return known
    where = engines.shown(address)
    for kind, problem, remedy in _sentences():
        if isinstance(error, kind):
            told = {**vars(error), "where": where, "create": CREATE, "reason": _reason(error)}
            told["holder"] = _holder(told.get("holder", ""))
            return SetupError(problem.format(**told), remedy.format(**told))
    raise AssertionError("every error is an Exception")


def _sentences() -> Iterator[tuple[type[Exception], str, str]]:
    """The first kind that fits; what stands in braces is an attribute of the error, or told with it."""
    yield (
        errors.DriverMissing,
        _("The driver for PostgreSQL is not installed."),
        _("Install it: pip install 'copp-bot[postgresql]'"),
    )
    yield (
        errors.Unsuitable,
        _("The database {where} has {found}, and needs {needed}."),
        _("Make another, as the server's administrator: {create};"),
    )
    yield (
        errors.TakenElsewhere,
        _("Another copp_bot ({holder}) works with the database {where}."),
        _("Stop it first. Two instances on one database would answer everything twice."),
    )
    yield (
        copying.WrongSchema,
        _("The database to copy from is not at the schema of this version."),
        _("Run copp-bot db upgrade with it, then copy again."),
    )
    yield (
        copying.NotEmpty,
        _("The database {where} is not empty."),
        _("Copy into a new one; nothing was changed."),
    )
    yield (
        copying.CountsDiffer,
        _("Not every row arrived in {where}; nothing was kept there."),
        _("See that nobody else works with either database, and copy again."),
    )
    yield (
        OperationalError,
        _("The database {where} cannot be used ({reason})."),
        _("Check COPP_DATABASE_URL, and that the server lets this machine in; for SQLite the disk and the folder."),
    )
    yield (
        Exception,
        _("The database {where} cannot be used ({reason})."),
        _("Check COPP_DATABASE_URL, the disk's free space, and that the folder can be written."),
    )


def _holder(name: str) -> str:
    """Who holds the database, from the name it has given itself on the server."""
    _program, _space, rest = name.partition(" ")
    machine, _space, number = rest.partition(" ")
    return _("process {number} on {machine}").format(number=number.split(" ")[0] or "?", machine=machine or "?")


def _reason(error: Exception) -> str:
    """What the server or the system says, without the statement; only what was no use of a connection says more."""
    if isinstance(error, OperationalError):
        return str(error.orig).split("\n", 1)[0]
    return type(error).__name__


def _place(address: str) -> Path | URL:
    """Where a database is: the whole path of a file, or an address."""
    with explained(address):
        url = engines.address(address)
    return Path(url.database or "").resolve() if url.get_backend_name() == engines.SQLITE else url


def _folders(*addresses: str) -> set[Path]:
    """The folders of SQLite files, where a bot that uses them may hold a lock."""
    return {place.parent for place in map(_place, addresses) if isinstance(place, Path)}


@contextmanager
def _opened(address: str, *, must_exist: bool) -> Iterator[Database]:
    place = _place(address)
    if must_exist and isinstance(place, Path) and not place.is_file():
        raise SetupError(
            _("There is no database {where}.").format(where=place),
            _("Give the path of a SQLite file, or an address such as postgresql://user@host/name."),
        )
    with explained(address), closing(Database(address, alone=True)) as database:
        yield database
