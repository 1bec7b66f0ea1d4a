"""What people are told in their direct chat when a role of theirs begins or ends, in their language and zone."""

from copp_bot.core.context import Effects
from copp_bot.core.feature import Core
from copp_bot.core.i18n import reading_in
from copp_bot.core.readers import reader
from copp_bot.core.store import said as said_store
from copp_bot.features.roles import render
from copp_bot.features.roles.service import Change


def tell_granted(effects: Effects, core: Core, change: Change) -> None:
    """You have a role now."""
    who = reader(effects.session, change.user_id, core.rooms)
    with reading_in(who.language):
        effects.send(change.user_id, render.render_you_are(change, core.rooms, who.zone))


def tell_ended(effects: Effects, core: Core, change: Change) -> None:
    """You have it no longer."""
    who = reader(effects.session, change.user_id, core.rooms)
    about = [f"role-ended:{change.user_id}:{change.grant}"] if change.grant is not None else []
    if any(said_store.was_told(effects.session, key) for key in about):
        return
    with reading_in(who.language):
        effects.send(change.user_id, render.render_you_were(change, core.rooms, who.zone), about=about)
