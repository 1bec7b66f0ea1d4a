"""What people are told in their direct chat when a role of theirs begins or ends, in their language and zone."""

from collections.abc import Sequence

from copp_bot.core.context import Effects
from copp_bot.core.feature import Core
from copp_bot.core.i18n import reading_in
from copp_bot.core.ids import UserId
from copp_bot.core.readers import reader
from copp_bot.core.store import people as people_store
from copp_bot.core.store import rooms as rooms_store
from copp_bot.core.store import said as said_store
from copp_bot.features.roles import render
from copp_bot.features.roles.service import Change

SECRETARIAT = "secretariat"


def tell_granted(effects: Effects, core: Core, change: Change) -> None:
    """You have a role now."""
    who = reader(effects.session, change.user_id, core.rooms)
    with reading_in(who.language):
        effects.send(change.user_id, render.render_you_are(change, core.rooms, who.zone))


def tell_of_leaving(effects: Effects, core: Core, changes: Sequence[Change]) -> None:
    """To the Secretariat: who has left the community, and which roles have ended with it."""
    room = rooms_store.room_id(effects.session, SECRETARIAT)
    new = [change for change in changes if not said_store.was_told(effects.session, _about(change))]
    if room is None or not new:
        return
    names = people_store.names(effects.session, [change.user_id for change in new])
    with reading_in(core.rooms.language):
        shown = render.render_left(new, names, core.rooms, core.rooms.zone)
        effects.send(room, shown, about=[_about(change) for change in new])


def tell_the_last(effects: Effects, core: Core, user: UserId) -> None:
    """To the last person in charge, who has left the community and keeps the role; an ended account hears nothing."""
    if rooms_store.has_direct_chat(effects.session, user):
        with reading_in(reader(effects.session, user, core.rooms).language):
            effects.send(user, render.render_last(user))


def tell_ended(effects: Effects, core: Core, change: Change) -> None:
    """You have it no longer."""
    who = reader(effects.session, change.user_id, core.rooms)
    about = [_about(change)] if change.grant is not None else []
    if any(said_store.was_told(effects.session, key) for key in about):
        return
    with reading_in(who.language):
        effects.send(change.user_id, render.render_you_were(change, core.rooms, who.zone), about=about)


def _about(change: Change) -> str:
    return f"role-ended:{change.user_id}:{change.grant}"
