"""Bursts: many commands at once, without and with a kill in the middle."""

import asyncio
import time
from collections.abc import Sequence

from tests.rigs.driver import HttpPerson
from tests.rigs.load import Said, Verdict, burst, judge
from tests.rigs.stage import Stage

PEOPLE = ("anna", "ben", "chloe", "david", "emma", "fay")
SENDS = "/send/m.room.message/"
WITHIN = 600.0


async def judged(stage: Stage, said: Sequence[Said], reader: HttpPerson | None = None) -> Verdict:
    """What came of the commands, by the timelines and the database file."""
    rooms = dict.fromkeys(command.room for command in said)
    timelines = [await (reader or stage.secretary).timeline(room) for room in rooms]
    made = stage.rows("SELECT command_event FROM item ORDER BY id")
    return judge(said, timelines, stage.bot, [str(row[0]) for row in made])


async def crew(stage: Stage) -> list[HttpPerson]:
    """Five members, and a spare one."""
    *people, stage.spare = await stage.members(*PEOPLE)
    return people


async def prove_burst(stage: Stage, people: Sequence[HttpPerson], size: int) -> tuple[Verdict, float]:
    """``size`` commands as fast as the homeserver takes them; the verdict, and the seconds until all was quiet."""
    life = await stage.running()
    began = time.monotonic()
    said = await burst(people, stage.rooms["coffee-shop"], size, f"burst-{began}")
    await stage.quiet([command.event for command in said], WITHIN)
    took = time.monotonic() - began
    await life.stop()
    return await judged(stage, said), took


async def prove_burst_kill(stage: Stage, people: Sequence[HttpPerson], size: int) -> Verdict:
    """Killed when a third is answered, restarted at once."""
    life = await stage.running()
    before = stage.proxy.count(SENDS)
    speaking = asyncio.create_task(burst(people, stage.rooms["coffee-shop"], size, f"kill-{time.monotonic()}"))
    await stage.until(lambda: _sent(stage, before + size // 3), WITHIN)
    await life.kill()
    life = stage.life()
    said = await speaking
    await stage.quiet([command.event for command in said], WITHIN)
    await life.stop()
    return await judged(stage, said)


async def _sent(stage: Stage, count: int) -> bool:
    return stage.proxy.count(SENDS) >= count
