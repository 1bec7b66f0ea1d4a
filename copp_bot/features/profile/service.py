"""The rules of profiles.

What others learn of someone follows from ``findable`` and from membership, never from activity.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlmodel import Session

from copp_bot.core import items
from copp_bot.core.commands import mistakes
from copp_bot.core.context import Effects, Place
from copp_bot.core.errors import UserError
from copp_bot.core.i18n import gettext as _
from copp_bot.core.ids import UserId
from copp_bot.core.languages import find_language
from copp_bot.core.people import ROOT_KEY
from copp_bot.core.permissions import Viewer
from copp_bot.core.reply import clean, shorten
from copp_bot.core.store import items as items_store
from copp_bot.core.store import people as people_store
from copp_bot.core.store import rooms as rooms_store
from copp_bot.features.profile import store, zones
from storage.search.words import fold, sound

MOST_INTERESTS = 20
LONGEST_INTEREST = 60
MOST_FOUND = 20
SHARED_IN_ROOM, SHARED_IN_DIRECT = 4, 10
"""Things of someone that are named in a room, where an answer has eight lines, and in the direct chat."""
NONE = "none"
"""Said to empty the list of interests."""


@dataclass(frozen=True)
class Profile:
    """Someone's own entries."""

    user_id: UserId
    name: str | None
    language: str | None
    timezone: str | None
    interests: tuple[str, ...]
    is_findable: bool


@dataclass(frozen=True)
class Shared:
    """A thing someone shared, as far as it may be shown."""

    row_id: int
    kind: str
    number: int
    title: str


def profile(session: Session, user_id: UserId) -> Profile:
    """The person's entries; a person never met has none and may be found."""
    row = people_store.get(session, user_id)
    interests = tuple(interest.word for interest in people_store.interests(session, user_id))
    if row is None:
        return Profile(user_id, None, None, None, interests, True)
    return Profile(user_id, row.display_name, row.language, row.timezone, interests, row.findable)


def set_language(effects: Effects, user_id: UserId, said: str) -> str:
    """Set the language; returns its code. Raises UserError for one that does not exist."""
    code = find_language(said)
    people_store.ensure(effects.session, user_id, effects.now).language = code
    return code


def set_timezone(effects: Effects, user_id: UserId, said: str) -> tuple[str, ...]:
    """Set the zone when it is clear which is meant, and return it; else return the zones that may be meant."""
    found = zones.find_zones(said)
    if not found:
        raise UserError(
            _(
                "I know no time zone “{said}”. Say a large city of your zone or its IANA name, "
                "for example !me timezone Europe/Paris."
            ).format(said=shorten(said, 40))
        )
    if len(found) == 1 and zones.is_exact(said, found[0]):
        people_store.ensure(effects.session, user_id, effects.now).timezone = found[0]
    return found


def set_interests(effects: Effects, user_id: UserId, said: str) -> tuple[str, ...]:
    """Replace the interests by those said, separated by commas; returns them as stored."""
    words = {} if fold(said.strip()) == NONE else _interests(said)
    people_store.ensure(effects.session, user_id, effects.now)
    people_store.replace_interests(effects.session, user_id, words)
    return tuple(words[key] for key in sorted(words))


def set_findable(effects: Effects, user_id: UserId, findable: bool) -> None:
    """May others find this person?"""
    people_store.ensure(effects.session, user_id, effects.now).findable = findable


def find(session: Session, viewer: Viewer, interest: str, bot: UserId) -> Sequence[store.Found]:
    """Members who wish to be found and have this interest, without the one who asks."""
    folded = fold_interest(interest)
    if not folded:
        raise UserError(_("Which interest? For example: !find drama"))
    root = rooms_store.room_id(session, ROOT_KEY)
    return store.by_interest(session, folded, root, (viewer.user_id, bot), MOST_FOUND) if root else ()


def near_interest(session: Session, viewer: Viewer, interest: str, bot: UserId) -> str | None:
    """An interest that others have and that is written much like this one."""
    root = rooms_store.room_id(session, ROOT_KEY)
    known = store.interests(session, root, (viewer.user_id, bot)) if root else ()
    return mistakes.near([fold_interest(interest)], known)


def who(session: Session, user_id: UserId, bot: UserId) -> Profile | None:
    """A member's profile; None alike for who does not wish to be found, is no member, or does not exist."""
    root = rooms_store.room_id(session, ROOT_KEY)
    if user_id == bot or not rooms_store.is_joined(session, root, user_id):
        return None
    found = profile(session, user_id)
    return found if found.is_findable else None


def shared(
    session: Session, viewer: Viewer, place: Place, author: UserId, bot: UserId, kinds: Collection[str]
) -> tuple[Shared, ...]:
    """The newest things of an author that may be shown to this viewer at this place; what is private is not shared.

    Args:
        kinds: the kinds of things that are named.
    """
    seen = {one for one in items.audiences(session, viewer, place, bot) if not one.startswith("private:")}
    limit = SHARED_IN_DIRECT if place.is_direct else SHARED_IN_ROOM
    rows = items_store.by_author(session, seen, author, limit, kinds)
    return tuple(Shared(row.id or 0, row.kind, row.number, row.title) for row in rows)


def fold_interest(word: str) -> str:
    """An interest as it is compared: without case, accents, hash sign and extra spaces."""
    return " ".join(fold(_plain(word)).split())


def _interests(said: str) -> dict[str, str]:
    parts = said.replace(";", ",").replace("\n", ",").split(",")
    words = {fold_interest(part): _plain(part) for part in reversed(parts)}
    words.pop("", None)
    if not words:
        raise UserError(_("Which interests? Separate them by commas: !me interests drama, assessment"))
    if len(words) > MOST_INTERESTS:
        raise UserError(
            _("At most {most} interests, please: the ones you want to be found by.").format(most=MOST_INTERESTS)
        )
    if any(len(word) > LONGEST_INTEREST for word in words.values()):
        raise UserError(
            _("An interest has at most {most} characters. Separate them by commas.").format(most=LONGEST_INTEREST)
        )
    return words


def _plain(word: str) -> str:
    """Without quotes, hash sign and what cannot be seen."""
    return " ".join(sound(clean(word)).strip('#"“”«» ').split())
