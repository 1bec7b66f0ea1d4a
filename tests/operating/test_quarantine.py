"""What made a handler fail: listed without a word of it, put back for the running bot, or dropped."""

import asyncio

import pytest
from sqlmodel import Session

from copp_bot import app as app_module
from copp_bot.core.commands.declare import Args
from copp_bot.core.context import Context
from copp_bot.core.errors import SetupError
from copp_bot.core.logs import ref_of
from copp_bot.core.reply import Reply, say
from copp_bot.core.store import inbox
from copp_bot.core.store.inbox import InboxState
from copp_bot.operating import quarantine
from copp_bot.operating.database import when_done
from tests.core.conftest import Stage
from tests.core.rig import answer_to, text_command
from tests.world import WAIT_SECONDS

SECRET = "Zwetschgenknödel"


class Command:
    """A handler with a mistake that is mended later."""

    def __init__(self) -> None:
        self.is_mended = False

    def __call__(self, _context: Context, args: Args) -> Reply:
        """Fail, or do it."""
        if not self.is_mended:
            raise KeyError(args.text("text"))
        return say(f"done {args.text('text')}")


@pytest.fixture
def broken(stage: Stage) -> Command:
    """The command ``!break``, which fails until it is mended."""
    made = Command()
    stage.rig.extra = (text_command("break", made),)
    return made


async def fail(stage: Stage, count: int = 1) -> list[str]:
    """So many commands go wrong."""
    events = []
    for number in range(count):
        events.append(await stage.anna.say(stage.coffee, f"!break {SECRET}{number}"))
        await answer_to(stage.anna, stage.coffee, events[-1], stage.bot)
    return events


async def test_the_list_tells_everything_but_what_was_said(stage: Stage, broken: Command) -> None:
    async with stage.rig.bot():
        (event,) = await fail(stage)
        (entry,) = await quarantine.entries(stage.rig.settings)  # beside the running bot
    assert entry.ref == ref_of(event)
    assert (entry.room, entry.kind, entry.reason) == ("coffee-shop", "message", "KeyError")
    assert SECRET not in str(entry)


async def test_put_back_the_running_bot_does_it_and_answers(
    stage: Stage, broken: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app_module, "WISHES_SECONDS", 0.05)
    async with stage.rig.bot() as app:
        first, second = await fail(stage, 2)
        broken.is_mended = True
        assert await quarantine.retry(stage.rig.settings, [ref_of(second)]) == 1
        async with asyncio.timeout(WAIT_SECONDS):
            while len(stage.replies(second)) < 2:
                await stage.matrix.changed()
        await app.settled()
        assert await app.database.read(lambda session: inbox.count(session, InboxState.QUARANTINED)) == 1
    assert len(stage.replies(first)) == 1
    apology, answer = stage.replies(second)
    assert "went wrong" in apology and answer == f"done {SECRET}1"


async def test_put_back_while_the_bot_is_off_it_is_done_at_the_next_start(stage: Stage, broken: Command) -> None:
    async with stage.rig.bot():
        (event,) = await fail(stage)
    assert "next start" in when_done(stage.rig.settings)
    await quarantine.retry(stage.rig.settings, [])
    async with stage.rig.bot() as app:  # still broken: it comes back, with a second apology
        await app.settled()
        assert len(await quarantine.entries(stage.rig.settings)) == 1
    broken.is_mended = True
    await quarantine.retry(stage.rig.settings, [])
    async with stage.rig.bot() as app:
        await app.settled()
    assert [text.split(" ")[0] for text in stage.replies(event)] == ["Something", "Something", "done"]


async def test_dropped_it_is_empty_and_stays_away(stage: Stage, broken: Command) -> None:
    def body(session: Session) -> object:
        row = inbox.by_event(session, event)
        return row and (row.state, row.body)

    async with stage.rig.bot() as app:
        (event,) = await fail(stage)
        assert await quarantine.drop(stage.rig.settings, [ref_of(event)]) == 1
        assert await app.database.read(body) == (InboxState.CANCELLED, None)
    assert await quarantine.entries(stage.rig.settings) == []
    with pytest.raises(SetupError, match="nothing with the reference"):
        await quarantine.retry(stage.rig.settings, [ref_of(event)])
