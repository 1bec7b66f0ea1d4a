"""What is wrong with the disk or the database, in a sentence with its remedy; the log and the terminal say the same."""

from copp_bot.core.errors import SetupError
from copp_bot.core.i18n import deferred
from copp_bot.core.i18n import gettext as _
from storage.trouble import Trouble, newer_schema, trouble_of

_SENTENCES = {
    Trouble.FULL: (
        deferred("The disk is full."),
        deferred("Make room where COPP_DATA_DIR and the database lie. Nothing is lost; the bot goes on by itself."),
    ),
    Trouble.READ_ONLY: (
        deferred("The database or its folder cannot be written."),
        deferred("Give the bot's system account the right to write there, or mount the disk writable."),
    ),
    Trouble.NO_FILE: (
        deferred("The database cannot be opened."),
        deferred("Check COPP_DATABASE_URL and COPP_DATA_DIR, and that the folder exists and can be written."),
    ),
    Trouble.FAILING: (
        deferred("The disk does not read or write as it should."),
        deferred("Look at its free space and at the system's log, then start again."),
    ),
    Trouble.DAMAGED: (
        deferred("The database is damaged, or is not a database."),
        deferred("Set it aside, and bring the newest backup back with copp-bot restore."),
    ),
    Trouble.BUSY: (
        deferred("Another program holds the database."),
        deferred("End it, or wait until it has finished, and start again."),
    ),
    Trouble.UNREACHABLE: (
        deferred("The database server does not answer."),
        deferred("Check COPP_DATABASE_URL, and that the database server is running."),
    ),
}


def explained(error: BaseException) -> SetupError | None:
    """The sentence for an error of disk or database, None for an error of another kind."""
    newer = newer_schema(error)
    if newer is not None:
        return SetupError(
            _(
                "The database is at {revision}, which a newer version of copp_bot has made; this one knows {newest}."
            ).format(revision=newer.revision, newest=newer.newest),
            _("Install that version again, or restore a backup from before the upgrade."),
        )
    trouble = trouble_of(error)
    if trouble is None:
        return None
    problem, remedy = _SENTENCES[trouble]
    return SetupError(_(problem), _(remedy))
