"""Wires journals."""

from copp_bot.core.context import Effects
from copp_bot.core.feature import Core, Feature, ItemKind
from copp_bot.core.i18n import deferred
from copp_bot.core.ids import ItemId
from copp_bot.core.matrix.port import Edit
from copp_bot.core.reply import Reply
from copp_bot.features.journal import commands, edits
from copp_bot.features.journal.service import KIND, LETTER, WRITE


def build(core: Core) -> Feature:
    """The feature, for ``app.FEATURES``."""

    def edited(effects: Effects, item_id: ItemId, edit: Edit) -> Reply | None:
        return edits.edited(effects, item_id, edit, core.settings.bot)

    return Feature(
        name="journal",
        summary=deferred("What you write for yourself alone"),
        commands=commands.declare(),
        items=(ItemKind(LETTER, KIND, _nothing_more, edited),),
        permissions={WRITE: deferred("keep a journal")},
    )


def _nothing_more(_effects: Effects, _item_id: ItemId) -> None:
    """An entry has nothing besides what every item has."""
