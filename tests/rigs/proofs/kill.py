"""``kill -9``: at every named fail point, and at random moments under load."""

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from copp_bot.core.failpoint import POINTS
from tests.rigs.driver import HttpPerson
from tests.rigs.life import Life
from tests.rigs.load import Said, Verdict, answered, say
from tests.rigs.proofs.burst import WITHIN, judged
from tests.rigs.stage import Stage

MARKER = "org.copp_bot.room"
RUNNING = tuple(point for point in POINTS if not point.startswith("apply."))
APPLYING = tuple(point for point in POINTS if point.startswith("apply."))
LONGEST = 240.0
"""Seconds of load after which a fail point that was not reached is a failure."""
QUARTER = timedelta(minutes=15)
MOST_AHEAD = timedelta(hours=20)
"""A clock further ahead would take fresh commands for old ones."""


@dataclass
class Newcomer:
    """Someone who asks in Reception and is answered in a direct chat that must be made first."""

    person: HttpPerson
    said: Said


@dataclass
class Killed:
    """What was said and how often the process was killed.

    Args:
        at: fail point -> kills there; ``random`` for the others.
    """

    said: list[Said] = field(default_factory=list)
    newcomers: list[Newcomer] = field(default_factory=list)
    at: Counter[str] = field(default_factory=Counter)
    ahead: timedelta = timedelta()


async def prove_points(
    stage: Stage, people: Sequence[HttpPerson], times: int, points: Sequence[str] = RUNNING
) -> Killed:
    """Killed at each point so many times, while people speak."""
    killed, chance = Killed(), random.Random(7)
    for point in points:
        for turn in range(times):
            if point.startswith("scheduler."):  # the next quarter of an hour is due at once
                killed.ahead = min(killed.ahead + QUARTER, MOST_AHEAD)
            passing = 1 if times == 1 else chance.randint(1, 4)
            life = stage.life(fail_at=f"{point}:{passing}", ahead=killed.ahead)
            if turn % 5 == 0 and (times > 1 or point.startswith(("tasks.", "scheduler."))):
                killed.newcomers.append(await newcomer(stage, f"{point}-{turn}"))
            await _speak_until_killed(stage, people, killed, life, f"{point}-{turn}")
            killed.at[point] += 1
    return killed


async def prove_random(stage: Stage, people: Sequence[HttpPerson], kills: int, seed: int = 11) -> Killed:
    """Killed at random moments of its life, start and first sync among them, while people speak."""
    killed, chance = Killed(), random.Random(seed)
    for turn in range(kills):
        life = stage.life()
        speaking = asyncio.create_task(_some(stage, people, f"random-{turn}"))
        if turn % 10 == 0:
            killed.newcomers.append(await newcomer(stage, f"random-{turn}"))
        await asyncio.sleep(chance.uniform(0.0, 2.0))  # the moment of the kill
        await life.kill()
        killed.said += await speaking
        killed.at["random"] += 1
    return killed


async def prove_applying(stage: Stage, times: int, point: str) -> tuple[int, int]:
    """``apply`` killed at a point so many times, on a community with no room yet; how many rooms there are too many.

    Returns:
        Kills, and rooms of the bot that the database does not know or that carry a key twice.
    """
    chance, kills = random.Random(5), 0
    words = ("apply", "--secretariat", stage.secretary.user_id)
    for _turn in range(times):
        passing = 1 if point == "apply.recording" else chance.randint(1, 3)  # that is passed once in a run
        code = await stage.life(*words, fail_at=f"{point}:{passing}").ended()
        kills += code == -9
    await stage.furnish()
    return kills, await orphans(stage)


async def orphans(stage: Stage) -> int:
    """Rooms that the bot is in and nobody knows of, or that stand for the same thing twice."""
    there = await stage.rooms_of_bot()
    known = stage.rows("SELECT room_id, key, scope FROM room WHERE membership = 'join'")
    keys = Counter(key or scope for _room, key, scope in known)
    strangers = there - {room for room, _key, _scope in known}
    return len(strangers) + sum(count - 1 for count in keys.values())


