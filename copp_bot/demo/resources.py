"""The library of the demonstration: one file per resource below ``content/library``, with a head of ``name: value``.

The folder says whose it is (``community`` or a group's key); the head says title, author, language, form and tags.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from copp_bot.demo.documents import Document, render
from copp_bot.demo.people import GROUPS, community

CONTENT = Path(__file__).parent / "content"
COMMUNITY_SHELF = "community"
SHELVES = (COMMUNITY_SHELF, *GROUPS)
MEDIA_TYPES = {
    "pdf": "application/pdf",
    "html": "text/html",
    "md": "text/markdown",
    "txt": "text/plain",
}


@dataclass(frozen=True)
class DemoResource:
    """Something to shelve.

    Args:
        slug: name of the file without its ending; unique.
        shelf: ``community`` or a group's key.
        by: localpart of the person who shares it.
        form: ``pdf``, ``html``, ``md``, ``txt`` or ``link``.
        url: the address, for a link.
        text: the document, or what is said about the link.
    """

    slug: str
    shelf: str
    title: str
    by: str
    language: str
    form: str
    tags: tuple[str, ...]
    text: str
    url: str | None = None

    @property
    def room_key(self) -> str:
        """The library room it is posted in."""
        return "library" if self.shelf == COMMUNITY_SHELF else f"{self.shelf}/library"

    @property
    def file_name(self) -> str:
        """The name it is posted under."""
        return f"{self.slug}.{self.form}"

    @property
    def media_type(self) -> str:
        """Its Internet media type; KeyError for a link."""
        return MEDIA_TYPES[self.form]

    def data(self) -> bytes:
        """The bytes of the file; KeyError for a link."""
        author = community().account(self.by).display_name
        return render(Document(self.title, author, self.language, self.text), self.form)


@cache
def resources() -> tuple[DemoResource, ...]:
    """All resources, shelf by shelf, in the order of their names."""
    return tuple(
        read_resource(path, shelf) for shelf in SHELVES for path in sorted((CONTENT / "library" / shelf).glob("*.md"))
    )


def read_resource(path: Path, shelf: str) -> DemoResource:
    """One resource from its file; KeyError when the head lacks a name."""
    head, _, text = path.read_text(encoding="utf-8").removeprefix("---\n").partition("\n---\n")
    named = dict(line.split(": ", 1) for line in head.splitlines())
    return DemoResource(
        slug=path.stem,
        shelf=shelf,
        title=named["title"],
        by=named["by"],
        language=named["language"],
        form=named["form"],
        tags=tuple(named["tags"].split()),
        text=text.strip(),
        url=named.get("url"),
    )
