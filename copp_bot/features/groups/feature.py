"""Wires the groups feature."""

from copp_bot.core.feature import Core, Feature, MembershipHandler
from copp_bot.core.i18n import deferred
from copp_bot.features.groups import asking, commands, jobs, opening, service, tasks, web


def build(core: Core) -> Feature:
    """The feature, for ``app.FEATURES``."""
    return Feature(
        name="groups",
        summary=deferred("Group spaces: which there are, joining, leaving, bringing people in"),
        commands=commands.declare(core),
        jobs=jobs.declare(core),
        tasks=tasks.declare(core),
        permissions={
            commands.LIST: deferred("see which groups there are"),
            commands.JOIN: deferred("ask to join a group"),
            commands.LEAVE: deferred("leave a group"),
            commands.MEMBERS: deferred("see who is in one's group"),
            commands.INVITE: deferred("bring people into a group or the community"),
            commands.ACCEPT: deferred("decide on requests to join a group"),
            opening.NEW: deferred("open groups and topical rooms"),
            opening.CLOSE: deferred("close groups and topical rooms, and open them again"),
        },
        memberships=(MembershipHandler(asking.CameOrWent(service.House(core.rooms, core.settings.bot))),),
        redacted=service.taken_back,
        pages=web.pages(core),
        actions=web.actions(core),
        panels=web.panels(core),
    )
