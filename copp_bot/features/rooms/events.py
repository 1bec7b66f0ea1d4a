"""Someone joined or left a room: whether they belong there, and into the others, is looked at once. Someone changed a
room: it is looked at.
"""

from dataclasses import dataclass

from copp_bot.core.context import Effects, Place
from copp_bot.core.ids import UserId
from copp_bot.core.matrix.port import Membership, State
from copp_bot.features.rooms import service
from copp_bot.rooms import by_role
from copp_bot.rooms.declared import DeclaredRooms
from copp_bot.rooms.state import TOMBSTONE

PUT_OUT = {"leave": "rooms.kicked", "ban": "rooms.banned"}
"""What the trail calls it when somebody puts somebody else out of a room, by a client's button."""


@dataclass(frozen=True)
class MembershipChanged:
    """A membership handler. What it misses, the job of every minute finds."""

    rooms: DeclaredRooms
    bot: UserId

    def __call__(self, effects: Effects, place: Place, membership: Membership) -> None:
        """Write the moves of this person, if the room is one of ours."""
        declared = self.rooms.declaration
        if declared.room(place.key) is None or membership.user_id == self.bot:
            return
        is_by_another = membership.sender not in (membership.user_id, self.bot)
        is_wanted = membership.membership == "invite" and is_by_another
        if membership.membership == "leave" or is_wanted:
            by_role.forget(effects.session, membership.user_id, membership.room_id)
        act = PUT_OUT.get(membership.membership)
        if act is not None and is_by_another and membership.was not in ("invite", "knock"):
            effects.audit(act, place.scope, actor=membership.sender, target=membership.user_id)
        service.move(effects, declared, self.bot, [membership.user_id])


@dataclass(frozen=True)
class RoomChanged:
    """A state handler. What it misses, the look of every hour finds."""

    rooms: DeclaredRooms

    def __call__(self, effects: Effects, place: Place, event: State) -> None:
        """Have what was changed looked at; a room that was replaced, with all that hangs on it."""
        if place.key is None or self.rooms.declaration.room(place.key) is None:
            return
        if event.type == TOMBSTONE:
            service.look(effects)
        else:
            service.mend(effects, service.Drift(place.key, event.type, event.state_key), event.event_id)
