"""What a search or a list is narrowed down to: read as someone typed it, and said back.

The rule it keeps: filters take away and add nothing; a group that may not be named here has shared nothing, like one
that does not exist.
"""

from collections.abc import Collection
from datetime import UTC, date, datetime, time

from copp_bot.core.commands import mistakes
from copp_bot.core.commands.declare import Args
from copp_bot.core.days import in_iso_order
from copp_bot.core.describing import checked_language, checked_tags
from copp_bot.core.errors import NotFound, UserError
from copp_bot.core.feature import GroupInfo, RoomDirectory
from copp_bot.core.i18n import gettext as _
from copp_bot.core.ids import Audience, Scope, UserId, group_of, group_scope, user_id
from copp_bot.core.languages import language_name
from copp_bot.core.quotes import unquoted
from copp_bot.core.reply import clean, shorten
from copp_bot.core.store.items import Having
from storage.search.words import fold

LONGEST_NAME = 40
NO_SCOPE = Scope("none:")
"""Nobody's; what is said of a group that may not be named begins so."""


def having_of(
    args: Args,
    seen: Collection[Audience],
    rooms: RoomDirectory,
    server: str,
    *,
    kind: str | None = None,
    licence: str | None = None,
) -> Having:
    """What was typed; a UserError for what cannot be.

    Args:
        seen: the audiences that may be shown to whom asks, where they ask.
        server: of people who are named without theirs.
        kind: as it was read already, like ``licence`` (an SPDX identifier).
    """
    author, group, since = (args.options.get(name) for name in ("by", "group", "since"))
    return Having(
        tags=checked_tags(args.tags),
        language=checked_language(args.options.get("lang")),
        licence=licence,
        kind=kind,
        author=_person(author, server) if author else None,
        scope=_scope(meant(rooms, (), seen, group), seen, rooms) if group else None,
        since=_day(since) if since else None,
    )


def may_name(info: GroupInfo, seen: Collection[Audience]) -> bool:
    """May a group be spoken of where these audiences are shown?"""
    return (info.listed and Audience("community") in seen) or Audience(f"group:{info.key}") in seen


def meant(rooms: RoomDirectory, own: Collection[str], seen: Collection[Audience], said: str) -> str:
    """The key of the group that is named by key or title, where it may be spoken of; else what was said, as a key.

    Args:
        own: keys of the groups of whom asks; they may name them anywhere.
        seen: the audiences that may be shown to them, where they ask.

    Raises:
        NotFound: it is written much like such a group, which is named.
    """
    word = fold(unquoted(said))
    infos = [info for info in rooms.groups().values() if may_name(info, seen)]
    written = {fold(one): info.key for info in infos for one in (info.key, info.title)}
    if word in written or said.lower() in own:
        return written.get(word, said.lower())
    found = mistakes.near([word], written)
    if found is None:
        return said.lower()
    words = _("There is no group {key}. Did you mean {near}?")
    raise NotFound(words.format(key=shorten(said, LONGEST_NAME), near=written[found]))


def spoken(having: Having) -> str:
    """The filters as they may be typed again, with a space between them."""
    scope, since = having.scope or "", having.since
    said = (
        ("in", having.kind),
        ("lang", having.language),
        ("licence", having.licence),
        ("by", having.author),
        ("group", group_of(scope) or scope.removeprefix(NO_SCOPE)),
        ("since", since.date().isoformat() if since else None),
    )
    return " ".join((*(f"#{tag}" for tag in having.tags), *(f"{name}:{value}" for name, value in said if value)))


def in_words(having: Having, rooms: RoomDirectory) -> str:
    """The filters within a sentence, after what they are about, with a space before each.

    A group that may not be named here is called as it was typed, like one that does not exist.
    """
    scope = having.scope or ""
    key = group_of(scope) or scope.removeprefix(NO_SCOPE)
    info = rooms.groups().get(key) if group_of(scope) else None
    said = (
        *(f"#{tag}" for tag in having.tags),
        _("in {language}").format(language=language_name(having.language)) if having.language else "",
        _("under {licence}").format(licence=having.licence) if having.licence else "",
        _("by {person}").format(person=having.author) if having.author else "",
        _("of the group “{title}”").format(title=info.title if info else key) if key else "",
    )
    return "".join(f" {words}" for words in said if words)


def _person(said: str, server: str) -> UserId:
    return user_id("".join(clean(said).split()), server)


def _scope(key: str, seen: Collection[Audience], rooms: RoomDirectory) -> Scope:
    info = rooms.groups().get(key)
    if info is not None and may_name(info, seen):
        return group_scope(key)
    return Scope(NO_SCOPE + clean(key)[:LONGEST_NAME])


def _day(said: str) -> datetime:
    try:
        return datetime.combine(date.fromisoformat(in_iso_order(said)), time(), UTC)
    except ValueError:
        sentence = _("I do not know the day “{said}”. Write it like this: since:2027-01-31")
        raise UserError(sentence.format(said=clean(said)[:30])) from None
