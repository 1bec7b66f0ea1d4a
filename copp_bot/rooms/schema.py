"""``schema.json``, which editors check the declaration by; ``python -m copp_bot.rooms.schema`` writes it."""

import json
from pathlib import Path

from copp_bot.rooms.models import schema

FOLDER = Path(__file__).parents[2] / "rooms_config"
NAME = "schema.json"


def render() -> str:
    """The file's text."""
    return json.dumps(schema(), indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def write(folder: Path) -> None:
    """Put the file into a declaration folder."""
    (folder / NAME).write_text(render(), encoding="utf-8")


if __name__ == "__main__":
    write(FOLDER)
