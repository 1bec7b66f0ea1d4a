"""Meetings in a running community: what is edited, taken back, and read on one's own clock."""

import re
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.fakes.person import FakeWorld
from tests.house import House, community

HOME = "rhythm/home"


class _Clock:
    """Runs on from noon in Paris on Thursday 26 November 2026, so that the days in the tests stay ahead."""

    def __init__(self) -> None:
        self._behind = datetime.now(UTC) - datetime(2026, 11, 26, 11, 0, tzinfo=UTC)

    def now(self) -> datetime:
        """Aware UTC."""
        return datetime.now(UTC) - self._behind

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return time.monotonic()


@pytest.fixture
async def house(tmp_path: Path, database_url: str) -> AsyncIterator[House]:
    """Lucia and João in a group, Goran in none."""
    world = FakeWorld()
    async with community(world, tmp_path, clock=_Clock(), database_url=database_url) as made:
        for name in ("lucia", "joao"):
            await made.member(name, "rhythm")
        await made.member("goran")
        yield made
    await world.close()


async def plan(house: House, text: str) -> tuple[str, str]:
    """Lucia plans; the event of her command, and the short id."""
    room = house.rooms[HOME]
    event = await house.people["lucia"].say(room, f"!meet new {text}")
    answer = await house.answer(house.people["lucia"], room, event)
    found = re.search(r"\bM\d+", answer)
    assert found, answer
    return event, found[0]


async def test_everyone_reads_their_own_clock(house: House) -> None:
    """Privately that of the reader; in the room the meeting's, with the others beside it."""
    lucia, joao = house.people["lucia"], house.people["joao"]
    await house.ask(joao, "direct", "!me timezone Asia/Kathmandu")
    room = house.rooms[HOME]
    event = await lucia.say(room, "!meet new Circle | 2027-01-14 20:00 Europe/Athens | 1h30")
    answer = await house.answer(lucia, room, event)
    number = re.findall(r"M\d+", answer)[0]
    assert "Thursday 14 January 2027, 20:00–21:30 (Athens)" in answer and "That is 23:45 Kathmandu" in answer
    shown = await house.ask(joao, "direct", f"!meet show {number}")
    assert "Thursday 14 January 2027, 23:45–01:15 (Kathmandu)" in shown and "That is 20:00 Athens" in shown
    assert "23:45 (Kathmandu)" in await house.ask(joao, "direct", "!meet list")


async def test_an_edited_command_changes_the_meeting(house: House) -> None:
    """Its words at once, its time where that is clear; the same words for the time leave the time."""
    lucia, joao, room = house.people["lucia"], house.people["joao"], house.rooms[HOME]
    event, number = await plan(house, "Circle | 2027-01-14 18:00")
    await house.ask(lucia, HOME, f"!meet move {number} 2027-01-15 18:00")
    await lucia.edit(room, event, "!meet new Ring | 2027-01-14 18:00 | where Room 4")
    await house.settled()
    shown = await house.ask(joao, HOME, f"!meet show {number}")
    assert "Ring – Friday 15 January 2027, 18:00" in shown and "Where: Room 4" in shown
    await lucia.edit(room, event, "!meet new Ring | 2027-02-02 09:00")
    await house.settled()
    assert "Tuesday 2 February 2027, 09:00" in await house.ask(joao, HOME, f"!meet show {number}")
    await lucia.edit(room, event, "!meet new Ring | 30 February 09:00")
    await house.settled()
    assert "as a day of the calendar" in (await house.said(lucia, HOME))[-1]
    await lucia.edit(room, event, "!meet new Ring | 2027-03-03 at 9")
    await house.settled()
    assert "Which time do you mean?" in (await house.said(lucia, HOME))[-1]
    assert "Tuesday 2 February 2027, 09:00" in await house.ask(joao, HOME, f"!meet show {number}")
    await joao.edit(room, event, "!meet new Mine | 2027-05-05 18:00")
    await house.settled()
    assert "Ring" in await house.ask(joao, HOME, f"!meet show {number}")


