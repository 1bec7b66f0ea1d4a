"""The log: readable or JSON, a reference for each command, and never a word of what somebody wrote."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
from sqlalchemy import text

from copp_bot.core import logs
from copp_bot.core.commands.declare import Args
from copp_bot.core.context import Context
from copp_bot.core.matrix.port import Unavailable
from copp_bot.core.reply import Reply, say
from tests.core.conftest import Stage
from tests.core.rig import answer_to, text_command
from tests.samples import sample

SECRET = "Zwetschgenknödel"


@pytest.fixture(params=["text", "json"])
def stream(request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    """Where the log goes, at its most talkative."""
    root, written = logging.getLogger(), io.StringIO()
    before, level = list(root.handlers), root.level
    handler = logs.configure("DEBUG", request.param, written)
    yield written
    root.removeHandler(handler)
    for old in before:
        root.addHandler(old)
    root.setLevel(level)


def breaks(_context: Context, args: Args) -> Reply:
    """A handler with a mistake, whose exception speaks of what was said."""
    try:
        int(args.text("text"))
    except ValueError as error:
        raise RuntimeError(f"cannot work with {args.text('text')}") from error
    return say("never")


def breaks_in_the_database(context: Context, args: Args) -> Reply:
    """As above, in a statement with what was said among its parameters."""
    context.session.execute(text("INSERT INTO nowhere VALUES (:word)"), {"word": args.text("text")})
    return say("never")


async def test_a_secret_word_stands_in_no_line(stage: Stage, stream: io.StringIO) -> None:
    stage.rig.extra = (text_command("break", breaks), text_command("sql", breaks_in_the_database))
    async with stage.rig.bot() as app:
        for said in (
            SECRET,
            f"!help {SECRET}",
            f"!{SECRET}",
            f"!library search {SECRET}",
            f"!me interests {SECRET}",
            f"!break {SECRET}",
            f"!sql {SECRET}",
            f"!find {SECRET}",
        ):
            event = await stage.anna.say(stage.coffee, said)
            if said.startswith("!"):
                await answer_to(stage.anna, stage.coffee, event, stage.bot)
        data, media_type = sample("clapping.pdf")
        await stage.anna.post_file(stage.coffee, f"{SECRET}.pdf", data, media_type, caption=f"!library add {SECRET}")
        await stage.anna.post_file(stage.coffee, "broken.pdf", SECRET.encode(), media_type, caption="!library add")
        await stage.anna.send(stage.coffee, "m.room.message", {"msgtype": "m.text", "body": f"!help \0{SECRET}"})
        await stage.anna.send(stage.coffee, "m.room.message", {"msgtype": SECRET, "body": {"odd": f"!{SECRET}"}})
        stage.matrix.fail_next("send", Unavailable("", SECRET, 502), times=1)
        last = await stage.ben.say(stage.coffee, f"!help {SECRET}")
        await answer_to(stage.ben, stage.coffee, last, stage.bot)
        await app.settled()
    written = stream.getvalue()
    assert "quarantined" in written and "RuntimeError" in written and "command" in written
    assert SECRET.lower() not in written.lower()
    assert json.dumps(SECRET)[1:-1].lower() not in written.lower()


async def test_each_command_has_a_line_with_its_reference(stage: Stage, stream: io.StringIO) -> None:
    stage.rig.extra = (text_command("break", breaks),)
    async with stage.rig.bot():
        good = await stage.anna.say(stage.coffee, "!help")
        bad = await stage.anna.say(stage.coffee, "!break it")
        await answer_to(stage.anna, stage.coffee, good, stage.bot)
        await answer_to(stage.anna, stage.coffee, bad, stage.bot)
    lines = stream.getvalue().splitlines()
    if lines[0].startswith("{"):
        records = [json.loads(line) for line in lines]
        assert {"message": "command help answered", "ref": logs.ref_of(good)}.items() <= next(
            record for record in records if record["message"].startswith("command help")
        ).items()
        assert all({"at", "level", "logger", "message"} <= set(record) for record in records)
    else:
        assert any(line.endswith(f"command help answered (ref {logs.ref_of(good)})") for line in lines)
    assert any(logs.ref_of(bad) in line and "quarantined" in line for line in lines)


async def test_a_trace_shows_where_and_what_kind_but_no_words(stream: io.StringIO) -> None:
    try:
        breaks(None, Args({"text": SECRET}))  # type: ignore[arg-type]
    except RuntimeError:
        logging.getLogger("copp_bot").exception("it failed")
    written = stream.getvalue()
    assert "test_logs.py" in written and "ValueError" in written and "RuntimeError" in written
    assert "in breaks" in written and SECRET not in written


async def test_figures_for_prometheus_count_outcomes_without_names(stage: Stage) -> None:
    stage.rig.extra = (text_command("break", breaks),)
    async with stage.rig.bot() as app:
        for said in ("!help", "!break it", "!hlep", "!role grant @ben:example.org steward"):
            event = await stage.anna.say(stage.coffee, said)
            await answer_to(stage.anna, stage.coffee, event, stage.bot)
        await app.settled()
        figures = app.metrics.exposition((await app.health()).figures).decode()
    values = dict(line.rsplit(" ", 1) for line in figures.splitlines() if not line.startswith("#"))
    for outcome in ("answered", "failed", "unknown", "refused"):
        assert float(values[f'copp_commands_total{{outcome="{outcome}"}}']) == 1, outcome
    assert float(values['copp_messages_total{outcome="sent"}']) >= 4
    assert float(values["copp_ready"]) == 1 and float(values["copp_quarantine_size"]) == 1
    assert float(values["copp_quarantined_total"]) == 1 and float(values["copp_gaps_open"]) == 0
    assert "anna" not in figures and "@" not in figures and "!" not in figures
