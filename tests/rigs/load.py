"""The load: commands said as fast as the homeserver takes them, and what came of each.

The rule it keeps: no code of the bot (``test_driver.py``); answers are counted in the homeserver's timeline.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tests.rigs.driver import HttpPerson
from tests.world import Raw

NOWHERE = "https://192.0.2.1"
"""An address for documentation (RFC 5737): links that the bot shelves and never fetches."""


@dataclass(frozen=True)
class Said:
    """One command. ``makes`` says that it shelves a resource."""

    event: str
    room: str
    sender: str
    body: str
    makes: bool


async def say(person: HttpPerson, room: str, mark: str, *, makes: bool = True) -> Said:
    """Say one command that shelves a link, or one that only asks. ``mark`` makes it the only one of its kind."""
    body = f"!library add {NOWHERE}/{mark} Load {mark}" if makes else f"!help {mark}"
    return Said(await person.say(room, body), room, person.user_id, body, makes)


async def burst(people: Sequence[HttpPerson], room: str, count: int, mark: str) -> list[Said]:
    """So many commands by these people, all at once; each person waits only for the homeserver."""

    async def one(number: int, person: HttpPerson) -> list[Said]:
        mine = range(number, count, len(people))
        return [await say(person, room, f"{mark}-{turn}", makes=turn % 4 != 3) for turn in mine]

    said = await asyncio.gather(*(one(number, person) for number, person in enumerate(people)))
    return [command for part in said for command in part]


@dataclass
class Verdict:
    """What came of the commands."""

    said: int = 0
    answered: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    effects_lost: list[str] = field(default_factory=list)
    effects_doubled: list[str] = field(default_factory=list)
    effects_out_of_order: int = 0
    answers_out_of_order: int = 0

    @property
    def is_clean(self) -> bool:
        """Each command had exactly one answer and one effect, in order."""
        wrong = (self.lost, self.doubled, self.effects_lost, self.effects_doubled)
        return not any(wrong) and not self.effects_out_of_order and not self.answers_out_of_order

    def __str__(self) -> str:
        return (
            f"{self.answered} of {self.said} answered, lost {len(self.lost)}, doubled {len(self.doubled)}, "
            f"effects lost {len(self.effects_lost)}, effects doubled {len(self.effects_doubled)}, "
            f"effects out of order {self.effects_out_of_order}, answers out of order {self.answers_out_of_order}"
        )


def judge(said: Sequence[Said], timelines: Iterable[Sequence[Raw]], bot: str, made: Sequence[str]) -> Verdict:
    """Compare what was said with what is there.

    Args:
        timelines: of every room, oldest first.
        made: the commands that shelved something, as the database file has them, oldest first.
    """
    verdict = Verdict(len(said))
    by_event = {command.event: command for command in said}
    answers: Counter[str] = Counter()
    for timeline in timelines:
        order = [raw["event_id"] for raw in timeline if raw["event_id"] in by_event]
        replies = [to for raw in timeline if (to := answered(raw, bot)) in by_event]
        answers.update(replies)
        verdict.answers_out_of_order += _out_of_order(order, replies, by_event)
        wanted = [event for event in order if by_event[event].makes]
        here = set(wanted)
        got = [event for event in dict.fromkeys(made) if event in here]
        verdict.effects_out_of_order += [event for event in wanted if event in set(got)] != got
    effects = Counter(event for event in made if event in by_event)
    for command in said:
        count = answers[command.event]
        verdict.answered += count == 1
        _sort(command.event, count, 1, verdict.lost, verdict.doubled)
        _sort(command.event, effects[command.event], int(command.makes), verdict.effects_lost, verdict.effects_doubled)
    return verdict


def answered(raw: Raw, bot: str) -> str:
    """The event that a message of the bot answers; edits answer nothing."""
    if raw["sender"] != bot or raw["type"] != "m.room.message":
        return ""
    relation = raw.get("content", {}).get("m.relates_to", {})
    return str(relation.get("m.in_reply_to", {}).get("event_id", ""))


def _out_of_order(order: Sequence[str], replies: Sequence[str], by_event: dict[str, Said]) -> int:
    """For how many people the answers stand in another order than their commands."""
    wrong = 0
    for person in {by_event[event].sender for event in order}:
        got = [event for event in dict.fromkeys(replies) if by_event[event].sender == person]
        wrong += [event for event in order if event in set(got) and by_event[event].sender == person] != got
    return wrong


def _sort(event: str, count: int, wanted: int, lost: list[str], doubled: list[str]) -> None:
    if count < wanted:
        lost.append(event)
    elif count > wanted:
        doubled.append(event)
