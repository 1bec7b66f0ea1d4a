"""Who reads an answer, and where: in which language, on which clock, and among whom."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlmodel import Session

from copp_bot.core import items
from copp_bot.core.context import Place
from copp_bot.core.feature import RoomDirectory
from copp_bot.core.ids import COMMUNITY, RoomId, UserId
from copp_bot.core.permissions import Viewer
from copp_bot.core.store import people, rooms


@dataclass(frozen=True)
class Reader:
    """Someone who is written to without having asked just now."""

    language: str
    zone: ZoneInfo


def reader(session: Session, user_id: UserId, community: RoomDirectory) -> Reader:
    """The person's language and zone, the community's where none is set."""
    row = people.get(session, user_id)
    language = row.language if row and row.language else community.language
    return Reader(language, ZoneInfo(row.timezone) if row and row.timezone else community.zone)


def place_among_members(session: Session, viewer: Viewer, place: Place, bot: UserId) -> Place:
    """The place itself where members alone read, else the viewer's direct chat: there the answer has to go."""
    if items.FOR_COMMUNITY in items.audiences(session, viewer, place, bot):
        return place
    return direct_place(session, viewer.user_id)


def direct_place(session: Session, user_id: UserId) -> Place:
    """The person's direct chat; the room id is empty while there is none, and nobody else reads in that."""
    room = rooms.direct_room(session, user_id) or RoomId("")
    return Place(room, None, COMMUNITY, f"direct:{user_id}", is_direct=True)
