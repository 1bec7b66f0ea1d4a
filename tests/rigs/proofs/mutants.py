"""Mutation: every mutant of what decides is tried, and has to be noticed by the quick tests."""

import asyncio
import json
import os
import random
import sys
from asyncio.subprocess import Process
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.rigs.mutants.making import Mutant
from tests.rigs.mutants.targets import ROOT, TARGETS, Target

PASSED, NOTICED, TIMED_OUT = 0, 1, -1
Tried = tuple[Target, Mutant]


@dataclass
class Verdict:
    """What came of a run."""

    tried: int = 0
    by: Counter[str] = field(default_factory=Counter)
    """How many were noticed by each file of tests."""
    survivors: list[str] = field(default_factory=list)
    proven: set[tuple[str, ...]] = field(default_factory=set)
    """Tests that were seen to pass where nothing is changed."""


def chosen(size: int, seed: int = 0) -> list[Tried]:
    """So many of all mutants, the same for the same seed; all of them where there are no more."""
    every = [(target, one) for target in TARGETS for one in target.mutants()]
    return every if size >= len(every) else random.Random(seed).sample(every, size)


async def prove_mutants(tried: Sequence[Tried]) -> Verdict:
    """Try them, in as many processes as there are cores.

    Raises:
        RuntimeError: the tests fail without a mutant.
    """
    verdict, waiting = Verdict(len(tried)), list(reversed(tried))
    tests = sorted({test.partition("::")[0] for target, _mutant in tried for test in target.tests})
    async with asyncio.TaskGroup() as group:
        for _ in range(min(os.cpu_count() or 1, len(tried))):
            group.create_task(_work(tests, waiting, verdict))
    verdict.survivors.sort()
    return verdict


async def _work(tests: Sequence[str], waiting: list[Tried], verdict: Verdict) -> None:
    worker = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.rigs.mutants.worker", *tests, cwd=ROOT, limit=2**20,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        while waiting:
            target, mutant = waiting.pop()
            if target.tests not in verdict.proven:
                verdict.proven.add(target.tests)
                await _must_pass(worker, target, mutant)
            _note(verdict, target, mutant, await _ask(worker, target, mutant, mutant.text))
    finally:
        if worker.returncode is None:
            worker.kill()
            await worker.wait()


async def _must_pass(worker: Process, target: Target, mutant: Mutant) -> None:
    answer = await _ask(worker, target, mutant, None)
    if answer["code"] != PASSED:
        raise RuntimeError(f"without a mutant {answer['by'] or 'something'} fails: {answer.get('why')}")


async def _ask(worker: Process, target: Target, mutant: Mutant, text: str | None) -> dict[str, Any]:
    assert worker.stdin is not None and worker.stdout is not None
    module = target.file.removesuffix(".py").replace("/", ".")
    wish = {"module": module, "function": mutant.function, "text": text, "tests": target.tests}
    worker.stdin.write(json.dumps(wish).encode() + b"\n")
    answer: dict[str, Any] = json.loads(await worker.stdout.readline())
    return answer


def _note(verdict: Verdict, target: Target, mutant: Mutant, answer: dict[str, Any]) -> None:
    where = f"{target.file}:{mutant.line} {mutant.name}"
    if answer["code"] not in (PASSED, NOTICED, TIMED_OUT):
        raise RuntimeError(f"the tests could not be run over {where}")
    if answer["code"] == PASSED:
        verdict.survivors.append(where)
    else:
        verdict.by[answer["by"].partition("::")[0]] += 1
    print("SURVIVED" if answer["code"] == PASSED else "noticed ", where, "|", answer["by"], flush=True)
