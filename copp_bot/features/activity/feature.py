"""Wires the activity feature."""

from copp_bot.core.feature import Core, Feature, MembershipHandler
from copp_bot.core.i18n import deferred
from copp_bot.features.activity import commands, events, jobs, web


def build(core: Core) -> Feature:
    """The feature, for ``app.FEATURES``."""
    return Feature(
        name="activity",
        summary=deferred("The week in numbers"),
        commands=commands.declare(core),
        memberships=(MembershipHandler(events.Joined(core.settings.bot)),),
        jobs=jobs.declare(core),
        permissions={commands.READ: deferred("read the activity report")},
        pages=web.pages(core),
    )
