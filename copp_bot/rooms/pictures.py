"""Avatars, declared as files below the declaration folder.

The rule it keeps: what a file is is said by its bytes; only small pictures that every client shows are taken.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from copp_bot.core.cage.sniff import HEAD, sniff
from copp_bot.core.i18n import gettext as _

SIZE_LIMIT = 1_000_000
"""Bytes; a client shows an avatar a few hundred pixels wide."""
TYPES = frozenset({"image/png", "image/jpeg", "image/webp", "image/gif"})


@dataclass(frozen=True)
class Picture:
    """A declared avatar. ``sha256`` is of its bytes, so that it is uploaded once."""

    path: Path
    sha256: str
    media_type: str


class Unfit(Exception):
    """It cannot be an avatar: what is wrong, and what to do."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.remedy = remedy


def look(folder: Path, name: str) -> Picture:
    """The picture of this name below the folder.

    Raises:
        Unfit: it is not there, too large, or no picture.
    """
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()) or not path.is_file():
        problem = _("There is no file “{name}” in this folder.").format(name=name)
        raise Unfit(problem, _("Put the picture there, or delete the line."))
    with path.open("rb") as file:
        data = file.read(SIZE_LIMIT + 1)
    if len(data) > SIZE_LIMIT:
        raise Unfit(_("“{name}” is larger than 1 MB.").format(name=name), _("Make the picture smaller."))
    media_type = sniff(data[:HEAD], "")
    if media_type not in TYPES:
        problem = _("“{name}” is not a picture that clients show.").format(name=name)
        raise Unfit(problem, _("Save it as PNG, JPEG, WebP or GIF."))
    return Picture(path, hashlib.sha256(data).hexdigest(), media_type)
