"""Makes the community of the demonstration live: people come in, introduce themselves, share and talk.

Everything goes over the homeserver as each person's own client would do it, and what needs the bot is asked of the
bot in a message. The rule it keeps: every step is written down when done, and a second start does only what is
missing. A room that the declaration does not have is left out.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field

from rich.progress import Progress, TaskID

from copp_bot.core.i18n import gettext as _
from copp_bot.demo.asking import ask, direct_chat, is_shelved
from copp_bot.demo.conversation import Conversation, Line, conversations
from copp_bot.demo.keep import Journal
from copp_bot.demo.people import DemoAccount, DemoCommunity
from copp_bot.demo.person import JsonDict, Person, Refused
from copp_bot.demo.resources import DemoResource, resources
from copp_bot.demo.scenes import DIRECT, Scene, scenes

AT_ONCE = 8
"""People who act at the same time: enough to keep two cores busy, not so many that one waits long."""
_NUMBER = re.compile(r"\b[A-Z]\d+\b")


@dataclass
class Stage:
    """Where the seed plays.

    Args:
        people: localpart -> signed-in account.
        bot: the bot's user id.
        rooms: declared key -> room id.
        problems: what did not work, in sentences; the rest goes on.
    """

    community: DemoCommunity
    people: Mapping[str, Person]
    bot: str
    rooms: Mapping[str, str]
    journal: Journal
    progress: Progress
    problems: list[str] = field(default_factory=list)
    _directs: dict[str, str] = field(default_factory=dict)
    _doors: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    async def all(self, title: str, steps: Iterable[tuple[str, Callable[[], Awaitable[None]]]]) -> None:
        """Do named steps side by side, each one once and for all."""
        waiting = [(name, step) for name, step in steps if name not in self.journal]
        if not waiting:
            return
        bar = self.progress.add_task(title, total=len(waiting))
        await asyncio.gather(*(self._one(name, step, bar) for name, step in waiting))

    async def direct(self, localpart: str) -> tuple[Person, str]:
        """Someone, and their direct chat with the bot."""
        person, rooms = self.people[localpart], frozenset(self.rooms.values())
        if localpart not in self._directs:
            room = await direct_chat(person, self.bot, rooms, look_back=self.journal.is_resumed)
            self._directs[localpart] = room
        return person, self._directs[localpart]

    async def _one(self, name: str, step: Callable[[], Awaitable[None]], bar: TaskID) -> None:
        async with self._doors:
            try:
                await step()
            except (Refused, TimeoutError) as error:
                self.problems.append(f"{name}: {error or _('no answer from the bot in time')}")
            else:
                self.journal.mark(name)
        self.progress.advance(bar)


async def seed(stage: Stage) -> list[str]:
    """Everything that is not done yet; returns what did not work, in sentences."""
    accounts = stage.community.accounts
    talks = [talk for talk in conversations() if talk.room_key in stage.rooms]
    await stage.all(_("People come in"), ((f"in/{a.localpart}", _Arrival(stage, a)) for a in accounts))
    await stage.all(_("Rooms are opened"), ((f"open/{c.room_key}", _Talk(stage, c, c.lines[:1])) for c in talks))
    # The bot is busy bringing people into rooms now, and these conversations do not need it.
    await stage.all(_("Conversation"), _talking(stage, [talk for talk in talks if not talk.speaks_of_resources]))
    await asyncio.gather(
        stage.all(_("Profiles"), ((f"me/{a.localpart}", _Profile(stage, a)) for a in accounts if a.is_member)),
        stage.all(_("Library"), ((f"shelf/{name}", _Shelving(stage, name)) for name in _sharers())),
    )
    await asyncio.gather(
        stage.all(_("Talk about it"), _talking(stage, [talk for talk in talks if talk.speaks_of_resources])),
        stage.all(
            _("Posts, meetings, duty"),
            ((f"scene/{scene.name}", _Play(stage, scene)) for scene in scenes() if scene.rooms <= stage.rooms.keys()),
        ),
    )
    return stage.problems


def _talking(stage: Stage, talks: Iterable[Conversation]) -> list[tuple[str, Callable[[], Awaitable[None]]]]:
    return [(f"talk/{talk.room_key}", _Talk(stage, talk, talk.lines)) for talk in talks]


@dataclass(frozen=True)
class _Arrival:
    """Accept the invitations to the spaces; a newcomer finds Reception, an outsider nothing."""

    stage: Stage
    account: DemoAccount

    async def __call__(self) -> None:
        person = self.stage.people[self.account.localpart]
        for key in filter(self.stage.rooms.__contains__, _entered(self.account)):
            await person.enter(self.stage.rooms[key])


def _entered(account: DemoAccount) -> tuple[str, ...]:
    if account.is_member:
        return ("root", *account.groups)
    return ("reception",) if account.role == "newcomer" else ()


@dataclass(frozen=True)
class _Profile:
    """Tell the bot, in the direct chat, what one would set for oneself."""

    stage: Stage
    account: DemoAccount

    async def __call__(self) -> None:
        person, room = await self.stage.direct(self.account.localpart)
        bot, resumed = self.stage.bot, self.stage.journal.is_resumed
        for number, command in enumerate(profile_commands(self.account)):
            await ask(person, bot, room, _text(command), f"demo.me.{number}", look_back=resumed)


def profile_commands(account: DemoAccount) -> tuple[str, ...]:
    """What someone types to introduce themselves to the bot."""
    hidden = () if account.is_findable else ("!me findable off",)
    return (
        f"!me interests {', '.join(account.interests)}",
        f"!me language {account.language}",
        f"!me timezone {account.timezone}",
        *hidden,
    )


@dataclass(frozen=True)
class _Shelving:
    """One person shares one resource after the other."""

    stage: Stage
    localpart: str

    async def __call__(self) -> None:
        for resource in resources():
            is_mine = resource.by == self.localpart and resource.room_key in self.stage.rooms
            if is_mine and _label(resource) not in self.stage.journal:
                await self._share(resource)

    async def _share(self, resource: DemoResource) -> None:
        stage, person = self.stage, self.stage.people[self.localpart]
        room = stage.rooms[resource.room_key]
        await person.enter(room)
        content = await posted(person, resource)
        event_id, answer = await ask(
            person,
            stage.bot,
            room,
            content,
            f"demo.{_label(resource)}",
            until=is_shelved,
            look_back=stage.journal.is_resumed,
        )
        if not is_shelved(answer):
            stage.problems.append(_("{title} was not shelved: {answer}").format(title=resource.title, answer=answer))
        stage.journal.mark(_label(resource), event_id)


async def posted(person: Person, resource: DemoResource) -> JsonDict:
    """The message that shares a resource: a link in the command, or a file with the command as its caption."""
    if resource.url is not None:
        return _text(f"{add_command(resource)}\n{resource.text}")
    data = resource.data()
    mxc = await person.upload(data, resource.media_type, resource.file_name)
    return {
        "msgtype": "m.file",
        "body": add_command(resource),
        "filename": resource.file_name,
        "url": mxc,
        "info": {"mimetype": resource.media_type, "size": len(data)},
        "m.mentions": {},
    }


def add_command(resource: DemoResource) -> str:
    """The command that shelves a resource."""
    address = f"{resource.url} " if resource.url else ""
    tags = " ".join(f"#{tag}" for tag in resource.tags)
    return f"!library add {address}{resource.title} {tags} lang:{resource.language}"


def _label(resource: DemoResource) -> str:
    return f"resource/{resource.slug}"


def _sharers() -> list[str]:
    return sorted({resource.by for resource in resources()})


@dataclass(frozen=True)
class _Play:
    """Commands of a scene, each said when the one before has been answered."""

    stage: Stage
    scene: Scene

    async def __call__(self) -> None:
        number = answer = ""
        for step, turn in enumerate(self.scene.turns):
            if "{number}" in turn.say and not number:
                self.stage.problems.append(_("“{said}” was not done: {answer}").format(said=turn.say, answer=answer))
                return
            person, room = await self._place(turn.who, turn.place)
            said = _text(turn.say.replace("{number}", number))
            txn_id, resumed = f"demo.{self.scene.name}.{step}", self.stage.journal.is_resumed
            _event, answer = await ask(person, self.stage.bot, room, said, txn_id, look_back=resumed)
            found = _NUMBER.search(answer)
            number = found.group() if found else number

    async def _place(self, who: str, place: str) -> tuple[Person, str]:
        if place == DIRECT:
            return await self.stage.direct(who)
        person, room = self.stage.people[who], self.stage.rooms[place]
        await person.enter(room)
        return person, room


@dataclass(frozen=True)
class _Talk:
    """The messages of one room, one after the other, each with its reactions."""

    stage: Stage
    conversation: Conversation
    lines: tuple[Line, ...]

    async def __call__(self) -> None:
        for line in self.lines:
            if line.label not in self.stage.journal:
                await self._say(line)

    async def _say(self, line: Line) -> None:
        event_id = await self._send(line.who, self._content(line), f"demo.{line.label}")
        for key, people in line.reactions.items():
            for who in people:
                relation = {"rel_type": "m.annotation", "event_id": event_id, "key": key}
                await self._send(who, {"m.relates_to": relation}, f"demo.{line.label}.{key}", "m.reaction")
        self.stage.journal.mark(line.label, event_id)

    async def _send(self, who: str, content: JsonDict, txn_id: str, event_type: str = "m.room.message") -> str:
        person, room = self.stage.people[who], self.stage.rooms[self.conversation.room_key]
        await person.enter(room)
        return await person.send(room, content, txn_id, event_type)

    def _content(self, line: Line) -> JsonDict:
        replied = self.stage.journal.get(line.reply_to or "")
        root = self.stage.journal.get(line.thread or "")
        if root is not None:
            falling_back = {"is_falling_back": True, "m.in_reply_to": {"event_id": root}}
            return _text(line.say) | {"m.relates_to": {"rel_type": "m.thread", "event_id": root, **falling_back}}
        if replied is not None:
            return _text(line.say) | {"m.relates_to": {"m.in_reply_to": {"event_id": replied}}}
        return _text(line.say)


def _text(body: str) -> JsonDict:
    return {"msgtype": "m.text", "body": body, "m.mentions": {}}
