"""The pages of groups: those one may know of, and who is in one's own."""

from dataclasses import dataclass

from copp_bot.core.feature import Action, Core, Page, Panel
from copp_bot.core.i18n import deferred
from copp_bot.core.store import people as people_store
from copp_bot.core.web.page import Deed, Redirect, View, Visit, Where
from copp_bot.core.words import band
from copp_bot.features.groups import asking, service
from copp_bot.features.groups.service import Asked, House

LIST, JOIN, MEMBERS = "groups.list", "groups.join", "groups.members"
GROUP = "/groups/{key:[a-z0-9-]{1,64}}"


@dataclass(frozen=True)
class Pages:
    """What the pages need beside their visit."""

    house: House

    def groups(self, visit: Visit) -> View:
        """The groups one may know of."""
        known = service.known(visit.session, self.house, visit.viewer, visit.place)
        values = {
            "mine": [(one.info, band(one.people)) for one in known if one.is_in],
            "others": [(one.info, band(one.people)) for one in known if not one.is_in],
            "may_ask": visit.may(JOIN),
        }
        return View("groups/groups.html", values)

    def mine(self, visit: Visit) -> View:
        """My groups, for the home page."""
        known = service.known(visit.session, self.house, visit.viewer, visit.place)
        return View("groups/mine.html", {"mine": [(one.info, band(one.people)) for one in known if one.is_in]})

    def group(self, visit: Visit) -> View:
        """A group's aim and its members, for its members."""
        info, users = service.members(visit.session, self.house, visit.viewer, visit.path["key"])
        names = people_store.names(visit.session, users)
        people = sorted(((user, names.get(user, user)) for user in users), key=lambda one: one[1].casefold())
        return View("groups/group.html", {"info": info, "people": people})

    def ask(self, deed: Deed) -> Redirect:
        """Ask to join; the request is put before the stewards."""
        info, asked = service.ask(deed.effects, self.house, deed.viewer, deed.path["key"])
        if asked is Asked.ASKED:
            asking.put_before_stewards(deed, deed.policy, self.house.rooms, info)
        return Redirect(f"/groups?done={asked.value}")


def pages(core: Core) -> tuple[Page, ...]:
    """The pages of this feature."""
    run = _run(core)
    return (Page("/groups", run.groups, LIST, deferred("Groups"), 20), Page(GROUP, run.group, MEMBERS))


def actions(core: Core) -> tuple[Action, ...]:
    """The changes of this feature."""
    run = _run(core)
    return (Action(f"{GROUP}/join", run.ask, JOIN, run.groups),)


def panels(core: Core) -> tuple[Panel, ...]:
    """What this feature adds to other pages."""
    return (Panel(Where.HOME, _run(core).mine),)


def _run(core: Core) -> Pages:
    return Pages(House(core.rooms, core.settings.bot))
