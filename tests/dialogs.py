"""Dialogs in features' READMEs, run as tests.

A fenced block ``dialog`` has lines ``who @ place: what is said`` followed by indented lines: the bot's answer. ``…``
stands for anything. ``who`` is one of the cast below; ``place`` a declared room key or ``direct``. In place of what is
said: ``posts name.pdf [caption]``, ``reacts ✅`` or ``replies 1`` (to the bot's last message there), and ``waits`` for
what the bot says by itself; ``comments TEXT`` in the thread of what it said so last. ``⏎`` is a new line.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from tests.house import House, is_answer, shown
from tests.samples import sample
from tests.world import Person

_TURN = re.compile(r"^(\w[\w-]*) @ ([\w/-]+): ?(.*)$")
_BLOCK = re.compile(r"^```dialog\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_ACTS = frozenset(("posts", "waits", "comments", "reacts", "replies"))
_NUMBER = re.compile(r"\b([LBJPMACSQ])(\d{4,})\b")


@dataclass(frozen=True)
class Turn:
    """One thing said, and what must be answered (empty: nothing is looked at)."""

    who: str
    place: str
    said: str
    answer: tuple[str, ...]


def dialogs_of(readme: Path) -> list[list[Turn]]:
    """Every dialog of a README."""
    return [_turns(block) for block in _BLOCK.findall(readme.read_text(encoding="utf-8"))]


def acts(dialog: list[Turn]) -> set[str]:
    """What is done in it beside saying something."""
    return {verb for turn in dialog if (verb := turn.said.partition(" ")[0]) in _ACTS}


async def play(house: House, cast: dict[str, Person], dialog: list[Turn]) -> None:
    """Play a dialog; an answer that reads otherwise fails with both texts. Short ids in it are learned as they come."""
    ids: dict[str, str] = {}
    for turn in dialog:
        person = cast[turn.who]
        said = _with_people(_with_ids(turn.said, ids), cast).replace(" ⏎ ", "\n")
        answer = await _act(house, person, turn.place, said)
        expected = [_with_ids(line, ids) for line in turn.answer]
        if expected:
            _compare(turn, expected, answer, ids)


async def _act(house: House, person: Person, place: str, said: str) -> str:
    room = await house.room(person, place)
    verb, _, rest = said.partition(" ")
    if verb == "posts":
        name, _, caption = rest.partition(" ")
        data, media_type = sample(name)
        event = await person.post_file(room, name, data, media_type, caption=caption or None)
        return await house.answer(person, room, event)
    if verb == "waits":
        return (await house.said(person, place))[-1]
    if verb == "comments":
        await person.say(room, rest, thread=await _thread(house, person, room))
        return ""
    if verb in ("reacts", "replies"):
        last = await _last_message(house, person, room)
        if verb == "replies":
            event = await person.say(room, rest, reply_to=last)
            return await house.answer(person, room, event)
        await person.react(room, last, rest)
        return (await house.said(person, place))[-1]
    return await house.ask(person, place, said)


async def _thread(house: House, person: Person, room: str) -> str:
    """The last message by which the bot has begun something by itself."""
    await house.settled()
    messages = [raw for raw in await person.timeline(room) if raw["type"] == "m.room.message" and raw["content"]]
    return str(
        [raw for raw in messages if raw["sender"] == house.bot and "m.relates_to" not in raw["content"]][-1]["event_id"]
    )


async def _last_message(house: House, person: Person, room: str) -> str:
    await house.settled()
    own = [
        raw["event_id"]
        for raw in await person.timeline(room)
        if raw["sender"] == house.bot
        and raw["type"] == "m.room.message"
        and "m.new_content" not in raw["content"]
        and raw["content"]
    ]
    return str(own[-1])


def _compare(turn: Turn, expected: list[str], answer: str, ids: dict[str, str]) -> None:
    got = answer.split("\n")
    where = f"\n{turn.who} @ {turn.place}: {turn.said}\nexpected: {expected}\ngot:      {got}"
    assert len(got) == len(expected) or "…" in expected, where
    pattern = "\n".join(_pattern(line, ids) for line in expected)
    assert re.fullmatch(pattern, answer, re.DOTALL), where
    _learn(expected, got, ids)


def _pattern(line: str, ids: dict[str, str]) -> str:
    """``…`` is anything; an id that is not known yet is any id of its letter."""
    parts = []
    for piece in line.split("…"):
        escaped = re.escape(piece)
        parts.append(_NUMBER.sub(lambda m: m[0] if m[0] in ids.values() else rf"{m[1]}\d+", escaped))
    return ".*".join(parts)


def _learn(expected: list[str], got: list[str], ids: dict[str, str]) -> None:
    """Remember which real id stands for the README's."""
    for written, real in zip(expected, got, strict=False):
        for known, found in zip(_NUMBER.finditer(written), _NUMBER.finditer(real), strict=False):
            if known[1] == found[1] and known[0] not in ids.values():
                ids.setdefault(known[0], found[0])


def _with_ids(text: str, ids: dict[str, str]) -> str:
    return _NUMBER.sub(lambda m: ids.get(m[0], m[0]), text)


def _with_people(text: str, cast: dict[str, Person]) -> str:
    """Names as full ids, which on a real homeserver carry a suffix."""
    return re.sub(r"@(\w+)\b(?!:)", lambda m: cast[m[1]].user_id if m[1] in cast else m[0], text)


def _turns(block: str) -> list[Turn]:
    turns: list[Turn] = []
    for line in block.splitlines():
        found = _TURN.match(line)
        if found:
            turns.append(Turn(found[1], found[2], found[3], ()))
        elif line.strip():
            last = turns[-1]
            turns[-1] = Turn(last.who, last.place, last.said, (*last.answer, line.strip()))
    return turns


__all__ = ["Turn", "dialogs_of", "is_answer", "play", "shown"]
