"""Reads YAML in which nothing is guessed and every value knows its line.

The rule it keeps: YAML 1.2 core schema only; duplicate keys, anchors, aliases, tags, tabs, several documents, control
characters and big or deep files are mistakes with a line and a remedy. Source: https://yaml.org/spec/1.2.2/
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
    StreamStartEvent,
)

from copp_bot.core.i18n import gettext as _

SIZE_LIMIT = 1_000_000
"""Bytes of one file."""
DEPTH_LIMIT = 10
NODE_LIMIT = 20_000
"""Values in one file; far above any community, and reached in well under a second."""

QUOTES = ("'", '"')
Path_ = tuple[str | int, ...]
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
_INTEGER = re.compile(r"[-+]?[0-9]{1,15}\Z")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_WORDS: dict[str, Any] = {"": None, "~": None} | {
    form: value
    for word, value in (("null", None), ("true", True), ("false", False))
    for form in (word, word.capitalize(), word.upper())
}


@dataclass(frozen=True)
class Mistake:
    """Something wrong in the declaration.

    Args:
        file: as the operator knows it, ``rooms_config/groups/rhythm.yaml``.
        line: counted from 1; None when it concerns the whole file or folder.
        problem: what is wrong, one sentence.
        remedy: what to do, one sentence.
    """

    file: str
    line: int | None
    problem: str
    remedy: str

    @property
    def sentence(self) -> str:
        """One line: where, what, and what to do."""
        where = self.file if self.line is None else _("{file}, line {line}").format(file=self.file, line=self.line)
        return f"{where}: {self.problem} {self.remedy}"


class Unreadable(Exception):
    """The file cannot be taken as YAML at all."""

    def __init__(self, mistake: Mistake) -> None:
        super().__init__(mistake.sentence)
        self.mistake = mistake


@dataclass
class Source:
    """A file's value, the line of each part of it, and what was wrong on the way."""

    file: str
    value: Any = None
    lines: dict[Path_, int] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)

    def line(self, path: Path_) -> int | None:
        """The line of the part, or of the nearest part around it."""
        while path not in self.lines and path:
            path = path[:-1]
        return self.lines.get(path)

    def mistake(self, path: Path_, problem: str, remedy: str) -> Mistake:
        """A mistake at this part."""
        return Mistake(self.file, self.line(path), problem, remedy)


def read(path: Path, shown: str) -> Source:
    """Read one file. ``shown`` is its name in mistakes. Never raises for what is written in the file."""
    source = Source(shown)
    try:
        text = read_text(path, shown)
        _refuse_tabs(text, shown)
        _Builder(source, _events(text, shown)).document()
    except Unreadable as error:
        source.value = None
        source.mistakes.append(error.mistake)
    return source


def read_text(path: Path, shown: str) -> str:
    """The file as text; Unreadable when it is too big, empty, not UTF-8, or holds control characters."""
    try:
        with path.open("rb") as file:
            data = file.read(SIZE_LIMIT + 1)
    except OSError as error:
        problem = _("The file cannot be read ({reason}).").format(reason=error.strerror or type(error).__name__)
        raise _stop(shown, None, problem, _("Put a readable file there.")) from None
    if len(data) > SIZE_LIMIT:
        raise _stop(shown, None, _("The file is larger than 1 MB."), _("Split it or remove what does not belong here."))
    return _decode(data, shown)


def _decode(data: bytes, shown: str) -> str:
    try:
        text = data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise _stop(shown, line, _("This is not UTF-8 text."), _("Save the file as UTF-8.")) from None
    if found := _CONTROL.search(text):
        line = text.count("\n", 0, found.start()) + 1
        problem = _("There is a control character (U+{code}).").format(code=f"{ord(found.group()):04X}")
        raise _stop(shown, line, problem, _("Delete it."))
    if not text.strip():
        raise _stop(shown, None, _("The file is empty."), _("Fill it, or delete it if it is not needed."))
    return text


def _refuse_tabs(text: str, shown: str) -> None:
    for number, line in enumerate(text.split("\n"), 1):
        if "\t" in line[: len(line) - len(line.lstrip())]:
            raise _stop(shown, number, _("The line is indented with a tab."), _("Use spaces."))


def _events(text: str, shown: str) -> Iterator[Any]:
    quoted: ScalarEvent | None = None
    try:
        for event in YAML(typ="safe", pure=True).parse(text):
            if isinstance(event, ScalarEvent) and event.style in QUOTES and _lines(event) > 1:
                quoted = event
            yield event
    except MarkedYAMLError as error:
        raise _open_quote(shown, error, quoted) or _not_yaml(shown, error) from None
    except (YAMLError, ValueError, RecursionError) as error:
        problem = _("This is not valid YAML ({reason}).").format(reason=type(error).__name__)
        raise _stop(shown, None, problem, _("Check indentation, quotes and colons.")) from None


def _lines(event: Any) -> int:
    return int(event.end_mark.line - event.start_mark.line + 1)


