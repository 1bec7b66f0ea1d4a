"""The trail as a page."""

from dataclasses import dataclass

from copp_bot.core.feature import Core, Page, RoomDirectory
from copp_bot.core.i18n import deferred
from copp_bot.core.i18n import gettext as _
from copp_bot.core.web.page import View, Visit
from copp_bot.features.audit import render, store
from copp_bot.features.audit.store import LOOKED_AT

READ = "audit.read"


@dataclass(frozen=True)
class Pages:
    """What the page needs beside its visit."""

    rooms: RoomDirectory

    def trail(self, visit: Visit) -> View:
        """The newest entries of all."""
        reply = render.render_trail(store.newest(visit.session, LOOKED_AT), self.rooms, visit.zone, 1, "!audit page:2")
        return View("core/report.html", {"heading": _("Who did what"), "reply": reply})


def pages(core: Core) -> tuple[Page, ...]:
    """The pages of this feature."""
    return (Page("/audit", Pages(core.rooms).trail, READ, deferred("Trail"), 60),)
