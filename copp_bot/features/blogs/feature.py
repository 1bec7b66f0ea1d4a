"""Wires blogs."""

from collections.abc import Mapping
from datetime import datetime

from sqlmodel import Session

from copp_bot.core.context import Effects
from copp_bot.core.feature import Core, Feature, ItemKind, ThreadHandler
from copp_bot.core.i18n import deferred
from copp_bot.core.ids import ItemId, Scope
from copp_bot.core.matrix.port import Edit
from copp_bot.core.reply import Reply
from copp_bot.features.blogs import commands, edits, finding, render, service, store, tasks, writing
from copp_bot.features.blogs.publishing import Publisher


def build(core: Core) -> Feature:
    """The feature, for ``app.FEATURES``."""
    publisher = Publisher(core.rooms, core.settings.bot)
    write = writing.Writing(core.rooms, core.settings.bot, publisher)

    def edited(effects: Effects, item_id: ItemId, edit: Edit) -> Reply | None:
        return edits.post_edited(effects, item_id, edit, writing.new_command(write), publisher)

    return Feature(
        name="blogs",
        summary=deferred("What members write for each other, and the talk about it"),
        commands=commands.declare(core, write),
        threads=(ThreadHandler(store.KIND, service.comment),),
        reactions={render.PUBLISH: "blog new"},
        tasks=tasks.kinds(core),
        items=(
            ItemKind(finding.LETTER, store.KIND, service.forget_post, edited),
            ItemKind("", store.COMMENT, service.forget_comment, edits.comment_edited),
        ),
        permissions=commands.PERMISSIONS,
        indicators=indicators,
    )


def indicators(session: Session, scope: Scope, start: datetime, end: datetime) -> Mapping[str, int]:
    """How many posts a scope got in a period."""
    return {"blog.published": store.published_between(session, scope, start, end)}
