"""Wires the meetings."""

from collections.abc import Mapping
from datetime import datetime

from sqlmodel import Session

from copp_bot.core.context import Effects
from copp_bot.core.feature import Core, Feature, ItemKind
from copp_bot.core.i18n import deferred
from copp_bot.core.ids import ItemId, Scope, UserId
from copp_bot.core.matrix.port import Edit
from copp_bot.core.reply import Reply
from copp_bot.features.meetings import commands, edits, jobs, service, store


def build(core: Core) -> Feature:
    """The feature, for ``app.FEATURES``."""

    def edited(effects: Effects, item_id: ItemId, edit: Edit) -> Reply | None:
        return edits.edited(effects, item_id, edit, core)

    def withdrawn(effects: Effects, item_id: ItemId) -> None:
        edits.withdrawn(effects, item_id, core)

    return Feature(
        name="meetings",
        summary=deferred("Meetings, in everyone's own time"),
        commands=commands.declare(core),
        jobs=jobs.declare(core),
        items=(ItemKind(service.LETTER, store.KIND, withdrawn, edited),),
        permissions=commands.PERMISSIONS,
        indicators=indicators,
        forget=forget,
    )


def indicators(session: Session, scope: Scope, start: datetime, end: datetime) -> Mapping[str, int]:
    """How many meetings a scope planned in a period."""
    return {"meetings.planned": store.planned_between(session, scope, start, end)}


def forget(effects: Effects, user_id: UserId) -> None:
    """What a person has answered."""
    store.forget_person(effects.session, user_id)
