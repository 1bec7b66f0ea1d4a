"""The bot was off while a community went on: commands in many rooms, redactions, kicks and invitations among them."""

import asyncio
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.rigs.driver import HttpPerson
from tests.rigs.load import NOWHERE, Said, Verdict, answered, burst, say
from tests.rigs.proofs.burst import WITHIN, judged
from tests.rigs.stage import Stage

IN_EACH = 5
"""Commands in each of the other rooms."""
DEADLINE = 60.0
"""Seconds in which redacted things must be gone, and rights follow."""
EVERY_TENTH = 10


@dataclass
class Away:
    """What was seen.

    Args:
        gone_after: seconds from the start until nothing redacted was left on any surface; None when something stayed.
        last_gone_after: likewise, from the redactions at the end.
        left: where a redacted word was still found at the end.
        wrong: what else is not as it should be.
    """

    verdict: Verdict = field(default_factory=Verdict)
    handled_after: float = 0.0
    redacted: int = 0
    gone_after: float | None = None
    last_gone_after: float | None = None
    left: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Everything once, and nothing left of what was redacted."""
        is_gone = self.gone_after is not None and self.last_gone_after is not None
        return self.verdict.is_clean and is_gone and not self.left and not self.wrong


@dataclass
class Past:
    """What happened while the bot was off.

    Args:
        words: one of each thing that was redacted, found nowhere else.
        unsaid: commands that were redacted before the bot could see them.
    """

    said: list[Said] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    unsaid: list[str] = field(default_factory=list)
    kicked: HttpPerson | None = None
    invited: HttpPerson | None = None
    direct: str = ""


async def prove_away(
    stage: Stage, people: Sequence[HttpPerson], commands: int, rooms: int, redactions: int, deadline: float = DEADLINE
) -> Away:
    """``commands`` in one room, five in each of ``rooms``; half of ``redactions`` while it is off, half at the end.

    At the end nothing else happens any more that could overwrite what was redacted.
    """
    life = await stage.running()
    topics = [stage.rooms[f"topic-{number:03}"] for number in range(rooms)]
    for person in people[:2]:
        for topic in topics:
            await person.join(topic)
    past = Past(kicked=stage.spare)
    shelved = await _shelve(stage, people, past, redactions)
    assert await stage.quiet([command.event for command in shelved], WITHIN), stage.last_words()
    await life.kill()
    assert _found_in_files(stage, past.words), "the words to be redacted are not there to begin with"

    await _happen(stage, people, past, commands, topics, shelved)
    seen = Away(redacted=len(past.words))
    life, began = stage.life(), time.monotonic()
    watching = asyncio.create_task(_gone(stage, people, past.words[::2], began, deadline))
    if not await stage.quiet([command.event for command in past.said], WITHIN):
        seen.wrong.append("something is still on its way")
    seen.handled_after = time.monotonic() - began
    seen.gone_after, seen.left = await watching
    await _redact(people, shelved[1::2])
    (seen.last_gone_after, left), _followed = await asyncio.gather(
        _gone(stage, people, past.words, time.monotonic(), deadline), _follow(stage, past, seen, deadline)
    )
    seen.left += left
    seen.wrong += await _found_by_asking(stage, people[0], past)
    await life.stop()
    seen.verdict = await judged(stage, past.said, people[0])
    seen.wrong += await _acted_on(stage, past)
    return seen


async def _shelve(stage: Stage, people: Sequence[HttpPerson], past: Past, count: int) -> list[Said]:
    """Links by their titles, and files by what is inside them, each with a word of its own."""
    room, found = stage.rooms["coffee-shop"], []
    for number in range(count):
        person, word = people[number % len(people)], f"zz{secrets.token_hex(6)}"
        past.words.append(word)
        if number % 3 == 2:
            text = f"A text about {word} in class.\n".encode()
            event = await person.post_file(
                room, "notes.txt", text, "text/plain", caption=f"!library add Notes {number}"
            )
        else:
            event = await person.say(room, f"!library add {NOWHERE}/{word} Title {word}")
        found.append(Said(event, room, person.user_id, word, makes=True))
    return found


async def _happen(
    stage: Stage,
    people: Sequence[HttpPerson],
    past: Past,
    commands: int,
    topics: Sequence[str],
    shelved: Sequence[Said],
) -> None:
    """What the bot does not see: the first half of the commands, everything else, and the second half."""
    room, kicked = stage.rooms["coffee-shop"], past.kicked
    assert kicked is not None
    first = await burst(people, room, commands // 2, "away-first")
    await _redact(people, [*shelved[::2], *first[::EVERY_TENTH]])
    past.unsaid = [command.event for command in first[::EVERY_TENTH]]
    await stage.secretary.kick(stage.rooms["root"], kicked.user_id)
    past.invited = await stage.person("invited")
    await stage.secretary.invite(stage.rooms["root"], past.invited.user_id)
    await past.invited.join(stage.rooms["root"])
    past.direct = await (await stage.person("outsider")).create_direct(stage.bot)
    by_kicked = await say(kicked, room, "said-after-the-kick", makes=False)
    for topic in topics:
        past.said += await burst(people[:2], topic, IN_EACH, f"topic-{topic[1:9]}")
    past.said += [command for command in first if command.event not in past.unsaid]
    past.said += [by_kicked, *await burst(people, room, commands - commands // 2, "away-second")]


async def _redact(people: Sequence[HttpPerson], commands: Sequence[Said]) -> None:
    by_id = {person.user_id: person for person in people}
    for command in commands:
        await by_id[command.sender].redact(command.room, command.event)


async def _gone(
    stage: Stage, people: Sequence[HttpPerson], words: Sequence[str], began: float, deadline: float
) -> tuple[float | None, list[str]]:
    """When nothing was found any more; else, at the deadline, where something was."""
    while True:
        found = await asyncio.to_thread(_found_in_files, stage, words)
        found = found or await _found_in_rooms(stage, people[0], words)
        took = time.monotonic() - began
        if not found:
            return took, []
        if took > deadline:
            return None, found
        await asyncio.sleep(1.0)


def _found_in_files(stage: Stage, words: Sequence[str]) -> list[str]:
    """Files of the data folder, and the SQL dump, with one of the words in them."""
    found = []
    for path in sorted(stage.folder.rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            found += [str(path.relative_to(stage.folder)) for word in words if word.encode() in data][:1]
    dump = _dump(stage)
    return found + [f"SQL dump: {word}" for word in words if word in dump][:1]


def _dump(stage: Stage) -> str:
    """Every row of every table, the full-text index's own among them (``sqlite3 .dump`` cannot read that index)."""
    tables = stage.rows("SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'")
    return "\n".join(repr(row) for (table,) in tables for row in stage.rows(f'SELECT * FROM "{table}"'))


