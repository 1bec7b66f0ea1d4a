"""Wires the rooms feature."""

from copp_bot.core.feature import Core, Feature, MembershipHandler, StateHandler
from copp_bot.core.i18n import deferred
from copp_bot.features.rooms import commands, events, jobs, service, tasks
from copp_bot.rooms.declared import declared_rooms


def build(core: Core) -> Feature:
    """The feature, for ``app.FEATURES``. ``core.rooms`` must be ``Declaration.directory()``."""
    rooms = declared_rooms(core.rooms)
    return Feature(
        name="rooms",
        summary=deferred("The declared rooms, and people in the rooms they belong to"),
        commands=commands.declare(),
        memberships=(MembershipHandler(events.MembershipChanged(rooms, core.settings.bot)),),
        states=(StateHandler(events.RoomChanged(rooms)),),
        jobs=jobs.declare(core, rooms),
        tasks=tasks.declare(core, rooms),
        started=service.look,
        restored=service.restored,
        permissions={
            commands.PLAN: deferred("compare the declared rooms with the homeserver"),
            commands.APPLY: deferred("make the homeserver's rooms as declared"),
        },
    )
