"""A member's own space with a blog room in it: declared by a fact in the database, made and kept like every other room.

The rules it keeps: the key follows from the owner, so that there is one space for each, also when the database was
lost; every member of the community may come in, and nobody else; the owner has a steward's power there.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace

from sqlmodel import Session

from copp_bot.core.i18n import gettext as _
from copp_bot.core.i18n import reading_in
from copp_bot.core.ids import COMMUNITY, OWN, RoomKey, UserId
from copp_bot.core.reply import shorten
from copp_bot.core.store import meta
from copp_bot.rooms.declared import ROOM, SPACE, Declaration, DeclaredRoom

PERSONAL = "rooms.personal:"
"""Name of the fact that declares the space of a key."""
PERSON, BLOG = "person", "blog"
LONGEST_NAME = 50
READERS = "community"


@dataclass(frozen=True)
class Personal:
    """Someone's own space; ``name`` is how they were called when it was declared."""

    owner: UserId
    name: str

    @property
    def key(self) -> RoomKey:
        """The key of the space."""
        return key_of(self.owner)

    @property
    def text(self) -> str:
        """As it is kept, and stands in the rooms' markers: JSON."""
        return json.dumps({PERSON: {"owner": self.owner, "name": self.name}}, ensure_ascii=False, sort_keys=True)


def key_of(owner: UserId) -> RoomKey:
    """The key of someone's own space: no key of a file can be like it, and the name of the account is not in it."""
    return RoomKey(f"{OWN}{hashlib.sha256(owner.encode()).hexdigest()[:16]}")


def blog_key(owner: UserId) -> RoomKey:
    """The key of someone's own blog room."""
    return RoomKey(f"{key_of(owner)}/{BLOG}")


def keep(session: Session, new: Personal) -> None:
    """Declare it from now on; one that is declared already stays as it is."""
    if meta.get(session, PERSONAL + new.key) is None:
        meta.put(session, PERSONAL + new.key, new.text)


def kept(session: Session) -> tuple[Personal, ...]:
    """Everyone's."""
    texts = meta.beginning(session, PERSONAL).values()
    return tuple(one for text in texts if (one := read(text)))


def read(text: str) -> Personal | None:
    """What was kept, or stands in a marker; None for anything else."""
    try:
        said = json.loads(text)[PERSON]
        return Personal(UserId(str(said["owner"])), str(said["name"]))
    except (ValueError, KeyError, TypeError):
        return None


def with_personal(declared: Declaration, personal: Iterable[Personal]) -> Declaration:
    """The declaration with these spaces and their blog rooms."""
    pairs = [rooms_of(one, declared.language) for one in personal]
    spaces, rooms = (tuple(pair[at] for pair in pairs) for at in (0, 1))
    return replace(declared, spaces=declared.spaces + spaces, rooms=declared.rooms + rooms)


def rooms_of(one: Personal, language: str) -> tuple[DeclaredRoom, DeclaredRoom]:
    """The space and the blog room, titled in the community's language."""
    name = shorten(one.name, LONGEST_NAME)
    with reading_in(language):
        space = DeclaredRoom(
            key=one.key,
            kind=SPACE,
            title=_("Space of {name}").format(name=name),
            topic=_("What {name} shares with the members of the community").format(name=name),
            purpose=_("A member's own space."),
            scope=COMMUNITY,
            readers=READERS,
            parent=None,
            is_given=False,
            opened=one.text,
            owner=one.owner,
        )
        room = replace(
            space,
            key=blog_key(one.owner),
            kind=ROOM,
            title=_("Blog of {name}").format(name=name),
            topic=_("Posts of {name}; the replies in their threads are the comments").format(name=name),
            purpose=_("A member's own blog room."),
            parent=one.key,
        )
    return space, room
