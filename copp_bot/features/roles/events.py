"""Someone is out of a group's space: the roles they held in that group alone end with it."""

from dataclasses import dataclass

from copp_bot.core.context import Effects, Place
from copp_bot.core.feature import Core
from copp_bot.core.ids import group_of
from copp_bot.core.matrix.port import Membership
from copp_bot.features.roles import notices, service

GONE = ("leave", "ban")


@dataclass(frozen=True)
class GroupLeft:
    """Handles memberships of group spaces; leaving the community needs nothing, grants count for members alone."""

    core: Core

    def __call__(self, effects: Effects, place: Place, change: Membership) -> None:
        """End the group's grants of someone who left or was removed."""
        if change.membership not in GONE or place.key is None or place.key != group_of(place.scope):
            return
        for ended in service.end_in_group(effects, self.core.policy, change.user_id, place.scope):
            notices.tell_ended(effects, self.core, ended)
