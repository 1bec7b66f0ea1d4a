"""The worker: in sync order, one bad event apart from the others, and what is taken back stays taken back."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import Session

from copp_bot.app import App
from copp_bot.core.commands.declare import Args, Param
from copp_bot.core.context import Context
from copp_bot.core.errors import UserError
from copp_bot.core.ids import COMMUNITY
from copp_bot.core.reply import Reply, say
from copp_bot.core.store import inbox as inbox_store
from copp_bot.core.store import meta
from copp_bot.core.store import outbox as outbox_store
from copp_bot.core.store import people as people_store
from storage.tables.inbox import InboxRow, InboxState
from storage.tables.people import GrantRow
from tests.core.conftest import Stage
from tests.core.rig import SetClock, answer_to, command, text_command
from tests.world import WAIT_SECONDS

ran: list[str] = []


def note(context: Context, args: Args) -> Reply:
    """Write down what was said, and say it back."""
    ran.append(args.text("text"))
    meta.put(context.session, f"note:{args.text('text')}", context.viewer.user_id)
    context.effects.task("no.such.kind", {}, lane="never")
    return say(f"noted {args.text('text')}")


def boom(_context: Context, _args: Args) -> Reply:
    """A mistake of ours."""
    raise ZeroDivisionError


def half(context: Context, _args: Args) -> Reply:
    """Writes, then finds that it must not."""
    meta.put(context.session, "half", "written")
    context.session.flush()
    context.effects.send(context.place.room_id, say("half said"))
    raise UserError("Not so.")


def unsendable(context: Context, _args: Args) -> None:
    """Writes something that no row can hold."""
    context.effects.send_event(context.place.room_id, "m.room.message", {"body": object()})


def revoke(context: Context, _args: Args) -> Reply:
    """Take every role away from everybody."""
    for row in people_store.all_grants(context.session, context.now):
        row.ended_at = context.now
        context.session.add(row)
    return say("revoked")


@pytest.fixture(autouse=True)
def commands(stage: Stage) -> None:
    """The commands above."""
    ran.clear()
    stage.rig.extra = (
        text_command("note", note),
        command("boom", boom),
        command("half", half),
        command("unsendable", unsendable),
        command("revoke", revoke),
        command("secret", note, Param("text", required=False), permission="roles.grant"),
    )


async def settled(app: App, stage: Stage) -> None:
    """Until everything said so far is answered and sent."""
    event = await stage.ben.say(stage.coffee, "!note fence")
    await answer_to(stage.ben, stage.coffee, event, stage.bot)
    async with asyncio.timeout(WAIT_SECONDS):
        await app.outbox.drained()


async def rows(app: App) -> dict[str, InboxRow]:
    """The inbox by event id."""

    def job(session: Session) -> dict[str, InboxRow]:
        found = [inbox_store.by_event(session, raw["event_id"]) for _room, raw in app.homeserver.matrix.sent]  # type: ignore[attr-defined]
        return {row.event_id: row for row in found if row is not None}

    return await app.database.read(job)


async def test_commands_run_in_sync_order(stage: Stage) -> None:
    async with stage.rig.bot() as app:
        for number in range(120):
            await (stage.anna if number % 2 else stage.ben).say(stage.coffee, f"!note {number}")
        await settled(app, stage)
    assert ran[:-1] == [str(number) for number in range(120)]


@pytest.mark.parametrize("bad", ["boom", "unsendable"])
async def test_one_bad_event_is_put_apart_and_answered(stage: Stage, bad: str) -> None:
    first = await stage.anna.say(stage.coffee, "!note a")
    async with stage.rig.bot():
        pass
    before = await stage.anna.say(stage.coffee, "!note b")
    wrong = await stage.anna.say(stage.coffee, f"!{bad}")
    after = await stage.anna.say(stage.coffee, "!note c")
    async with stage.rig.bot() as app:
        await settled(app, stage)
        stored = await rows(app)
    assert stage.replies(first) == []  # said before the first sync
    assert stage.replies(before) == ["noted b"]
    assert stage.replies(after) == ["noted c"]
    (words,) = stage.replies(wrong)
    assert words.startswith(f"Something went wrong (ref {wrong[-4:].lower()})")
    assert stored[wrong].state is InboxState.QUARANTINED
    assert stored[wrong].body is not None
    assert stored[before].body is None


async def test_an_event_that_cannot_even_be_apologised_for_does_not_stop_the_others(stage: Stage) -> None:
    def no_such_zone(session: Session) -> None:
        row = people_store.ensure(session, stage.anna.user_id, stage.rig.app(app.database).clock.now())
        row.timezone = "Nowhere/Land"
        session.add(row)

    async with stage.rig.bot() as app:
        await app.database.write(no_such_zone)
        wrong = await stage.anna.say(stage.coffee, "!note a")
        await settled(app, stage)
        assert (await rows(app))[wrong].state is InboxState.QUARANTINED
    assert stage.replies(wrong) == []


async def test_a_user_error_takes_its_writes_back(stage: Stage) -> None:
    async with stage.rig.bot() as app:
        event = await stage.anna.say(stage.coffee, "!half")
        await settled(app, stage)
        assert await app.database.read(lambda session: meta.get(session, "half")) is None
    assert stage.replies(event) == ["Not so."]
    assert "half said" not in str(stage.matrix.sent)


async def test_what_is_older_than_a_day_is_to_be_said_again(stage: Stage) -> None:
    clock = SetClock(datetime.now(UTC))  # the homeserver's
    stage.rig.clock = clock
    async with stage.rig.bot():
        pass
    old = await stage.anna.say(stage.coffee, "!note old")
    chat = await stage.anna.say(stage.coffee, "just talking")
    clock.move(timedelta(hours=25))
    async with stage.rig.bot() as app:
        await answer_to(stage.anna, stage.coffee, old, stage.bot)
        await app.outbox.drained()
    assert ran == []
    assert "Say it again" in stage.replies(old)[0]
    assert stage.replies(chat) == []


async def taken_in(stage: Stage) -> None:
    """Take in what has been said since, without handling it: the bot is cut off right after."""
    app = stage.rig.app()
    app.outbox.unmarked.begin(())  # it is not to send anything
    app.intake._token, app.intake._joined = await app.database.read(
        lambda session: (meta.get(session, "sync_token"), inbox_store.joined_rooms(session))
    )
    await app.intake.once()
    app.database.close()


async def test_a_redacted_command_that_waits_is_not_run(stage: Stage) -> None:
    async with stage.rig.bot():
        pass
    event = await stage.anna.say(stage.coffee, "!note secret")
    await taken_in(stage)
    await stage.anna.redact(stage.coffee, event)
    await taken_in(stage)
    async with stage.rig.bot() as app:
        await settled(app, stage)
        assert (await rows(app))[event].state is InboxState.CANCELLED
    assert ran == ["fence"]
    assert stage.replies(event) == []


async def test_an_edited_command_that_waits_runs_as_edited(stage: Stage) -> None:
    async with stage.rig.bot():
        pass
    mine = await stage.anna.say(stage.coffee, "!note one")
    await taken_in(stage)
    await stage.anna.edit(stage.coffee, mine, "!note two")
    await stage.ben.edit(stage.coffee, mine, "!note foreign")
    await taken_in(stage)
    async with stage.rig.bot() as app:
        await settled(app, stage)
    assert ran == ["two", "fence"]
    assert stage.replies(mine) == ["noted two"]


async def test_a_command_and_its_edit_in_one_answer_run_as_edited(stage: Stage) -> None:
    """As they come after a time away."""
    async with stage.rig.bot():
        pass
    mine = await stage.anna.say(stage.coffee, "!note one")
    await stage.anna.edit(stage.coffee, mine, "!note two")
    await stage.ben.edit(stage.coffee, mine, "!note foreign")
    async with stage.rig.bot() as app:
        await settled(app, stage)
    assert ran == ["two", "fence"]
    assert stage.replies(mine) == ["noted two"]


async def test_redacting_a_done_command_takes_the_answers_and_the_tasks_back(stage: Stage) -> None:
    async with stage.rig.bot() as app:
        event = await stage.anna.say(stage.coffee, "!note secret")
        answer = await answer_to(stage.anna, stage.coffee, event, stage.bot)
        await settled(app, stage)
        await stage.anna.redact(stage.coffee, event)
        await stage.anna.wait_for(stage.coffee, lambda raw: _redacts(raw, answer["event_id"]))
    assert "body" not in stage.stored(answer["event_id"])["content"]  # type: ignore[operator]


async def test_a_redaction_does_not_wait_behind_a_backlog(stage: Stage) -> None:
    async with stage.rig.bot() as app:
        event = await stage.anna.say(stage.coffee, "!note secret")
        await settled(app, stage)
    for number in range(120):
        await stage.ben.say(stage.coffee, f"!note {number}")
    await stage.anna.redact(stage.coffee, event)
    await taken_in(stage)
    ran.clear()
    app = stage.rig.app()
    await app.worker.once()
    assert ran == []
    outgoing = await app.database.read(outbox_store.open_rows)
    assert [row.event_type for row in outgoing] == ["m.room.redaction"]
    await app.worker.once()
    assert len(ran) == 50
    app.database.close()


async def test_a_command_and_its_redaction_handled_together_leave_nothing(stage: Stage) -> None:
    """More than a batch: the command is done in one batch, the redaction waits in the same one or the next."""
    async with stage.rig.bot():
        pass
    event = await stage.anna.say(stage.coffee, "!note secret")
    for number in range(55):
        await stage.ben.say(stage.coffee, f"!note {number}")
    await taken_in(stage)
    await stage.anna.redact(stage.coffee, event)
    await taken_in(stage)
    async with stage.rig.bot() as app:
        await settled(app, stage)
    assert not any("noted secret" in str(raw["content"]) for _room, raw in stage.matrix.sent)


async def test_a_done_command_is_not_run_again_by_an_edit(stage: Stage) -> None:
    async with stage.rig.bot() as app:
        event = await stage.anna.say(stage.coffee, "!note one")
        await settled(app, stage)
        await stage.ben.edit(stage.coffee, event, "!note foreign")
        await stage.anna.edit(stage.coffee, event, "!note two")
        await settled(app, stage)
    assert ran == ["one", "fence", "fence"]
    (noted, told) = stage.replies(event)  # and nothing to the foreign edit
    assert noted == "noted one" and "not run again" in told


async def test_talk_that_becomes_a_command_is_told_to_be_sent_anew(stage: Stage) -> None:
    """It is not run, whoever edits it; other edits of talk, and of what the bot says, are left alone."""
    async with stage.rig.bot():
        event = await stage.anna.say(stage.coffee, "note one")
        other = await stage.anna.say(stage.coffee, "Good morning")
        asked = await stage.ben.say(stage.coffee, "!note ben")
        own = (await answer_to(stage.ben, stage.coffee, asked, stage.bot))["event_id"]
        await stage.anna.edit(stage.coffee, event, "!note one")
        await stage.anna.edit(stage.coffee, other, "!!! Good morning")
        await stage.ben.edit(stage.coffee, own, "!note foreign")
        await answer_to(stage.anna, stage.coffee, event, stage.bot)
        await answer_to(stage.ben, stage.coffee, await stage.ben.say(stage.coffee, "!note over"), stage.bot)
    assert ran == ["ben", "over"]
    assert [len(stage.replies(one)) for one in (event, other, own)] == [1, 0, 0]
    assert "Send it anew" in stage.replies(event)[0]


async def test_an_edited_command_of_the_direct_chat_is_told_without_a_mark_too(stage: Stage) -> None:
    async with stage.rig.bot() as app:
        room = await stage.anna.create_direct(stage.bot)
        await stage.anna.wait_for(
            room, lambda raw: raw.get("state_key") == stage.bot and raw["content"].get("membership") == "join"
        )
        event = await stage.anna.say(room, "help groups")
        await answer_to(stage.anna, room, event, stage.bot)
        await stage.anna.edit(room, event, "help library")
        async with asyncio.timeout(WAIT_SECONDS):
            while len(stage.replies(event)) < 2:
                await app.database.write(lambda _session: None)
    assert "not run again" in stage.replies(event)[1]


async def test_rights_are_those_of_the_moment_in_the_sync(stage: Stage) -> None:
    async with stage.rig.bot() as app:
        grant = GrantRow(
            user_id=stage.anna.user_id,
            role="secretariat",
            scope=COMMUNITY,
            granted_by=stage.bot,
            granted_at=app.clock.now(),
        )
        await app.database.write(lambda session: session.add(grant))
    allowed = await stage.anna.say(stage.coffee, "!secret a")
    await stage.ben.say(stage.coffee, "!revoke")
    refused = await stage.anna.say(stage.coffee, "!secret b")
    async with stage.rig.bot() as app:
        await settled(app, stage)
    assert stage.replies(allowed) == ["noted a"]
    assert "That is for" in stage.replies(refused)[0]


async def test_a_kick_in_one_room_precedes_what_is_said_later_in_another(stage: Stage) -> None:
    """Rooms come in any order; what happened before counts before."""
    async with stage.rig.bot():
        pass
    root = stage.rig.rooms["root"]
    early = await stage.anna.say(stage.coffee, "!me")
    await asyncio.sleep(0.005)  # the next millisecond
    await stage.anna.leave(root)
    await asyncio.sleep(0.005)
    late = await stage.anna.say(stage.coffee, "!groups")
    # the Coffee shop's part comes before the root's
    stage.matrix.rooms = dict(sorted(stage.matrix.rooms.items(), key=lambda item: item[0] == root))
    async with stage.rig.bot() as app:
        await settled(app, stage)
    assert "for members" not in " ".join(stage.replies(early))
    assert "for members" in " ".join(stage.replies(late))


def _redacts(raw: dict[str, object], target: str) -> bool:
    return raw["type"] == "m.room.redaction" and target in str(raw)
