"""What was opened by command, written as declaration files: from then on the files are what counts.

The rule it keeps: what it writes passes ``copp-bot check`` as it stands.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import StringIO

from ruamel.yaml import YAML
from sqlmodel import Session

from copp_bot.rooms import opened
from copp_bot.rooms.declared import Declaration
from copp_bot.rooms.models import GroupFile, RoomEntry

SCHEMA = "# yaml-language-server: $schema=../schema.json#/$defs/GroupFile\n"


@dataclass(frozen=True)
class Exported:
    """One piece of the declaration.

    Args:
        file: where it belongs, below the declaration folder.
        text: YAML; a whole file for a group, an entry below ``rooms:`` for a topical room.
        is_whole: is it a file of its own?
    """

    file: str
    text: str
    is_whole: bool


def export(session: Session, folder: Declaration) -> Sequence[Exported]:
    """Everything opened by command that no file declares yet, closed where it was closed."""
    declared = opened.current(session, folder)
    return tuple(_pieces(opened.opened(session), folder, declared))


def _pieces(kept: Sequence[opened.Opened], folder: Declaration, declared: Declaration) -> Iterator[Exported]:
    for one in kept:
        room = declared.room(one.key)
        if room is None or folder.room(one.key) is not None:
            continue
        entry = one.entry.model_copy(update={"closed": room.closed})
        if isinstance(entry, GroupFile):
            yield Exported(f"groups/{one.key}.yaml", SCHEMA + _yaml(_said(entry)), True)
        else:
            yield Exported("rooms.yaml", _yaml({one.key: _said(entry)}), False)


def _said(entry: GroupFile | RoomEntry) -> dict[str, object]:
    return entry.model_dump(mode="json", exclude_defaults=True)


def _yaml(value: dict[str, object]) -> str:
    """Text stays text: what YAML would take for a number, a date or a word of its own is put in quotes."""
    writer = YAML(typ="safe", pure=True)
    writer.default_flow_style = False
    writer.allow_unicode = True
    writer.width = 1000
    writer.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    out = StringIO()
    writer.dump(value, out)
    return out.getvalue()
