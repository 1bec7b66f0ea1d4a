"""Words that several features say alike: a scope, a number of people, a moment.

The rule it keeps: how many people did something is said in bands, because a small exact number points at someone.
"""

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from gettext import find
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime

from copp_bot.core.feature import RoomDirectory
from copp_bot.core.i18n import DEFAULT_LANGUAGE, LOCALES, current_language, ngettext
from copp_bot.core.i18n import gettext as _
from copp_bot.core.ids import Audience, group_of
from copp_bot.core.quotes import unquoted
from copp_bot.core.reply import Reply, code, say, shorten
from storage.search import MOST

LONGEST_QUERY = 60
"""Characters of what was searched for, in an answer."""
BANDS = ((50, "50+"), (20, "20–49"), (10, "10–19"), (5, "5–9"), (1, "1–4"))


def band(count: int) -> str:
    """How many people, roughly: none, 1–4, 5–9, 10–19, 20–49 or 50+."""
    return next((words for least, words in BANDS if count >= least), _("none"))


def scope_title(rooms: RoomDirectory, scope: str) -> str:
    """``the community``, or the group's title (its key when it is not declared any more)."""
    key = group_of(scope)
    if key is None:
        return _("the community")
    info = rooms.groups().get(key)
    return info.title if info else key


def audience_words(rooms: RoomDirectory, audience: Audience) -> str:
    """Who may read, in the middle of a sentence."""
    key = group_of(audience)
    if key is not None:
        info = rooms.groups().get(key)
        return _("the group “{title}”").format(title=info.title if info else key)
    if audience == "public":
        return _("everyone, member or not,")
    return _("all members of the community") if audience == "community" else _("you alone")


def group_titles(rooms: RoomDirectory, keys: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Groups by key with their titles."""
    known = rooms.groups()
    return tuple((key, known[key].title if key in known else key) for key in sorted(keys))


def for_readers_here(reply: Reply, is_direct: bool) -> Reply:
    """In a shared room always the same last line, whether or not there is more, so that it tells nothing."""
    if is_direct:
        return reply
    return reply.and_line(_("Only what everyone here may read is shown. Ask me in our direct chat to look further."))


def found_words(total: int, query: str, filters: str = "") -> str:
    """How many hits there are for a query; ``search.MOST`` means more than one counts. Without one, of the filters."""
    order = _("the best first") if query else _("the newest first")
    query = shorten(unquoted(query) or filters, LONGEST_QUERY)
    if total >= MOST:
        return _("More than {count} found for “{query}”, {order}.").format(count=MOST - 1, query=query, order=order)
    head = ngettext("{count} found for “{query}”.", "{count} found for “{query}”, {order}.", total)
    return head.format(count=total, query=query, order=order)


def nothing_words(query: str, filters: str, without: int, suggestions: Iterable[str]) -> str:
    """That nothing was found, and what there is else; empty filters and no suggestions say nothing more.

    Args:
        without: how many there are when the filters are left out.
    """
    said, is_phrase = shorten(unquoted(query) or filters, LONGEST_QUERY), query != unquoted(query)
    if without:
        none = _("Nothing here has “{query}” together with {filters}.").format(query=said, filters=filters)
        count = _("more than {count}").format(count=MOST - 1) if without >= MOST else str(without)
        there = ngettext(
            " Leave {filters} out and there is {count}.", " Leave {filters} out and there are {count}.", without
        )
        return none + there.format(filters=filters, count=count)
    is_one = is_phrase or " " not in said
    none = _("Nothing here has “{query}” in it.") if is_one else _("Nothing here has all of “{query}”.")
    near = ", ".join(suggestions)
    return none.format(query=said) + (_(" These words are there: {words}.").format(words=near) if near else "")


def nothing_more(first: str) -> Reply:
    """There is no such page. ``first`` is the command for the first one."""
    return say((_("There is nothing more. The first page: "), code(f"!{first}")))


def is_translated(language: str) -> bool:
    """Are the bot's own texts there in this language (ISO 639-1)?"""
    return language == DEFAULT_LANGUAGE or find("copp_bot", LOCALES, [language]) is not None


def text_language() -> str:
    """The language in which texts appear now: the reader's where there is a translation, else English."""
    language = current_language()
    return language if is_translated(language) else DEFAULT_LANGUAGE


def moment(at: datetime, zone: ZoneInfo) -> str:
    """Day and time on the reader's clock, spelled as the surrounding text is."""
    return format_datetime(at.astimezone(zone), "d MMM y, HH:mm", locale=text_language())


def ending(until: datetime | None, zone: ZoneInfo) -> str:
    """ " until …" on the reader's clock, the last day where all of it counts; nothing where there is no end."""
    if until is None:
        return ""
    there = until.astimezone(zone)
    if there.time() != time.min:
        return _(" until {when}").format(when=moment(until, zone))
    last = format_date(there.date() - timedelta(days=1), "d MMM y", locale=text_language())
    return _(" until {when}").format(when=last)


def role_words(name: str) -> str:
    """A role's name as people say it: ``lead steward``."""
    return name.replace("_", " ")
