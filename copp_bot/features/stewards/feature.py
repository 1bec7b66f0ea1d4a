"""Wires the stewards feature."""

from copp_bot.core.feature import Core, Feature, MembershipHandler, TalkHandler
from copp_bot.core.i18n import deferred
from copp_bot.features.stewards import commands, events, jobs, service, unheard


def build(core: Core) -> Feature:
    """The feature, for ``app.FEATURES``."""
    return Feature(
        name="stewards",
        summary=deferred("The stewards' own work: duty, hand-over, the seven roles"),
        commands=commands.declare(core),
        permissions={
            service.SERVE: deferred("be on duty, hand over, and note what one did as a steward"),
            commands.TEAM: deferred("see who carries which of the seven roles"),
        },
        memberships=(MembershipHandler(events.Came(core.settings.bot)),),
        talk=(TalkHandler(unheard.said),),
        jobs=jobs.declare(core),
        redacted=events.redacted,
        forget=service.forget,
    )
