"""Someone is out of the community's space or of a group's: the roles they held there end with it."""

from dataclasses import dataclass

from copp_bot.core.context import Effects, Place
from copp_bot.core.feature import Core
from copp_bot.core.ids import group_of
from copp_bot.core.matrix.port import Membership
from copp_bot.core.people import ROOT_KEY
from copp_bot.core.store import people as people_store
from copp_bot.features.roles import notices, service, store


@dataclass(frozen=True)
class Left:
    """Handles memberships of spaces. Whoever comes back has no role until it is given again."""

    core: Core

    def __call__(self, effects: Effects, place: Place, change: Membership) -> None:
        """End the grants of someone who left or was removed."""
        if change.membership not in store.OUT or place.key is None:
            return
        policy = self.core.policy
        if place.key == ROOT_KEY:
            notices.tell_of_leaving(effects, self.core, service.end_outside(effects, policy))
            if people_store.grants(effects.session, change.user_id, effects.now):
                notices.tell_the_last(effects, self.core, change.user_id)
        elif place.key == group_of(place.scope):
            for ended in service.end_in_group(effects, policy, change.user_id, place.scope):
                notices.tell_ended(effects, self.core, ended)
