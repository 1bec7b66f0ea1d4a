"""The first moments of ``copp-bot demo``: what is in the way is said at once, before anything slow is loaded.

The rule it keeps: only who holds the data folder writes a ready file or takes one away, and never another's.
"""

import asyncio
import json
import shutil
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING

from copp_bot.core import lock
from copp_bot.core.errors import SetupError
from copp_bot.core.i18n import gettext as _
from copp_bot.demo.ports import free_port

if TYPE_CHECKING:
    from rich.console import Console


MADE = ("homeserver", "bot", "bot.log", "passwords.json", "prepared.json", "seed.json", lock.FILE)
"""What a demonstration makes in its data folder."""


@dataclass(frozen=True)
class DemoOptions:
    """What ``copp-bot demo`` is told.

    Args:
        data_dir: everything the demonstration keeps; a later start resumes it.
        homeserver_port: 0 picks a free one.
        web_port: 0 picks a free one.
        ready_file: where to say, in JSON, that everything answers.
    """

    data_dir: Path = Path("var/demo")
    homeserver_port: int = 8008
    web_port: int = 8080
    ready_file: Path | None = None


def start(options: DemoOptions, console: "Console | None" = None) -> int:
    """Run the demonstration until it is asked to end; its exit code.

    Raises:
        SetupError: something is in the way, such as a taken port; nothing is left running.
    """
    _refuse_one_port_for_both(options)
    with closing(_held(options.data_dir.absolute())):
        if options.ready_file is not None:
            _take_away(options.ready_file, options.data_dir.absolute())
        web_port = free_port(options.web_port, "--web-port")
        from copp_bot.demo.supervise import demo  # noqa: PLC0415 - takes seconds to load

        return asyncio.run(demo(replace(options, web_port=web_port), console))


def reset(folder: Path) -> None:
    """Forget a demonstration's data, and nothing else that lies in the folder.

    Raises:
        SetupError: one is at work there.
    """
    if not folder.exists():
        return
    with closing(_held(folder.absolute())):
        for name in MADE:
            path = folder / name
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
    with suppress(OSError):  # there is more in it than ours
        folder.rmdir()


def _refuse_one_port_for_both(options: DemoOptions) -> None:
    if options.homeserver_port == options.web_port != 0:
        raise SetupError(
            _("--homeserver-port and --web-port are both {port}.").format(port=options.web_port),
            _("Choose two different ones, or 0 to have free ones picked."),
        )


def _held(folder: Path) -> IO[str]:
    """The lock on the data folder, held as long as the file is open."""
    try:
        return lock.hold(folder)
    except BlockingIOError:
        raise SetupError(
            _("Another demonstration (process {pid}) works in {folder}.").format(
                pid=lock.holder(folder) or "?", folder=folder
            ),
            _("Stop it with Ctrl-C where it runs, or choose another folder: --data-dir DIR."),
        ) from None
    except OSError as error:
        raise SetupError(
            _("The folder {folder} cannot be written ({reason}).").format(folder=folder, reason=error.strerror),
            _("Choose another one: --data-dir DIR."),
        ) from None


def _take_away(ready_file: Path, folder: Path) -> None:
    """A file that stayed behind would say that everything answers."""
    writer = _writer(ready_file)
    if writer is not None and writer != folder and (pid := lock.holder(writer)):
        raise SetupError(
            _("{file} is the ready file of the demonstration in {folder} (process {pid}).").format(
                file=ready_file, folder=writer, pid=pid
            ),
            _("Choose another one: --ready-file FILE."),
        )
    try:
        ready_file.unlink(missing_ok=True)
        ready_file.parent.mkdir(parents=True, exist_ok=True)
        TemporaryFile(dir=ready_file.parent).close()
    except OSError as error:
        raise SetupError(
            _("The ready file {file} cannot be written ({reason}).").format(file=ready_file, reason=error.strerror),
            _("Choose another one: --ready-file FILE."),
        ) from None


def _writer(ready_file: Path) -> Path | None:
    """The data folder of the demonstration that wrote it: the bot's database lies below; None if it is no such file."""
    try:
        database = str(json.loads(ready_file.read_text(encoding="utf-8"))["database"])
        return Path(database.removeprefix("sqlite:///")).parents[1]
    except (OSError, ValueError, LookupError, TypeError):
        return None
