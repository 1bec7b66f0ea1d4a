"""What the people of the demonstration say to each other: one YAML file per room below ``content/rooms``."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from copp_bot.demo.resources import CONTENT

RESOURCE_LABEL = "resource/"
"""A reply to ``resource/<slug>`` is a reply to the message with which that resource was shared."""


@dataclass(frozen=True)
class Line:
    """One message.

    Args:
        label: names the message for replies, threads and reactions; unique in the whole demonstration.
        reply_to: label of the message it replies to.
        thread: label of the message whose thread it is in.
        reactions: reaction -> localparts of those who react.
    """

    label: str
    who: str
    say: str
    reply_to: str | None = None
    thread: str | None = None
    reactions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Conversation:
    """The messages of one room, in order."""

    room_key: str
    lines: tuple[Line, ...]

    @property
    def speaks_of_resources(self) -> bool:
        """Does it reply to shared resources, which must be there first?"""
        return any((line.reply_to or "").startswith(RESOURCE_LABEL) for line in self.lines)

    @property
    def people(self) -> frozenset[str]:
        """Everyone who speaks or reacts."""
        speaking = {line.who for line in self.lines}
        return frozenset(speaking.union(*(who for line in self.lines for who in line.reactions.values())))


@cache
def conversations() -> tuple[Conversation, ...]:
    """All conversations, in the order of the files' names."""
    return tuple(_read(path) for path in sorted((CONTENT / "rooms").glob("*.yaml")))


def _read(path: Path) -> Conversation:
    raw = YAML(typ="safe").load(path)
    return Conversation(raw["room"], tuple(_lines(raw["room"], raw["messages"])))


def _lines(room_key: str, messages: list[dict[str, Any]]) -> Iterator[Line]:
    for number, message in enumerate(messages, 1):
        yield Line(
            label=_label(room_key, message.get("id", str(number))),
            who=message["who"],
            say=message["say"],
            reply_to=_label(room_key, message.get("reply")),
            thread=_label(room_key, message.get("thread")),
            reactions={key: tuple(who) for key, who in message.get("react", {}).items()},
        )


def _label(room_key: str, name: Any) -> Any:
    if name is None or str(name).startswith(RESOURCE_LABEL):
        return name
    return f"{room_key}#{name}"