async def test_a_redacted_command_takes_the_meeting_away(house: House) -> None:
    """Those who answered are told, without its words; nothing of it is left to be read."""
    lucia, joao, room = house.people["lucia"], house.people["joao"], house.rooms[HOME]
    event, number = await plan(house, "Zzcircle | 2027-01-14 18:00")
    await house.ask(joao, "direct", f"!meet rsvp {number} yes")
    await lucia.redact(room, event)
    await house.settled()
    said = await house.said(joao, "direct")
    assert said[-1] == f"{number} was withdrawn by the one who planned it: it does not take place."
    assert "Zzcircle" not in "\n".join([*said, *await house.said(joao, HOME)])
    answer = await house.ask(joao, "direct", f"!meet show {number}")
    assert answer == f"There is no {number}. Check the number."


async def test_a_choice_makes_it_and_its_command_still_takes_it_away(house: House) -> None:
    """What was chosen by a reaction belongs to the command that was typed; others cannot choose."""
    lucia, joao, room = house.people["lucia"], house.people["joao"], house.rooms[HOME]
    event = await lucia.say(room, "!meet new Zzring | 2027-10-31 02:30 Europe/Paris | places 3")
    question = await house.answer(lucia, room, event)
    assert "shows that hour twice" in question or "show that hour twice" in question
    asked = [raw for raw in await lucia.timeline(room) if "hour twice" in str(raw["content"].get("body", ""))]
    await joao.react(room, asked[-1]["event_id"], "1️⃣")
    await house.settled()
    assert "Nothing is planned here" in await house.ask(joao, HOME, "!meet list")
    await lucia.react(room, asked[-1]["event_id"], "2️⃣")
    await house.settled()
    assert "02:30 (Paris) – Zzring" in await house.ask(joao, HOME, "!meet list")
    await lucia.redact(room, event)
    await house.settled()
    assert "Nothing is planned here" in await house.ask(joao, HOME, "!meet list")


async def test_who_left_the_group_has_lost_it(house: House) -> None:
    """In list, answers and what is told about it."""
    lucia, joao = house.people["lucia"], house.people["joao"]
    _event, number = await plan(house, "Circle | 2027-01-14 18:00")
    await house.ask(joao, "direct", f"!meet rsvp {number} yes")
    await joao.leave(house.rooms["rhythm"])
    await house.settled()
    assert "Nothing is planned here" in await house.ask(joao, "direct", "!meet list")
    assert "There is no" in await house.ask(joao, "direct", f"!meet rsvp {number} no")
    before = len(await house.said(joao, "direct"))
    moved = await house.ask(lucia, HOME, f"!meet move {number} 2027-01-15 18:00")
    assert moved.endswith("18:00 (Paris).") and len(await house.said(joao, "direct")) == before


async def test_one_of_a_series(house: House) -> None:
    """Named by its day; the others stay."""
    lucia, joao = house.people["lucia"], house.people["joao"]
    _event, number = await plan(house, "Circle | 2027-01-14 18:00 | repeat weekly 3 times")
    answer = await house.ask(lucia, HOME, f"!meet cancel {number} on:2027-01-15")
    assert answer == "There is no meeting of this series on 2027-01-15."
    answer = await house.ask(lucia, HOME, f"!meet cancel {number} on:2027-01-14")
    assert "does not take place on Thursday 14 January 2027, 18:00 (Paris)." in answer
    assert "Thursday 21 January 2027" in await house.ask(joao, HOME, f"!meet show {number}")
    answer = await house.ask(lucia, HOME, f"!meet move {number} 2027-01-22 18:00 on:2027-01-21")
    assert "is now on Friday 22 January 2027, 18:00" in answer
    assert "Friday 22 January 2027, 18:00" in await house.ask(joao, HOME, f"!meet show {number}")
