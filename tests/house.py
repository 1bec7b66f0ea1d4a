"""A whole community with the bot at work, on the fake or on a real homeserver.

The rule it keeps: a test talks as people do, through clients, and sees what they see.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from copp_bot.app import App
from copp_bot.core.clock import Clock, SystemClock
from copp_bot.core.ids import RoomId, UserId
from copp_bot.core.matrix.port import MARKER, Homeserver
from copp_bot.core.settings import Settings
from copp_bot.features.roles.service import seed_grants
from copp_bot.rooms.apply import Surroundings, apply
from copp_bot.rooms.declaration import load
from storage import migrate
from storage.database import Database
from tests.world import Person, Raw, World

ROOMS_CONFIG = Path(__file__).parent.parent / "rooms_config"
WEB_URL = "http://community.localhost"
"""What links begin with; the port is picked when the pages are up."""


@dataclass
class House:
    """The running community.

    Args:
        rooms: declared key -> room id.
    """

    world: World
    app: App
    homeserver: Homeserver
    database: Database
    rooms: dict[str, RoomId]
    data_dir: Path
    people: dict[str, Person] = field(default_factory=dict)
    directs: dict[str, str] = field(default_factory=dict)

    @property
    def bot(self) -> UserId:
        """The bot's id."""
        return self.homeserver.user_id

    async def member(self, name: str, *groups: str, roles: Sequence[tuple[str, str]] = ()) -> Person:
        """Someone in the community, in these groups, with these (role, scope)."""
        person = await self.enter(name, *groups, roles=roles)
        await self.settled()
        await self.accept(person)
        return person

    async def enter(self, name: str, *groups: str, roles: Sequence[tuple[str, str]] = ()) -> Person:
        """As ``member``, without waiting for the rooms to follow."""
        person = await self._known(name)
        now = self.app.clock.now()
        if roles:
            rows = [(person.user_id, role, scope) for role, scope in roles]
            await self.database.write(lambda session: seed_grants(session, rows, now))
        for key in ("root", *groups):
            if self.rooms[key] not in await person.joined():
                await self.homeserver.invite(self.rooms[key], UserId(person.user_id))
                await person.join(self.rooms[key])
        return person

    async def newcomer(self, name: str) -> Person:
        """Someone in Reception only."""
        person = await self._known(name)
        await person.join(self.rooms["reception"])
        await self.settled()
        return person

    async def outsider(self, name: str) -> Person:
        """An account of the server, in nothing."""
        return await self._known(name)

    async def accept(self, person: Person) -> None:
        """Accept every invitation that waits."""
        for room in await person.invited():
            await person.join(room)
        await self.settled()

    async def direct(self, person: Person) -> str:
        """The person's direct chat with the bot: the one it has invited to, else opened from the person's side."""
        room = self.directs.get(person.user_id)
        if room is None:
            room = await self._invited_to_direct(person) or await person.create_direct(self.bot)
            self.directs[person.user_id] = room
            await person.wait_for(room, lambda raw: _joins(raw, self.bot))
            await self.settled()
        return room

    async def _invited_to_direct(self, person: Person) -> str | None:
        await self.settled()
        for room in await person.invited():  # to a new group's space perhaps, too
            marker = await self.homeserver.state_event(RoomId(room), MARKER)
            if marker is not None and marker["kind"] == "direct":
                await person.join(room)
                return room
        return None

    async def room(self, person: Person, place: str) -> str:
        """The room id of a place's name in a dialog: a declared key, or ``direct``."""
        return await self.direct(person) if place == "direct" else self.rooms[place]

    async def ask(self, person: Person, place: str, text: str, **how: object) -> str:
        """Say something and return the body of the bot's last answer to it, after all edits."""
        room = await self.room(person, place)
        event = await person.say(room, text, **how)  # type: ignore[arg-type]
        return await self.answer(person, room, event)

    async def answer(self, person: Person, room: str, event: str) -> str:
        """The bot's answer to an event, as it reads when everything has settled."""
        await person.wait_for(room, lambda raw: is_answer(raw, self.bot, event))
        await self.settled()
        texts = [text for to, text in shown(await person.timeline(room), self.bot) if to == event]
        return texts[-1]

    async def said(self, person: Person, place: str) -> list[str]:
        """Everything the bot has said in a place, as it reads now."""
        room = await self.room(person, place)
        await self.settled()
        return [text for _to, text in shown(await person.timeline(room), self.bot)]

    async def settled(self) -> None:
        """Wait until everything said so far has been handled, done and sent."""
        before = -1.0
        while (tried := self._tried()) != before:  # what tasks do comes back through the sync
            before = tried
            await self._pass(await self._fence())
            await self.app.settled()

    async def _known(self, name: str) -> Person:
        if name not in self.people:
            self.people[name] = await self.world.person(name)
        return self.people[name]

    async def _fence(self) -> Person:
        """Someone whose question is answered only after everything said before it."""
        if "fence" not in self.people:
            fence = await self._known("fence")
            await fence.join(self.rooms["reception"])
        return self.people["fence"]

    def _tried(self) -> float:
        """How many attempts of tasks there were."""
        found = self.app.metrics.tasks.collect()
        return sum(sample.value for one in found for sample in one.samples if sample.name.endswith("_total"))

    async def _pass(self, fence: Person) -> None:
        event = await fence.say(self.rooms["reception"], "!help nothing")
        await fence.wait_for(self.rooms["reception"], lambda raw: is_answer(raw, self.bot, event))