def _open_quote(shown: str, error: MarkedYAMLError, quoted: ScalarEvent | None) -> Unreadable | None:
    """A quotation mark that was forgotten is noticed far below, at the next one or at the end: told where it begins."""
    at, remedy = error.problem_mark, _("Close it at the end of the text that it belongs to, in the same line.")
    if error.context_mark and "quoted scalar" in (error.context or ""):
        problem = _("A quotation mark begins here and is never closed.")
        return _stop(shown, error.context_mark.line + 1, problem, remedy)
    if quoted is None or at is None or at.line != quoted.end_mark.line:
        return None
    problem = _("A quotation mark begins here and is closed in line {line} only.").format(line=at.line + 1)
    return _stop(shown, quoted.start_mark.line + 1, problem, remedy)


def _not_yaml(shown: str, error: MarkedYAMLError) -> Unreadable:
    """The parser's words stand in brackets, for those who know them."""
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (None, "?")
    problem = _("The indentation or punctuation is not right here, at column {column} (YAML: {reason}).").format(
        column=column, reason=error.problem or error.context
    )
    remedy = _(
        "Check the spaces before this line and the one above, quotes and colons; put a text with a colon in quotes."
    )
    return _stop(shown, line, problem, remedy)


def _stop(shown: str, line: int | None, problem: str, remedy: str) -> Unreadable:
    return Unreadable(Mistake(shown, line, problem, remedy))


class _Builder:
    """Makes plain values from parser events."""

    def __init__(self, source: Source, events: Iterator[Any]) -> None:
        self._source = source
        self._events = events
        self._nodes = 0

    def document(self) -> None:
        """Take the only document of the stream."""
        self._take(StreamStartEvent)
        start = self._take(DocumentStartEvent)
        if start.version or start.tags:
            raise self._refused(start, _("There is a % directive."), _("Delete it; this is YAML 1.2."))
        self._source.value = self._node(next(self._events), ())
        self._take(DocumentEndEvent)
        following = next(self._events)
        if not isinstance(following, StreamEndEvent):
            raise self._refused(following, _("A second document begins here."), _("Keep one document per file."))

    def _take(self, kind: type[Any]) -> Any:
        event = next(self._events)
        if not isinstance(event, kind):
            raise self._refused(event, _("The file is empty."), _("Fill it, or delete it if it is not needed."))
        return event

    def _node(self, event: NodeEvent, path: Path_) -> Any:
        self._refuse_cleverness(event, path)
        self._source.lines.setdefault(path, event.start_mark.line + 1)
        if isinstance(event, MappingStartEvent):
            return self._mapping(path)
        if isinstance(event, SequenceStartEvent):
            return self._sequence(path)
        return self._scalar(event)

    def _refuse_cleverness(self, event: NodeEvent, path: Path_) -> None:
        self._nodes += 1
        if isinstance(event, AliasEvent) or event.anchor:
            raise self._refused(event, _("Anchors and aliases (& and *) are not allowed."), _("Write it out."))
        if getattr(event, "tag", None):
            raise self._refused(event, _("Tags (!) are not allowed."), _("Delete the tag, or quote the text."))
        if self._nodes > NODE_LIMIT or len(path) > DEPTH_LIMIT:
            raise self._refused(event, _("There is too much, or too deep, in this file."), _("Make it simpler."))

    def _mapping(self, path: Path_) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while not isinstance(event := next(self._events), MappingEndEvent):
            key = self._key(event)
            if key in found:
                self._duplicate(event, key)
                self._node(next(self._events), (*path, f"{key} again"))
                continue
            self._source.lines[(*path, key)] = event.start_mark.line + 1
            found[key] = self._node(next(self._events), (*path, key))
        return found

    def _key(self, event: NodeEvent) -> str:
        self._refuse_cleverness(event, ())
        if not isinstance(event, ScalarEvent):
            raise self._refused(event, _("A name before a colon must be plain text."), _("Quote it or rewrite it."))
        return str(event.value)

    def _duplicate(self, event: NodeEvent, key: str) -> None:
        problem = _("“{key}” stands here a second time.").format(key=key)
        line = event.start_mark.line + 1
        self._source.mistakes.append(Mistake(self._source.file, line, problem, _("Keep one of the two.")))

    def _sequence(self, path: Path_) -> list[Any]:
        found: list[Any] = []
        while not isinstance(event := next(self._events), SequenceEndEvent):
            found.append(self._node(event, (*path, len(found))))
        return found

    def _scalar(self, event: Any) -> Any:
        is_plain = event.implicit[0]
        return plain_value(event.value) if is_plain else event.value

    def _refused(self, event: Any, problem: str, remedy: str) -> Unreadable:
        mark = getattr(event, "start_mark", None)
        return _stop(self._source.file, mark.line + 1 if mark else None, problem, remedy)


def plain_value(text: str) -> Any:
    """An unquoted scalar by the core schema of YAML 1.2: ``no`` and ``12:30`` stay text."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.match(text):
        return int(text)
    return float(text) if _FLOAT.match(text) else text
