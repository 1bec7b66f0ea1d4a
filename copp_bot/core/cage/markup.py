"""XML of office documents: its words in order, and single facts from it.

The rule it keeps: a document type that declares anything is refused, and one that stands elsewhere is not fetched, so
that no entity is ever expanded; depth is limited; nothing is kept but words.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from xml.parsers import expat

from copp_bot.core.cage.archive import Refused

DEEPEST = 500
LONGEST_FACT = 300
"""Characters of one fact; more tells nothing."""

_NO_MEMORY = expat.errors.codes[expat.errors.XML_ERROR_NO_MEMORY]


@dataclass(frozen=True)
class Grammar:
    """Elements by their local names.

    Args:
        words: what is written in them and below is text.
        lines: end a line.
        spaces: stand for a space.
        unseen: left out with all that is in them: deleted text, remarks by others, second versions.
        page: is counted.
    """

    words: frozenset[str]
    lines: frozenset[str]
    spaces: frozenset[str]
    unseen: frozenset[str]
    page: str = ""


class Words:
    """Gathers the words of one or several parts; ``length`` counts characters, ``pages`` what the grammar calls so."""

    def __init__(self, grammar: Grammar) -> None:
        self._grammar = grammar
        self._parts: list[str] = []
        self._within = self._hidden = 0
        self.length = self.pages = 0

    def feed(self, pieces: Iterable[bytes], most: int) -> None:
        """Take in a part; stops once there are more than ``most`` characters."""
        self._within = self._hidden = 0
        _parse(_until(pieces, lambda: self.length > most), self._start, self._end, self._text)
        self._add("\n\n")

    @property
    def text(self) -> str:
        """All of it."""
        return "".join(self._parts)

    def _start(self, name: str, _attributes: Mapping[str, str]) -> None:
        self._hidden += name in self._grammar.unseen
        self._within += name in self._grammar.words
        self.pages += name == self._grammar.page
        if name in self._grammar.spaces:
            self._add(" ")

    def _end(self, name: str) -> None:
        self._hidden -= name in self._grammar.unseen
        self._within -= name in self._grammar.words
        if name in self._grammar.lines:
            self._add("\n")

    def _text(self, text: str) -> None:
        if self._within and not self._hidden:
            self._add(text)

    def _add(self, text: str) -> None:
        self._parts.append(text)
        self.length += len(text)


def elements(pieces: Iterable[bytes]) -> list[tuple[str, dict[str, str]]]:
    """Every element of a small part: its local name, and its attributes by local names."""
    found: list[tuple[str, dict[str, str]]] = []
    _parse(pieces, lambda name, attributes: found.append((name, dict(attributes))), _nothing, _nothing)
    return found


def facts(pieces: Iterable[bytes]) -> dict[str, str]:
    """The beginning of the text of every element by its local name; of a property by ``property`` and its own name."""
    found: dict[str, str] = {}
    open_elements: list[str] = []

    def start(name: str, attributes: Mapping[str, str]) -> None:
        open_elements.append(f"property {attributes['name'].lower()}" if "name" in attributes else name)

    def text(text: str) -> None:
        for name in open_elements[-2:]:  # a property's value stands in an element of its own
            found[name] = (found.get(name, "") + text)[:LONGEST_FACT]

    _parse(pieces, start, lambda _name: open_elements.pop(), text)
    return {name: value.strip() for name, value in found.items()}


def _parse(
    pieces: Iterable[bytes],
    start: Callable[[str, Mapping[str, str]], object],
    end: Callable[[str], object],
    text: Callable[[str], object],
) -> None:
    depth = 0

    def opened(name: str, attributes: Mapping[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > DEEPEST:
            raise Refused("too_much")
        start(_local(name), {_local(key): value for key, value in attributes.items()})

    def closed(name: str) -> None:
        nonlocal depth
        depth -= 1
        end(_local(name))

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _document_type
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = opened, closed, text
    is_begun = False
    try:
        for piece in pieces:
            parser.Parse(piece, False)
            is_begun = True
        if is_begun:
            parser.Parse(b"", True)
    except (expat.ExpatError, LookupError, ValueError) as error:
        is_out_of_memory = getattr(error, "code", None) == _NO_MEMORY
        raise Refused("too_much" if is_out_of_memory else "broken") from error


def _until(pieces: Iterable[bytes], is_enough: Callable[[], bool]) -> Iterable[bytes]:
    for piece in pieces:
        yield piece
        if is_enough():
            raise Enough


class Enough(Exception):
    """There are words enough; the rest need not be unpacked."""


def _local(name: str) -> str:
    return name.rpartition(" ")[2]


def _document_type(_name: str, _system: str | None, _public: str | None, declares: bool) -> None:
    """OpenOffice before 2008 named one that stands elsewhere in its manifests."""
    if declares:
        raise Refused("trap")


def _nothing(_told: object) -> None:
    """Not asked for."""
