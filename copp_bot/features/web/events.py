"""Whoever leaves the community is signed out of its pages."""

from copp_bot.core.context import Effects, Place
from copp_bot.core.matrix.port import Membership
from copp_bot.core.people import ROOT_KEY
from copp_bot.core.web import sessions


def left(effects: Effects, place: Place, event: Membership) -> None:
    """End every session and link of who is not in the root space any more."""
    if place.key == ROOT_KEY and event.membership != "join":
        sessions.end_everywhere(effects, event.user_id)
