"""The front page, the home page of who is signed in, and where one is signed in."""

from dataclasses import dataclass

from copp_bot.core.errors import NotFound
from copp_bot.core.feature import Action, Core, Page, Panel, RoomDirectory
from copp_bot.core.i18n import current_language, deferred
from copp_bot.core.i18n import gettext as _
from copp_bot.core.permissions import how_to_come_in
from copp_bot.core.web import sessions
from copp_bot.core.web.agents import agent_words
from copp_bot.core.web.page import Deed, Redirect, View, Visit, Where
from copp_bot.core.web.sessions import SIGN_IN

FRONT = "front"
"""The declared text that says what the community is."""


@dataclass(frozen=True)
class Pages:
    """What the pages need beside their visit."""

    rooms: RoomDirectory

    def front(self, visit: Visit) -> View:
        """For everybody: what this is, how to join, and what is public."""
        values = {"about": self._about(), "how_to_join": how_to_come_in(visit.policy)}
        return View("web/front.html", values, Where.FRONT)

    def home(self, visit: Visit) -> View:
        """What is new and mine, by all features."""
        return View("web/home.html", {"name": visit.viewer.name or visit.viewer.user_id}, Where.HOME)

    def _about(self) -> str:
        try:
            return self.rooms.text(FRONT, current_language())
        except NotFound:
            return _("This community lives in Matrix rooms. Members sign in with any Matrix client.")


def pages(core: Core) -> tuple[Page, ...]:
    """The pages of this feature."""
    run = Pages(core.rooms)
    return (Page("/", run.front), Page(sessions.HOME, run.home, SIGN_IN, deferred("Home"), 0))


def panels() -> tuple[Panel, ...]:
    """What this feature adds to other pages."""
    return (Panel(Where.ME, _signed_in),)


def actions() -> tuple[Action, ...]:
    """The changes of this feature."""
    return (
        Action("/me/sessions/{session:[0-9]{1,12}}", _end, SIGN_IN, _to_me),
        Action("/me/sessions", _end_everywhere, SIGN_IN, _to_me),
    )


def _signed_in(visit: Visit) -> View:
    found = sessions.signed_in(visit.session, visit.viewer.user_id, visit.now)
    shown = [(one, agent_words(one.agent), one.session_id == visit.session_id) for one in found]
    return View("web/sessions.html", {"sessions": shown})


def _end(deed: Deed) -> Redirect:
    sessions.end(deed.session, deed.viewer.user_id, int(deed.path["session"]))
    return Redirect("/me?done=session")


def _end_everywhere(deed: Deed) -> Redirect:
    sessions.end_everywhere(deed.effects, deed.viewer.user_id)
    return Redirect("/")


def _to_me(visit: Visit) -> Redirect:
    return Redirect("/me")
