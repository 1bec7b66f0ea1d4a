"""The network drops answers: what was sent is sent again, and stands there once."""

import time
from collections.abc import Sequence

from tests.rigs.driver import HttpPerson
from tests.rigs.load import Verdict, burst
from tests.rigs.proofs.burst import SENDS, WITHIN, judged
from tests.rigs.proxy import Fault, Kind
from tests.rigs.stage import Stage

EVERY = 3


async def prove_drop(stage: Stage, people: Sequence[HttpPerson], sends: int) -> tuple[Verdict, int]:
    """Every third response to a send is dropped; the verdict, and how many were."""
    fault = Fault(Kind.DROP_RESPONSE, on=SENDS, every=EVERY)
    return await under(stage, people, sends, [fault]), fault.done


async def prove_weather(stage: Stage, people: Sequence[HttpPerson], size: int) -> tuple[Verdict, dict[Kind, int]]:
    """Everything that a network does on a bad day, mixed; the verdict, and how often each happened."""
    kinds = [kind for kind in Kind if kind is not Kind.UNKNOWN_TOKEN]  # that ends the process
    faults = [
        Fault(kind, on="/sync" if kind is Kind.LIMITED else "", every=every, seconds=0.2)
        for kind, every in zip(kinds, (7, 11, 5, 9, 13, 17, 19, 23, 29, 31, 2), strict=True)
    ]
    verdict = await under(stage, people, size, faults)
    return verdict, {fault.kind: fault.done for fault in faults}


async def under(stage: Stage, people: Sequence[HttpPerson], size: int, faults: list[Fault]) -> Verdict:
    """A burst while these faults happen."""
    life = await stage.running()
    stage.proxy.faults = faults
    try:
        said = await burst(people, stage.rooms["coffee-shop"], size, f"drop-{time.monotonic()}")
        await stage.quiet([command.event for command in said], WITHIN)
    finally:
        stage.proxy.faults = []
    await life.stop()
    return await judged(stage, said)
