"""The database beside a running bot: looked at, and given small wishes, without the instance lock.

The rule it keeps: it is opened only as it stands. Nothing is migrated here, and what is written is a row that the bot
notices by itself within seconds, or finds at its next start.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from copp_bot.core import lock
from copp_bot.core.databases import explained
from copp_bot.core.errors import SetupError
from copp_bot.core.i18n import gettext as _
from copp_bot.core.settings import Settings
from storage import migrate
from storage.database import Database
from storage.trouble import NewerSchema


@asynccontextmanager
async def beside(settings: Settings) -> AsyncIterator[Database]:
    """The database at the schema of this version.

    Raises:
        SetupError: there is none, or it stands at another schema.
    """
    database = open_as_it_stands(settings)
    try:
        revision, newest = await revision_of(database), migrate.newest()
        if revision is not None and not migrate.is_known(revision):
            raise NewerSchema(revision, newest)
        if revision != newest:
            raise SetupError(
                _("The database is at {revision}, and this version needs {newest}.").format(
                    revision=revision, newest=newest
                ),
                _("Run copp-bot db upgrade, or start the bot, which does it by itself."),
            )
        yield database
    finally:
        database.close()


def open_as_it_stands(settings: Settings) -> Database:
    """The database, whatever its schema; SetupError when there is none."""
    file = sqlite_file(settings)
    if file is not None and not file.exists():
        raise SetupError(_("There is no database at {file} yet.").format(file=file), _("copp-bot apply makes it."))
    with explained(settings.database):
        return Database(settings.database)


async def revision_of(database: Database) -> str | None:
    """Its schema's revision, read without touching anything."""
    return await database.read(lambda session: migrate.revision_of(session.connection()))


def sqlite_file(settings: Settings) -> Path | None:
    """Where SQLite keeps the database; None when it is another kind."""
    with explained(settings.database):
        return migrate.sqlite_file(settings.database)


def when_done(settings: Settings) -> str:
    """When a wish that has been written will be fulfilled."""
    process = lock.holder(settings.data_dir)
    if process is None:
        return _("The bot is not running; it will be done at its next start.")
    return _("The running bot (process {process}) does it within seconds.").format(process=process)
