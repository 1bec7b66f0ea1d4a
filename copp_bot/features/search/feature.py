"""Wires the search."""

from copp_bot.core.feature import Core, Feature
from copp_bot.core.i18n import deferred
from copp_bot.features.search import commands


def build(core: Core) -> Feature:
    """The feature, for ``app.FEATURES``."""
    return Feature(
        name="search",
        summary=deferred("One search over everything that members share"),
        commands=commands.declare(core),
        permissions={commands.SEARCH: deferred("search through everything that was shared")},
    )
