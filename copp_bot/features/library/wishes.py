"""What someone asks to be shelved, in what words, and for whom: read, checked, nothing stored."""

import re
from collections.abc import Collection
from dataclasses import asdict, dataclass
from typing import Any

from yarl import URL

from copp_bot.core import licences, media
from copp_bot.core.commands.declare import Args
from copp_bot.core.context import Place
from copp_bot.core.describing import checked_language, checked_tags, checked_title
from copp_bot.core.errors import UserError
from copp_bot.core.feature import RoomDirectory
from copp_bot.core.fetch import web_address
from copp_bot.core.files import address_of
from copp_bot.core.i18n import gettext as _
from copp_bot.core.ids import COMMUNITY, Audience, EventId, RoomId, Scope, TxnId, UserId, group_of, group_scope
from copp_bot.core.matrix.port import PostedFile
from copp_bot.core.narrowing import having_of
from copp_bot.core.permissions import Viewer
from copp_bot.core.quotes import MARKS, QUOTES
from copp_bot.core.reply import clean
from copp_bot.features.library.store import Having

_URL = re.compile(r"https?://[^\s<>\"“”]+", re.IGNORECASE)
_REST_OF_LICENCE = re.compile(r"\b(?:by|attribution)\b", re.IGNORECASE)
_LINKED = re.compile(rf"(?:\[(?P<text>[^\]\n]*)\]\(|[(<])?{_URL.pattern}>?", re.IGNORECASE)
"""An address, with what Markdown and the habits of writing put around it (CommonMark 0.31, 6.3 and 6.5)."""
_BETWEEN = " -–—|*`~"
"""What people put between an address and its title, and around both."""
_BARE_ADDRESS = re.compile(r"(?:[\w-]{1,63}\.)+[^\W\d_]{2,24}(?::\d+)?(?:[/?#]\S*)?")
_OPENS = {")": "(", "]": "[", "}": "{"}
NO_LICENCE = "none"


@dataclass(frozen=True)
class Wish:
    """The words of ``!library add``.

    Args:
        title: empty when none was given.
        shelf: ``community`` or a group's key, when it was said.
        licence: SPDX identifier; empty where none shall be named.
        description: the lines below the first; they are found too.
    """

    title: str = ""
    url: str | None = None
    tags: tuple[str, ...] = ()
    language: str | None = None
    shelf: str | None = None
    licence: str | None = None
    description: str = ""

    @property
    def given(self) -> tuple[str, ...]:
        """What it says about a thing."""
        said = {"title": self.title, "tags": self.tags, "language": self.language, "licence": self.licence is not None}
        return tuple(name for name, value in said.items() if value)


@dataclass(frozen=True)
class Shelf:
    """Who owns what is shelved, and who may read it."""

    scope: Scope
    audience: Audience


@dataclass(frozen=True)
class Request:
    """A wish with all it needs to be fulfilled later by a task.

    Args:
        event_id: the message with the file or link; None for what came by a page.
        command_event: the command, where it was typed; redacting either takes the resource away.
        seen: the audiences whose resources may be named where the answer stands.
        answer: the message that is edited when it is done; empty where a page shows it.
        reader_language: the language of that message.
        shelver: who asked for it, where the file is somebody else's.
    """

    room_id: RoomId | None
    event_id: EventId | None
    command_event: EventId | None
    author: UserId
    scope: Scope
    audience: Audience
    title: str
    tags: tuple[str, ...]
    language: str | None
    seen: tuple[Audience, ...]
    answer: TxnId
    reader_language: str
    licence: str | None = None
    description: str = ""
    shelver: UserId | None = None

    def payload(self) -> dict[str, Any]:
        """As JSON for the task."""
        return asdict(self)

    @classmethod
    def of(cls, payload: dict[str, Any]) -> "Request":
        """Back from JSON, where tuples have become lists."""
        values: dict[str, Any] = {key: tuple(v) if isinstance(v, list) else v for key, v in payload.items()}
        return cls(**values)


def refuse_bare_address(title: str) -> None:
    """A UserError that shows the whole address, where a title begins with one that lacks its beginning."""
    word = title.split(maxsplit=1)[0].strip(_BETWEEN) if title.split() else ""
    if _BARE_ADDRESS.fullmatch(word) and not media.is_file_name(word):
        words = _("An address begins with https:// – type it like this: !library add https://{address}")
        raise UserError(words.format(address=word))


def wish_of(args: Args) -> Wish:
    """What was asked for; a UserError for words that cannot be taken."""
    first, _newline, below = args.text("title").partition("\n")
    url = first_url(first)
    title = _beside_address(first) if url else first
    return Wish(
        title=checked_title(title),
        url=url,
        tags=checked_tags(args.tags),
        language=checked_language(args.options.get("lang")),
        shelf=args.options.get("for", "").lower() or None,
        licence="" if args.options.get("licence", "").lower() == NO_LICENCE else _licence(args, title),
        description=below.strip(),
    )


def having(args: Args, seen: Collection[Audience], rooms: RoomDirectory, bot: UserId) -> Having:
    """What a search or list is narrowed down to."""
    return having_of(args, seen, rooms, bot.partition(":")[2], licence=_licence(args, args.text("words")))


def first_url(text: str) -> str | None:
    """The first http(s) address in a text; a UserError when it cannot be linked to."""
    match = _URL.search(text)
    if match is None:
        return None
    url = web_address(_without_sentence(match[0]))
    if url is not None and _is_cut_off(url):
        raise UserError(
            _(
                "I cannot take {url}: the name of a site has a dot in it. Perhaps a space has cut the address off; "
                "copy it once more from your browser."
            ).format(url=url)
        )
    if url is None:
        raise UserError(
            _(
                "I cannot take that address: it must be a plain http or https link of at most 2000 characters, without "
                "a password in it. Copy it once more from your browser."
            )
        )
    return url


