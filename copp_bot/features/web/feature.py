"""Wires the first pages and ``!web``."""

from copp_bot.core.feature import Core, Feature, MembershipHandler
from copp_bot.core.i18n import deferred
from copp_bot.core.web.sessions import SIGN_IN, forget
from copp_bot.features.web import commands, events, web


def build(core: Core) -> Feature:
    """The feature, for ``app.FEATURES``."""
    return Feature(
        name="web",
        summary=deferred("Pages for looking and clicking, beside the chat"),
        commands=commands.declare(core),
        memberships=(MembershipHandler(events.left),),
        forget=forget,
        permissions={SIGN_IN: deferred("sign in to the web pages")},
        pages=web.pages(core),
        actions=web.actions(),
        panels=web.panels(),
    )
