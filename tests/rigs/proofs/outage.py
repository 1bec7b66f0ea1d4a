"""The homeserver is away, and then something else answers in its place; afterwards everything goes on.

Time is compressed: while the trouble lasts, the bot's clock and timers run ``HASTE`` times as fast
(``tests/rigs/haste.py``). When it ends they slow down, since what the machine itself must do takes its own time.
Connections of a homeserver that is away are accepted and broken, so that they can be counted.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.rigs.driver import HttpPerson
from tests.rigs.load import Said, Verdict, answered, say
from tests.rigs.proofs.burst import WITHIN, judged
from tests.rigs.proxy import Fault, Kind
from tests.rigs.stage import Stage

SYNC = "GET /_matrix/client/v3/sync"
MINUTE = 60.0
HASTE = 20.0
ERRORS = (
    Kind.TOO_MANY,
    Kind.BROKEN,
    Kind.BAD_GATEWAY,
    Kind.UNAUTHORISED,
    Kind.HTML,
    Kind.EMPTY,
    Kind.DROP_RESPONSE,
    Kind.UNKNOWN_TOKEN,
)
MOST_SYNCS = 12
SOON = 30.0
PATIENCE = 240.0
RESTART = 5.0
"""Seconds after which a service manager starts it again (``docs/operating.md``)."""


@dataclass
class Outage:
    """What was seen; times in seconds of the bot's clock.

    Args:
        most_syncs: sync calls in the busiest minute of each trouble.
        until_working: from the end of each trouble until a command said at that moment was answered.
        readiness: statuses of ``/readyz`` at the end of each trouble.
        unserved: pages that were not served.
        ends: how often the process ended, and was started again.
    """

    recovery: float
    said: list[Said] = field(default_factory=list)
    most_syncs: dict[str, int] = field(default_factory=dict)
    until_working: dict[str, float] = field(default_factory=dict)
    readiness: dict[str, int] = field(default_factory=dict)
    unserved: int = 0
    served: int = 0
    ends: int = 0
    verdict: Verdict = field(default_factory=Verdict)

    @property
    def holds(self) -> bool:
        """Nothing lost, few calls, soon working again, and honest about it meanwhile."""
        is_patient = max(self.most_syncs.values()) <= MOST_SYNCS
        is_soon = max(self.until_working.values()) <= SOON
        return self.verdict.is_clean and is_patient and is_soon and not self.unserved and self._said_so

    @property
    def _said_so(self) -> bool:
        """No trouble was called well; a process that has ended says nothing."""
        return all(status == 503 for name, status in self.readiness.items() if name != Kind.UNKNOWN_TOKEN)


async def prove_outage(
    stage: Stage,
    people: Sequence[HttpPerson],
    away: float,
    each: float,
    errors: Sequence[Kind] = ERRORS,
    recovery: float = 1.0,
) -> Outage:
    """Away for so many seconds of the bot's clock, then each error for so many.

    Args:
        recovery: the pace of the bot's clock when a trouble has ended.
    """
    seen = Outage(recovery=recovery)
    stage.hasten(recovery)
    keeping = asyncio.create_task(_kept_running(stage, seen))
    await stage.until(stage.is_ready, 60.0)
    try:
        await _trouble(stage, people, seen, "away", Fault(Kind.DROP_REQUEST), away)
        for kind in errors:
            await _trouble(stage, people, seen, str(kind), Fault(kind), each)
        await stage.quiet([command.event for command in seen.said], WITHIN)
    finally:
        stage.proxy.faults = []
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        await stage.close()
    seen.verdict = await judged(stage, seen.said)
    return seen


async def _trouble(
    stage: Stage, people: Sequence[HttpPerson], seen: Outage, name: str, fault: Fault, lasts: float
) -> None:
    room = stage.rooms["coffee-shop"]
    stage.hasten(HASTE)
    stage.proxy.faults, began = [fault], time.monotonic()
    end = began + lasts / HASTE
    turn = 0
    while time.monotonic() < end:
        person = people[turn % len(people)]
        seen.said.append(await say(person, room, f"{name}-{turn}".replace(" ", "-"), makes=turn % 2 == 0))
        if fault.kind is not Kind.UNKNOWN_TOKEN:  # then the process itself is not there
            await _look_at_pages(stage, seen)
        turn += 1
        await asyncio.sleep(min(0.5, max(0.0, end - time.monotonic())))
    seen.readiness[name] = await stage.page("/readyz")
    seen.most_syncs[name] = busiest(_syncs(stage, began), MINUTE / HASTE)
    stage.hasten(seen.recovery)
    stage.proxy.faults, ended = [], time.monotonic()
    last = await say(people[0], room, f"{name}-after".replace(" ", "-"))
    seen.said.append(last)
    await people[0].wait_for(room, lambda raw: answered(raw, stage.bot) == last.event, PATIENCE)
    seen.until_working[name] = (time.monotonic() - ended) * seen.recovery


async def _look_at_pages(stage: Stage, seen: Outage) -> None:
    for path in ("/", "/healthz"):
        if await stage.page(path) == 200:
            seen.served += 1
        else:
            seen.unserved += 1


def _syncs(stage: Stage, since: float) -> list[float]:
    return [call.at for call in stage.proxy.calls if call.line == SYNC and call.at >= since]


def busiest(moments: Sequence[float], window: float) -> int:
    """The most moments in any window of this length."""
    return max((sum(start <= at < start + window for at in moments) for start in moments), default=0)


async def _kept_running(stage: Stage, seen: Outage) -> None:
    """What a service manager does."""
    while True:
        await stage.life().ended()
        seen.ends += 1
        await asyncio.sleep(RESTART / seen.recovery)
