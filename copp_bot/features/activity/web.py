"""The closed week as a page."""

from dataclasses import dataclass

from copp_bot.core.feature import Core, Page, RoomDirectory
from copp_bot.core.i18n import deferred
from copp_bot.core.i18n import gettext as _
from copp_bot.core.web.page import View, Visit
from copp_bot.features.activity import render, service

READ = "activity.read"


@dataclass(frozen=True)
class Pages:
    """What the page needs beside its visit."""

    rooms: RoomDirectory

    def week(self, visit: Visit) -> View:
        """The last closed week in numbers."""
        reply = render.render_report(service.report(visit.session, self.rooms, visit.now), self.rooms)
        return View("core/report.html", {"heading": _("Activity"), "reply": reply})


def pages(core: Core) -> tuple[Page, ...]:
    """The pages of this feature."""
    return (Page("/activity", Pages(core.rooms).week, READ, deferred("Activity"), 50),)
