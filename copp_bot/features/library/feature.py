"""Wires the library."""

from collections.abc import Mapping
from datetime import datetime

from sqlmodel import Session

from copp_bot.core.context import Effects
from copp_bot.core.feature import Core, Feature, FileOffer, ItemKind
from copp_bot.core.i18n import deferred
from copp_bot.core.ids import ItemId, Scope
from copp_bot.core.matrix.port import Edit
from copp_bot.core.reply import Reply
from copp_bot.features.library import adding, commands, edits, finding, service, store, tasks, web


def build(core: Core) -> Feature:
    """The feature, for ``app.FEATURES``."""
    adder = adding.adding(core)
    shown = web.built(core)

    def edited(effects: Effects, item_id: ItemId, edit: Edit) -> Reply | None:
        return edits.edited(effects, item_id, edit, adding.add_command(adder), core.settings.bot)

    return Feature(
        name="library",
        summary=deferred("Files and links that members share, found by every word inside them"),
        commands=commands.declare(core),
        offers=(FileOffer("library", service.ADD, adder.offer),),
        tasks=tasks.kinds(core),
        items=(ItemKind(finding.LETTER, store.KIND, service.forget_resource, edited),),
        permissions=commands.PERMISSIONS,
        indicators=indicators,
        pages=web.pages(shown),
        actions=web.actions(shown),
        panels=web.panels(shown),
    )


def indicators(session: Session, scope: Scope, start: datetime, end: datetime) -> Mapping[str, int]:
    """How many resources a scope got in a period."""
    return {"library.shelved": store.shelved_between(session, scope, start, end)}
