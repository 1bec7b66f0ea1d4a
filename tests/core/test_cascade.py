"""What is taken back takes its edits with it: a redacted message's edits would still carry the text."""

import asyncio
from collections.abc import Callable
from typing import Any

from copp_bot.app import App
from copp_bot.core import items
from copp_bot.core.commands.declare import Args
from copp_bot.core.context import Context, TaskEffect
from copp_bot.core.feature import TaskKind
from copp_bot.core.ids import COMMUNITY, Audience
from copp_bot.core.items import NewItem
from copp_bot.core.reply import Reply, say
from copp_bot.core.store import items as item_store
from tests.core.conftest import Stage
from tests.core.rig import text_command
from tests.world import WAIT_SECONDS


def slow(context: Context, args: Args) -> Reply:
    """Answer at once; a task edits the answer."""
    context.effects.task("test.finish", {"txn": context.answer, "text": args.text("text")})
    return say(f"working on {args.text('text')}")


def share(context: Context, args: Args) -> Reply:
    """Share a text; a task shows it in an edit of the answer."""
    title = args.text("text")
    new = NewItem("test", COMMUNITY, Audience("community"), context.viewer.user_id, title)
    item = items.create(context.effects, new)
    context.effects.task("test.show", {"txn": context.answer, "item": items.row_id(item), "text": title})
    return say("one moment")


def withdraw(context: Context, _args: Args) -> Reply:
    """Withdraw everything of the viewer."""
    for item in item_store.by_author(context.session, [Audience("community")], context.viewer.user_id, 10):
        items.withdraw(context.effects, item, context.viewer.user_id)
    return say("withdrawn")


async def finish(payload: dict[str, Any]) -> TaskEffect:
    """Edit the answer."""
    shown = (payload["item"],) if "item" in payload else ()

    def effect(effects: Any) -> None:
        effects.edit(payload["txn"], say(f"done {payload['text']}", items=shown))

    return effect


def prepare(stage: Stage) -> None:
    """The commands and tasks above."""
    stage.rig.extra = (text_command("slow", slow), text_command("share", share), text_command("withdraw", withdraw))

    def with_tasks(app: App) -> None:
        kinds = {kind: TaskKind(kind, finish) for kind in ("test.finish", "test.show")}
        app.tasks._kinds = {**app.tasks._kinds, **kinds}

    stage.rig.edit_app = with_tasks


def says(stage: Stage, text: str) -> bool:
    """Does any event of the bot carry this text?"""
    return any(raw["sender"] == stage.bot and text in str(raw["content"]) for _room, raw in stage.matrix.sent)


async def until(app: App, holds: Callable[[], bool]) -> None:
    """Wait for what the bot will do."""
    async with asyncio.timeout(WAIT_SECONDS):
        while not holds():
            await app.database.write(lambda _session: None)


async def test_a_redacted_commands_answer_goes_with_what_tasks_made_of_it(stage: Stage) -> None:
    prepare(stage)
    async with stage.rig.bot() as app:
        event = await stage.anna.say(stage.coffee, "!slow xylophone")
        await until(app, lambda: says(stage, "done xylophone"))
        await stage.anna.redact(stage.coffee, event)
        await until(app, lambda: not says(stage, "xylophone"))


async def test_a_withdrawn_items_messages_go_with_their_edits(stage: Stage) -> None:
    prepare(stage)
    async with stage.rig.bot() as app:
        await stage.anna.say(stage.coffee, "!share xylophone")
        await until(app, lambda: says(stage, "done xylophone"))
        await stage.anna.say(stage.coffee, "!withdraw")
        await until(app, lambda: says(stage, "withdrawn"))
        await until(app, lambda: not says(stage, "xylophone"))
