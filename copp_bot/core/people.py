"""Who someone is to the house: standing and groups follow Matrix membership, roles follow grants."""

from collections.abc import Collection
from datetime import datetime

from sqlmodel import Session

from copp_bot.core.ids import OWN, RoomKey, UserId
from copp_bot.core.permissions import Standing, Viewer
from copp_bot.core.store import people as people_store
from copp_bot.core.store import rooms as rooms_store
from copp_bot.core.store.rooms import RoomKind

ROOT_KEY = RoomKey("root")
RECEPTION_KEY = RoomKey("reception")


def load_viewer(session: Session, user_id: UserId, now: datetime) -> Viewer:
    """The person as of the running transaction."""
    keys = rooms_store.joined_keys(session, user_id)
    spaces = {key for key, kind in keys.items() if kind is RoomKind.SPACE}
    profile = people_store.get(session, user_id)
    return Viewer(
        user_id=user_id,
        standing=_standing(keys),
        groups=frozenset(key for key in spaces if key != ROOT_KEY and not key.startswith(OWN))
        if ROOT_KEY in spaces
        else frozenset(),
        grants=people_store.grants(session, user_id, now) if ROOT_KEY in spaces else (),
        name=profile.display_name if profile else None,
        language=profile.language if profile else None,
        timezone=profile.timezone if profile else None,
    )


def _standing(keys: Collection[RoomKey]) -> Standing:
    if ROOT_KEY in keys:
        return Standing.MEMBER
    return Standing.NEWCOMER if RECEPTION_KEY in keys else Standing.OUTSIDER
