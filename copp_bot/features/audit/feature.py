"""Wires the audit feature."""

from copp_bot.core.feature import Core, Feature
from copp_bot.core.i18n import deferred
from copp_bot.features.audit import commands, web


def build(core: Core) -> Feature:
    """The feature, for ``app.FEATURES``."""
    return Feature(
        name="audit",
        summary=deferred("Who did what, where and when"),
        commands=commands.declare(core),
        permissions={commands.READ: deferred("read the trail of what was done")},
        pages=web.pages(core),
    )
