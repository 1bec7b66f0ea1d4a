"""What the demonstration keeps from start to start: passwords, and which steps of the seed are done.

The rule it keeps: a file is replaced whole or not at all, so that a kill at any moment leaves a readable one; one that
something else has damaged gets a sentence.
"""

import json
import os
import secrets
import tempfile
from pathlib import Path
from typing import Any

from copp_bot.core.errors import SetupError
from copp_bot.core.i18n import gettext as _
from copp_bot.demo.resources import CONTENT


def write_private(path: Path, content: Any) -> None:
    """Write JSON that only the owner may read, atomically."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # made with mode 0600
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(content, file, ensure_ascii=False, indent=2)
        file.flush()
        os.fsync(file.fileno())
    Path(name).replace(path)


def passwords(path: Path, names: list[str]) -> dict[str, str]:
    """A password for each name, made at the first start of a data folder and the same ever after."""
    kept = read(path)
    missing = [name for name in names if name not in kept]
    kept |= {name: _password() for name in missing}
    if missing:
        write_private(path, kept)
    return {name: kept[name] for name in names}


def read(path: Path) -> dict[str, str]:
    """What was kept in a file; empty when there is none.

    Raises:
        SetupError: it is damaged.
    """
    if not path.exists():
        return {}
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        kept = None
    if not isinstance(kept, dict) or not all(isinstance(value, str) for value in kept.values()):
        raise damaged(path)
    return kept


def damaged(path: Path) -> SetupError:
    """What is said of a file that something else has changed."""
    problem = _("{path} cannot be read: it is damaged.").format(path=path)
    return SetupError(problem, _("Begin anew with make demo-reset, or with another --data-dir."))


def _password() -> str:
    """Three words and four digits: easy to type, and nobody guesses it on a server of this machine alone."""
    words = (CONTENT / "words.txt").read_text(encoding="utf-8").split()
    three = "-".join(secrets.choice(words) for _number in range(3))
    return f"{three}-{secrets.randbelow(9000) + 1000}"


class Journal:
    """The steps that are done, with what each gave (an event id, a room id, a number).

    Args:
        path: the state file; made at the first step.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._steps = read(path)
        self.is_resumed = bool(self._steps)

    def __contains__(self, step: str) -> bool:
        return step in self._steps

    def __getitem__(self, step: str) -> str:
        return self._steps[step]

    def get(self, step: str) -> str | None:
        """What a step gave, None when it is not done."""
        return self._steps.get(step)

    def mark(self, step: str, result: str = "") -> None:
        """The step is done."""
        self._steps[step] = result
        write_private(self._path, self._steps)
