"""What the people of the demonstration ask of the bot beside sharing: one YAML file per scene below ``content/scenes``.

A scene is played from top to bottom; ``{number}`` in it is the number that the bot's last answer in it has named.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from copp_bot.demo.resources import CONTENT

DIRECT = "direct"
"""The place of a turn that is said in the direct chat with the bot."""


@dataclass(frozen=True)
class Turn:
    """One command.

    Args:
        place: a declared room key, or ``direct``.
    """

    who: str
    place: str
    say: str


@dataclass(frozen=True)
class Scene:
    """Commands in order."""

    name: str
    turns: tuple[Turn, ...]

    @property
    def rooms(self) -> frozenset[str]:
        """The declared rooms in which it plays."""
        return frozenset(turn.place for turn in self.turns) - {DIRECT}


@cache
def scenes() -> tuple[Scene, ...]:
    """All scenes, in the order of the files' names."""
    return tuple(_read(path) for path in sorted((CONTENT / "scenes").glob("*.yaml")))


def _read(path: Path) -> Scene:
    turns: list[dict[str, Any]] = YAML(typ="safe").load(path)
    return Scene(path.stem, tuple(Turn(turn["who"], turn["in"], turn["say"].strip()) for turn in turns))
