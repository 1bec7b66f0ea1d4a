"""One instance: a lock on the data folder, held while the process lives."""

import fcntl
import os
from pathlib import Path
from typing import IO

from copp_bot.core.errors import SetupError
from copp_bot.core.i18n import gettext as _

FILE = "lock"


def take(data_dir: Path) -> IO[str]:
    """Take the lock of the bot; keep the returned file open as long as it shall hold.

    Raises:
        SetupError: another process holds it, or the folder cannot be written.
    """
    try:
        return hold(data_dir)
    except BlockingIOError:
        raise SetupError(
            _("Another copp_bot (process {pid}) works with the data folder {folder}.").format(
                pid=holder(data_dir) or "?", folder=data_dir
            ),
            _("Stop it first, or use its commands in chat (!rooms apply)."),
        ) from None
    except OSError as error:
        raise SetupError(
            _("The data folder {folder} cannot be written ({reason}).").format(folder=data_dir, reason=error.strerror),
            _("Make it writable, or set COPP_DATA_DIR to another folder."),
        ) from None


def hold(data_dir: Path) -> IO[str]:
    """As ``take``, for those who have words of their own.

    Raises:
        BlockingIOError: another process holds it; ``holder`` says which.
        OSError: the folder cannot be written.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    file = (data_dir / FILE).open("a+", encoding="ascii")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file


def holder(data_dir: Path) -> str | None:
    """The process id of who holds the lock, None when nobody does. Looks for a moment and holds nothing."""
    try:
        with (data_dir / FILE).open("r", encoding="ascii") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return file.read().strip() or "?"
    except OSError:
        return None
    return None
