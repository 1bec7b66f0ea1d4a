"""The bot is cut off at any moment, and starts again on what it had written: each command has exactly one answer.

It is cut off at seeded points among its awaits; ``tests/rigs`` kills a real process.
"""

import asyncio
import random
from collections import Counter
from contextlib import suppress

import pytest

from copp_bot.app import App
from copp_bot.core import backoff
from copp_bot.core.commands.declare import Args
from copp_bot.core.context import Context
from copp_bot.core.feature import TaskKind
from copp_bot.core.reply import Reply, say
from tests.core.conftest import Stage
from tests.core.rig import answer_to, text_command

LIVES = 40
"""How often the bot is cut off in one test."""
COMMANDS = 30


def note(context: Context, args: Args) -> Reply:
    """Answer at once, write to the asker's direct chat, and finish by a task that edits the answer."""
    payload = {"txn": context.answer, "text": args.text("text")}
    context.effects.task("test.finish", payload)
    context.effects.send(context.viewer.user_id, say(f"private {args.text('text')}"))
    return say(f"working on {args.text('text')}")


def with_task(app: App) -> None:
    """Give the bot the task that ``note`` writes."""

    async def finish(payload: dict[str, str]) -> object:
        await app.homeserver.profile_name(app.settings.bot)
        return lambda effects: effects.edit(payload["txn"], say(f"done {payload['text']}"))

    app.tasks._kinds = {**app.tasks._kinds, "test.finish": TaskKind("test.finish", finish)}  # type: ignore[arg-type]


async def one_life(stage: Stage, steps: int) -> None:
    """Run the bot for so many turns of the event loop, then cut it off wherever it stands."""
    app = stage.rig.app()
    work = asyncio.create_task(app.run())
    for _ in range(steps):
        await asyncio.sleep(0)
        if work.done():
            work.result()
    work.cancel()
    with suppress(asyncio.CancelledError):
        await work
    app.database.close()


@pytest.mark.parametrize("seed", range(4))
async def test_cut_off_at_any_moment_each_command_has_one_answer(
    stage: Stage, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backoff, "FIRST", 0.0)  # what waits for a second try is not settled
    chance = random.Random(seed)
    stage.rig.extra = (text_command("note", note),)
    stage.rig.edit_app = with_task
    async with stage.rig.bot():
        pass
    events: list[str] = []
    for life in range(LIVES):
        while len(events) < COMMANDS * (life + 1) // LIVES:
            person = stage.anna if len(events) % 2 else stage.ben
            events.append(await person.say(stage.coffee, f"!note {len(events)}"))
        if chance.random() < 0.3:
            stage.matrix.drop_response_next(chance.choice(["send", "send", "create_room", "sync", "profile_name"]))
        await one_life(stage, int(chance.expovariate(1 / 900)))
    async with stage.rig.bot() as app:
        fence = await stage.ben.say(stage.coffee, "!note fence")
        await answer_to(stage.ben, stage.coffee, fence, stage.bot)
        async with asyncio.timeout(20):
            await app.settled()
    assert [stage.replies(event) for event in events] == [[f"working on {n}"] for n in range(COMMANDS)]
    edits = Counter(said(stage, "m.replace"))
    assert edits == Counter([f"done {n}" for n in range(COMMANDS)] + ["done fence"])
    private = Counter(body for body in said(stage, None) if body.startswith("private"))
    assert private == Counter([f"private {n}" for n in range(COMMANDS)] + ["private fence"])
    directs = [room for room in stage.matrix.rooms.values() if ("org.copp_bot.room", "") in room.state]
    owners = Counter(room.state["org.copp_bot.room", ""]["content"].get("person") for room in directs)
    assert all(count == 1 for person, count in owners.items() if person)


def said(stage: Stage, relation: str | None) -> list[str]:
    """Bodies of the bot's messages of a relation, edits with their new text."""
    found = []
    for _room, raw in stage.matrix.sent:
        content = raw["content"]
        if raw["sender"] != stage.bot or raw["type"] != "m.room.message":
            continue
        if content.get("m.relates_to", {}).get("rel_type") == relation:
            found.append(str(content.get("m.new_content", content)["body"]))
    return found