async def newcomer(stage: Stage, mark: str) -> Newcomer:
    """A new account that says its interests in Reception."""
    person = await stage.person(f"new-{mark.replace('.', '-')}")
    await person.join(stage.rooms["reception"])
    room = stage.rooms["reception"]
    body = f"!me interests {mark}"
    return Newcomer(person, Said(await person.say(room, body), room, person.user_id, body, makes=False))


async def verdict(stage: Stage, killed: Killed) -> tuple[Verdict, list[str]]:
    """Let the bot finish, stop it, and count; the verdict, and what is wrong beside it."""
    life = stage.life(ahead=killed.ahead)
    everything = [*killed.said, *(one.said for one in killed.newcomers)]
    was_quiet = await stage.quiet([command.event for command in everything], WITHIN)
    await life.stop()
    wrong = [] if was_quiet else ["something is still on its way"]
    for one in killed.newcomers:
        wrong += await _wrong_with(stage, one)
    wrong += [f"{count} rooms too many" for count in [await orphans(stage)] if count]
    wrong += _wrong_in_database(stage)
    return await judged(stage, everything), wrong


async def _speak_until_killed(
    stage: Stage, people: Sequence[HttpPerson], killed: Killed, life: Life, mark: str
) -> None:
    deadline = asyncio.get_running_loop().time() + LONGEST
    turn = 0
    while not life.has_ended:
        killed.said += await _some(stage, people, f"{mark}-{turn}")
        turn += 1
        await asyncio.wait([asyncio.ensure_future(life.ended())], timeout=0.3)
        if asyncio.get_running_loop().time() > deadline:
            raise TimeoutError(f"{mark} was not reached\n{stage.last_words()}")
    assert life.code == -9, f"{mark}: ended with {life.code}\n{stage.last_words()}"


async def _some(stage: Stage, people: Sequence[HttpPerson], mark: str) -> list[Said]:
    """One command of each of three people, at once."""
    room = stage.rooms["coffee-shop"]
    speaking = [say(person, room, f"{mark}-{number}", makes=number != 2) for number, person in enumerate(people[:3])]
    return list(await asyncio.gather(*speaking))


async def _wrong_with(stage: Stage, one: Newcomer) -> list[str]:
    """The direct chat: one, with one answer."""
    person, word = one.person, one.said.body.removeprefix("!me interests ")
    rooms = await person.invited()
    wrong = [] if len(rooms) == 1 else [f"{person.user_id} is invited to {len(rooms)} direct chats"]
    for room in rooms:
        await person.join(room)
        texts = [raw for raw in await person.timeline(room) if raw["sender"] == stage.bot and _is_text(raw)]
        if len(texts) != 1:
            wrong.append(f"{person.user_id} has {len(texts)} private answers")
    if stage.count("SELECT count(*) FROM interest WHERE user_id = ? AND word = ?", person.user_id, word) != 1:
        wrong.append(f"{person.user_id} has not the interest")
    return wrong + await _wrong_greetings(stage, one)


async def _wrong_greetings(stage: Stage, one: Newcomer) -> list[str]:
    """Nobody is greeted twice."""
    timeline = await one.person.timeline(stage.rooms["reception"])
    greetings = [
        raw
        for raw in timeline
        if raw["sender"] == stage.bot and _is_text(raw) and not answered(raw, stage.bot) and _names(raw, one)
    ]
    return [f"{one.person.user_id} was greeted {len(greetings)} times"] if len(greetings) > 1 else []


def _names(raw: dict[str, object], one: Newcomer) -> bool:
    return one.person.user_id in str(raw["content"])


def _is_text(raw: dict[str, object]) -> bool:
    return raw["type"] == "m.room.message"


def _wrong_in_database(stage: Stage) -> list[str]:
    wrong = []
    for what, statement in (
        ("quarantined", "SELECT count(*) FROM inbox WHERE state = 'quarantined'"),
        ("messages given up", "SELECT count(*) FROM outbox WHERE state = 'failed'"),
        ("tasks given up", "SELECT count(*) FROM task WHERE state = 'failed'"),
        ("gaps", "SELECT count(*) FROM gap WHERE closed_at IS NULL"),
        ("failed jobs", "SELECT count(*) FROM occurrence WHERE outcome != 'done'"),
    ):
        if count := stage.count(statement):
            wrong.append(f"{count} {what}")
    return wrong
