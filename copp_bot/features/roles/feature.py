"""Wires the roles feature."""

from copp_bot.core.feature import Core, Feature, MembershipHandler
from copp_bot.core.i18n import deferred
from copp_bot.features.roles import commands, events, jobs, tasks


def build(core: Core) -> Feature:
    """The feature, for ``app.FEATURES``."""
    return Feature(
        name="roles",
        summary=deferred("Who holds which role, where and until when"),
        commands=commands.declare(core),
        memberships=(MembershipHandler(events.Left(core)),),
        jobs=jobs.declare(core),
        tasks=tasks.declare(core),
        started=tasks.started,
        permissions={
            commands.GRANT: deferred("grant and revoke the roles that one's own role may grant"),
            commands.REVOKE: deferred("lay down one's own role, and take back those that one may grant"),
            commands.LIST: deferred("see who holds which role"),
        },
    )