@asynccontextmanager
async def community(
    world: World,
    folder: Path,
    *,
    clock: Clock | None = None,
    database_url: str | None = None,
    rooms_config: Path = ROOMS_CONFIG,
) -> AsyncIterator[House]:
    """The declared community on this homeserver, with the bot running."""
    homeserver = await world.bot_homeserver()
    settings = Settings(
        homeserver="http://127.0.0.1",
        user_id=homeserver.user_id,
        data_dir=folder,
        web_port=0,
        web_url=WEB_URL,
        rooms_config=rooms_config,
        database_url=database_url,
    )
    database = Database(settings.database)
    migrate.upgrade(database.engine)
    declared = load(rooms_config)
    now = clock or SystemClock()
    outcome = await apply(declared, Surroundings(homeserver, database, now))
    assert not outcome.refused, outcome.refused
    app = App(settings, homeserver, database, declared, now)
    async with running(app):
        yield House(world, app, homeserver, database, outcome.rooms, folder)
    database.close()


@asynccontextmanager
async def running(app: App) -> AsyncIterator[None]:
    """The bot at work inside the block; what ends it inside is raised."""
    task = asyncio.create_task(app.run())
    ready = asyncio.create_task(app.intake.ready.wait())
    await asyncio.wait({task, ready}, return_when=asyncio.FIRST_COMPLETED)
    ready.cancel()
    if task.done():
        task.result()
    try:
        yield
    finally:
        was_running = not task.done()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        assert was_running, "the bot stopped by itself"


def is_answer(raw: Raw, bot: str, event: str) -> bool:
    """Is this the bot's reply to the event?"""
    relation = raw.get("content", {}).get("m.relates_to", {})
    replied = relation.get("m.in_reply_to", {}).get("event_id")
    return bool(raw["sender"] == bot and raw["type"] == "m.room.message" and replied == event)


def shown(timeline: Sequence[Raw], bot: str) -> list[tuple[str | None, str]]:
    """The bot's messages as a client shows them, edits applied, redacted ones gone: (replied to, body)."""
    messages: dict[str, tuple[str | None, str]] = {}
    for raw in timeline:
        content = raw.get("content") or {}
        if raw["sender"] != bot or raw["type"] != "m.room.message" or "body" not in content:
            continue
        relation = content.get("m.relates_to", {})
        if relation.get("rel_type") == "m.replace":
            earlier = messages.get(relation["event_id"])
            if earlier is not None:
                messages[relation["event_id"]] = (earlier[0], content["m.new_content"]["body"])
            continue
        messages[raw["event_id"]] = (relation.get("m.in_reply_to", {}).get("event_id"), content["body"])
    return list(messages.values())


def _joins(raw: Raw, user: str) -> bool:
    is_own = raw["type"] == "m.room.member" and raw.get("state_key") == user
    return bool(is_own and raw["content"].get("membership") == "join")
