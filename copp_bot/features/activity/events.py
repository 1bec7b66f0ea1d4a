"""Counts who joins the community's and the groups' spaces, as sums."""

from dataclasses import dataclass

from copp_bot.core.context import Effects, Place
from copp_bot.core.ids import UserId, group_of
from copp_bot.core.matrix.port import Membership
from copp_bot.core.people import ROOT_KEY
from copp_bot.features.activity.service import JOINS


@dataclass(frozen=True)
class Joined:
    """Handles memberships of spaces."""

    bot: UserId

    def __call__(self, effects: Effects, place: Place, change: Membership) -> None:
        """A person came into a space; a changed name or avatar is no arrival."""
        is_space = place.key == ROOT_KEY or (place.key is not None and place.key == group_of(place.scope))
        if is_space and change.membership == "join" and change.was != "join" and change.user_id != self.bot:
            effects.count(JOINS, place.scope)
