"""Wires the profile feature."""

from copp_bot.core.feature import Core, Feature
from copp_bot.core.i18n import deferred
from copp_bot.features.profile import commands, web


def build(core: Core) -> Feature:
    """The feature, for ``app.FEATURES``."""
    return Feature(
        name="profile",
        summary=deferred("Who you are to the others, and finding people"),
        commands=commands.declare(core),
        permissions={
            commands.EDIT: deferred("see and change one's own profile"),
            commands.FIND: deferred("find members by what interests them"),
            commands.WHO: deferred("read the profile of a member"),
        },
        pages=web.pages(core),
        actions=web.actions(core),
    )