async def _found_in_rooms(stage: Stage, person: HttpPerson, words: Sequence[str]) -> list[str]:
    """Messages of the bot with one of the words in them."""
    timeline = await person.timeline(stage.rooms["coffee-shop"])
    texts = [str(raw["content"]) for raw in timeline if raw["sender"] == stage.bot]
    return [f"message: {word}" for word in words if any(word in text for text in texts)][:1]


async def _found_by_asking(stage: Stage, person: HttpPerson, past: Past) -> list[str]:
    """Ask the library for each word."""
    room, wrong = stage.rooms["coffee-shop"], []
    for word in past.words:
        event = await person.say(room, f"!library search {word}")
        raw = await person.wait_for(room, lambda raw, event=event: answered(raw, stage.bot) == event, 240.0)  # type: ignore[misc]
        body = str(raw["content"]["body"])
        if "Title" in body or "Notes" in body:
            wrong.append(f"a search finds {word}")
    return wrong


async def _follow(stage: Stage, past: Past, seen: Away, deadline: float) -> None:
    """Rights follow the space, and an invitation to a direct chat is accepted."""
    kicked, invited = past.kicked, past.invited
    assert kicked is not None and invited is not None
    inside = {stage.rooms[key] for key in ("coffee-shop", "library", "announcements", "photos")}

    async def holds() -> bool:
        is_out = not inside & await kicked.joined()
        is_in = inside <= await invited.joined()
        return is_out and is_in and past.direct in await stage.rooms_of_bot()

    try:
        await stage.until(holds, deadline)
    except TimeoutError:
        out, there = inside & await kicked.joined(), inside - await invited.joined()
        seen.wrong.append(f"kicked but still in {len(out)}, invited but not in {len(there)} rooms, or no direct chat")


async def _acted_on(stage: Stage, past: Past) -> list[str]:
    """What was redacted before the bot saw it has no answer and no effect."""
    timeline = await stage.secretary.timeline(stage.rooms["coffee-shop"])
    answers = {answered(raw, stage.bot) for raw in timeline}
    made = {row[0] for row in stage.rows("SELECT command_event FROM item")}
    return [f"{event} was redacted and yet acted on" for event in past.unsaid if event in answers | made]