def _beside_address(text: str) -> str:
    """What is said beside the first address; of a Markdown link its text."""
    beside = _LINKED.sub(lambda found: f" {found['text'] or ''} ", text, count=1).strip(_BETWEEN)
    return beside if ")" in beside else beside.lstrip("(")


def _without_sentence(url: str) -> str:
    """Without the punctuation of the sentence around it; a bracket that it opens itself is a part of it."""
    while url and (url[-1] in ".,;:!?*`~" or (url[-1] in ")]}" and url.count(url[-1]) > url.count(_OPENS[url[-1]]))):
        url = url[:-1]
    return url


def _is_cut_off(url: str) -> bool:
    """A site that others can open has a name with a dot in it, or is a number."""
    host = URL(url).host or ""
    return "." not in host.rstrip(".") and ":" not in host


def _licence(args: Args, beside: str) -> str | None:
    """An SPDX identifier.

    Args:
        beside: other words of the command, among which the rest of a licence in several words has gone.
    """
    code = args.options.get("licence")
    if code is None:
        return None
    known = licences.checked(code)
    if known is not None:
        return known
    near = _in_several_words(beside) if code.strip(QUOTES).upper() in {"CC", "CREATIVE"} else None
    near = near or licences.suggestion(code.strip(QUOTES))
    if near is not None:
        sentence = _("I do not know the licence “{code}”. Did you mean licence:{near}?")
        raise UserError(sentence.format(code=clean(code)[:40], near=near))
    raise UserError(
        _(
            "I do not know the licence “{code}”. Use its short name from spdx.org/licenses, for example "
            "licence:CC-BY-4.0 or licence:CC-BY-SA-4.0, or leave it out."
        ).format(code=clean(code)[:40])
    )


def _in_several_words(beside: str) -> str | None:
    """The licence of ``cc by sa``; of several readings the one that says most, so that no condition is lost."""
    starts = (match.start() for match in _REST_OF_LICENCE.finditer(beside))
    found = (licences.suggestion(f"cc {beside[start:]}") for start in starts)
    return max(filter(None, found), key=len, default=None)


def check_file(file: PostedFile, limit: int) -> None:
    """A UserError for a file that cannot be taken, as far as its event tells."""
    address_of(file)
    if file.size == 0:
        raise UserError(_("That file is empty: it holds not a single byte. Post it again, complete."))
    if file.size is not None and file.size > limit:
        raise too_large(limit)


def too_large(limit: int) -> UserError:
    """What is said of a file above the limit (bytes)."""
    return UserError(
        _(
            "That file is too large: I take up to {limit} MB. Make it smaller, or put it on the web and shelve its "
            "address."
        ).format(limit=limit // 1_000_000)
    )


def shelf_of(wish: Wish, viewer: Viewer, place: Place, seen: frozenset[Audience]) -> Shelf | None:
    """Where it is to be shelved; None when the person has to be asked.

    What is shelved in a room is for those who may come to read that room; in a room of roles it has to be said. In
    the direct chat one who is in no group is not asked.
    """
    here = _shelf_of_room(place)
    if wish.shelf is not None:
        return _chosen(wish.shelf, viewer, place, seen, here)
    if here is None and not place.is_direct:
        raise UserError(
            _("Who may read it? Here I can only take it for all members: say for:community. Else use our direct chat.")
        )
    if here is None and not viewer.groups:
        return Shelf(COMMUNITY, Audience("community"))
    return here


def audience_of(readers: str | None) -> Audience | None:
    """Who reads what is shelved in a room of these readers; None where it has to be said."""
    if group_of(readers) is not None:
        return Audience(readers or "")
    return Audience("community") if readers in {"community", "public"} else None


def _shelf_of_room(place: Place) -> Shelf | None:
    audience = audience_of(place.readers)
    if audience is not None:
        key = group_of(audience)
        return Shelf(group_scope(key) if key else COMMUNITY, audience)
    if place.readers is None and not place.is_direct:
        raise UserError(
            _("I shelve things in the community's own rooms and in our direct chat. Post it in one of them.")
        )
    return None


def _chosen(key: str, viewer: Viewer, place: Place, seen: frozenset[Audience], here: Shelf | None) -> Shelf:
    if key != "community" and key not in viewer.groups:
        mine = ", ".join(sorted(viewer.groups)) or _("none")
        raise UserError(
            _("You are in no group “{key}”. Say for:community or one of your groups: {groups}.").format(
                key=clean(key)[:40], groups=mine
            ),
            private=True,
        )
    shelf = Shelf(COMMUNITY, Audience("community"))
    if key != "community":
        shelf = Shelf(group_scope(key), Audience(f"group:{key}"))
    if shelf != here and shelf.audience not in seen and not place.is_direct:
        raise UserError(_("Others read along here. To shelve it for someone else, ask me in our direct chat."))
    return shelf


def retyped(wish: Wish) -> str:
    """The wish as arguments of ``library add``, without the shelf."""
    has_quotes = any(mark in wish.title for mark in MARKS)
    title = wish.title if has_quotes or not wish.title else f'"{wish.title}"'
    parts = [wish.url or "", title, *(f"#{tag}" for tag in wish.tags)]
    parts.append(f"lang:{wish.language}" if wish.language else "")
    parts.append(f"licence:{wish.licence or NO_LICENCE}" if wish.licence is not None else "")
    return " ".join(part for part in parts if part)
