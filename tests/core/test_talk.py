"""First posts and answers come in through the real parts, in whatever order and company, and never with their words."""

from sqlalchemy import select
from sqlmodel import Session, col

from copp_bot.app import App
from copp_bot.core.ids import EventId
from storage.tables.inbox import InboxRow
from storage.tables.stewards import NewcomerRow
from tests.core.conftest import Stage
from tests.core.rig import answer_to
from tests.fakes.person import FakePerson


async def handled(stage: Stage, app: App) -> None:
    """Everything said so far is handled."""
    await answer_to(stage.ben, stage.coffee, await stage.ben.say(stage.coffee, "!help"), stage.bot)
    await app.settled()


async def newcomer(app: App, person: FakePerson) -> NewcomerRow:
    """What is known of someone who has come."""
    row = await app.database.read(lambda session: session.get(NewcomerRow, person.user_id))
    assert row is not None
    return row


def bodies(session: Session) -> list[object]:
    """Everything that the inbox keeps."""
    return list(session.scalars(select(col(InboxRow.body))))


async def test_a_first_post_and_the_answer_that_came_while_the_bot_was_away(stage: Stage) -> None:
    noor, reception = stage.matrix.person("noor"), stage.rig.rooms["reception"]
    async with stage.rig.bot() as app:
        await noor.join(reception)
        await noor.say(reception, "!help")
        post = await noor.say(reception, "Good morning, secretly.")
        await noor.say(reception, "A second one, secretly.")
        await handled(stage, app)
        row = await newcomer(app, noor)
        assert (row.event_id, row.answered_at) == (post, None)
    await stage.anna.join(reception)
    for number in range(60):
        await stage.anna.say(reception, f"something else {number}")
    relation = {"m.in_reply_to": {"event_id": post}}
    content = {"msgtype": "m.text", "body": "Welcome, secretly!", "m.relates_to": relation}
    await stage.anna.send(reception, "m.room.message", content)
    async with stage.rig.bot() as app:
        await handled(stage, app)
        assert (await newcomer(app, noor)).answered_at is not None
        assert "secretly" not in str(await app.database.read(bodies))


async def test_coming_first_post_and_answer_in_one_sync(stage: Stage) -> None:
    """All of it was said while the bot was away; a thread answers too."""
    async with stage.rig.bot():
        pass
    noor, reception = stage.matrix.person("noor"), stage.rig.rooms["reception"]
    await noor.join(reception)
    post = await noor.say(reception, "Good morning.")
    await stage.anna.join(reception)
    relation = {"rel_type": "m.thread", "event_id": post, "is_falling_back": True, "m.in_reply_to": {"event_id": post}}
    content = {"msgtype": "m.text", "body": "Welcome!", "m.relates_to": relation}
    await stage.anna.send(reception, "m.room.message", content)
    async with stage.rig.bot() as app:
        await handled(stage, app)
        row = await newcomer(app, noor)
        assert (row.event_id, row.answered_at is not None) == (post, True)


async def test_a_first_post_that_is_redacted_before_it_is_read_is_none(stage: Stage) -> None:
    async with stage.rig.bot():
        pass
    noor, reception = stage.matrix.person("noor"), stage.rig.rooms["reception"]
    await noor.join(reception)
    await noor.redact(reception, await noor.say(reception, "Oh."))
    post = await noor.say(reception, "Good morning.")
    async with stage.rig.bot() as app:
        await handled(stage, app)
        assert (await newcomer(app, noor)).event_id == EventId(post)
