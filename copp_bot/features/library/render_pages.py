"""Resources as pages show them. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from babel import Locale
from babel.numbers import format_decimal

from copp_bot.core.feature import RoomDirectory
from copp_bot.core.i18n import gettext as _
from copp_bot.core.ids import Audience, group_of
from copp_bot.core.web.frame import query
from copp_bot.core.words import audience_words, group_titles, text_language
from copp_bot.features.library.finding import Resource
from copp_bot.features.library.render import known_facts, language_words
from copp_bot.features.library.store import Having

LICENCES = ("CC0-1.0", "CC-BY-4.0", "CC-BY-SA-4.0", "CC-BY-NC-4.0", "CC-BY-NC-SA-4.0", "CC-BY-ND-4.0")
"""What is offered to choose from; by chat any SPDX identifier may be said."""
LANGUAGES = ("en", "fr", "de", "es", "it", "pt", "pl", "nl", "el", "ro", "fi", "sv", "hr", "uk", "tr", "ru")
"""What is offered first; others that are in use come with the resource."""
Options = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Card:
    """A resource with the words around it. ``size`` of its file, None for a link."""

    resource: Resource
    facts: tuple[str, ...]
    author: str
    audience: str
    size: str | None

    @property
    def path(self) -> str:
        """The address of its page."""
        return f"/library/{self.resource.number}"


def card(shown: Resource, rooms: RoomDirectory) -> Card:
    """One resource."""
    author = shown.author_name or shown.author
    return Card(shown, known_facts(shown), author, audience_words(rooms, shown.audience).rstrip(","), _size(shown.size))


def _size(size: int | None) -> str | None:
    if size is None:
        return None
    kilobytes = max(1, round(size / 1000))
    if kilobytes < 1000:
        return _("{size} kB").format(size=kilobytes)
    return _("{size} MB").format(size=format_decimal(round(size / 1_000_000, 1), locale=text_language()))


def cards(shown: Iterable[Resource], rooms: RoomDirectory) -> tuple[Card, ...]:
    """As ``card``, for several."""
    return tuple(card(one, rooms) for one in shown)


def address(words: str, having: Having, page: int = 1) -> str:
    """The address of a page of the list or of a search."""
    said = query(
        q=words,
        tag=" ".join(having.tags),
        lang=having.language,
        licence=having.licence,
        page=page if page > 1 else None,
    )
    return f"/library?{said}" if said else "/library"


def narrowed(words: str, having: Having) -> tuple[tuple[str, str], ...]:
    """What a list is narrowed down to, and the address without it."""
    found = [
        (f"#{tag}", address(words, Having(tuple(t for t in having.tags if t != tag), having.language, having.licence)))
        for tag in having.tags
    ]
    if having.language:
        found.append((language_words(having.language), address(words, Having(having.tags, None, having.licence))))
    if having.licence:
        found.append((having.licence, address(words, Having(having.tags, having.language))))
    return tuple(found)


def languages(current: str | None, otherwise: str | None = None) -> Options:
    """To choose a language from; ``otherwise`` is what choosing none means."""
    names = Locale.parse(text_language()).languages
    codes = dict.fromkeys((*LANGUAGES, *((current,) if current else ())))
    return (
        ("", otherwise or _("not said")),
        *sorted(((code, names.get(code, code)) for code in codes), key=lambda one: one[1]),
    )


def licences(current: str | None, otherwise: str | None = None) -> Options:
    """As ``languages``."""
    codes = dict.fromkeys((*LICENCES, *((current,) if current else ())))
    return (("", otherwise or _("not said")), *((code, code) for code in codes))


def shelves(rooms: RoomDirectory, groups: Iterable[str]) -> Options:
    """For whom something may be shelved."""
    return (("community", _("all members of the community")), *group_titles(rooms, groups))


def audiences(rooms: RoomDirectory, shown: Audience, groups: Sequence[str], *, is_own: bool) -> Options:
    """Who may be let read it, those who may now among them; public only by its author."""
    own = group_of(shown)
    keys = sorted({*groups, *((own,) if own else ())})
    wanted = [Audience("community"), *(Audience(f"group:{key}") for key in keys)]
    if is_own or shown == "public":
        wanted.append(Audience("public"))
    return tuple((one, audience_words(rooms, one).rstrip(",")) for one in wanted)


def counted(tags: Sequence[tuple[str, int]]) -> Sequence[Mapping[str, object]]:
    """Tags with the addresses of their lists."""
    return [{"tag": tag, "count": count, "path": address("", Having((tag,)))} for tag, count in tags]
