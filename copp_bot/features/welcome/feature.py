"""Wires the welcome feature."""

from copp_bot.core.feature import Core, Feature
from copp_bot.core.i18n import deferred
from copp_bot.features.welcome import jobs


def build(core: Core) -> Feature:
    """The feature, for ``app.FEATURES``."""
    return Feature(name="welcome", summary=deferred("Greeting those who have come"), jobs=jobs.declare(core))
