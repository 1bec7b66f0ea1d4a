"""The cases: what ``make prove-NAME`` runs, in which size, and the sentence of figures that comes of it."""

import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from copp_bot.demo.homeserver import LocalHomeserver
from tests.rigs.driver import HttpPerson
from tests.rigs.load import Verdict
from tests.rigs.mutants.targets import EQUIVALENT, TARGETS
from tests.rigs.proofs import away, burst, drop, kill, mutants, out, outage, restored
from tests.rigs.stage import Stage, stage

MINUTES = 60.0
COMMANDS_A_ROOM = 5
"""So many commands in the one room for each other room: 500 and 100 in a full run."""
NOBODY = "no process"


@dataclass(frozen=True)
class Result:
    """What a run showed: its size in words, its figures, and whether what must hold held."""

    size: str
    figures: str
    holds: bool


Run = Callable[[LocalHomeserver, Path, int], Awaitable[Result]]
RunAlone = Callable[[int], Awaitable[Result]]


@dataclass(frozen=True)
class Case:
    """One case. ``full`` is its size in a full run, ``unit`` what is counted."""

    claim: str
    full: int
    unit: str
    run: Run


@dataclass(frozen=True)
class LoneCase:
    """One case that needs no homeserver."""

    claim: str
    full: int
    unit: str
    run: RunAlone


@asynccontextmanager
async def inhabited(
    homeserver: LocalHomeserver, folder: Path, extra_rooms: int = 0
) -> AsyncIterator[tuple[Stage, Sequence[HttpPerson]]]:
    """A community with five members; the bot is stopped."""
    async with stage(homeserver, folder, extra_rooms=extra_rooms) as made:
        await made.furnish()
        life = await made.running()
        people = await burst.crew(made)
        await life.stop()
        yield made, people


async def run_points(homeserver: LocalHomeserver, folder: Path, times: int) -> Result:
    """Every fail point."""
    at: Counter[str] = Counter()
    orphans = 0
    for point in kill.APPLYING:
        async with stage(homeserver, folder / point) as made:
            kills, more = await kill.prove_applying(made, times, point)
            at[point] += kills
            orphans += more
    async with inhabited(homeserver, folder / "running") as (made, people):
        killed = await kill.prove_points(made, people, times)
        verdict, wrong = await kill.verdict(made, killed)
    at.update(killed.at)
    if orphans:
        wrong.append(f"{orphans} orphan rooms after apply")
    size = f"{len(at)} fail points x {times}: {sum(at.values())} kills"
    return Result(
        size,
        _figures(verdict, wrong),
        verdict.is_clean and not wrong and all(at[point] for point in (*kill.APPLYING, *kill.RUNNING)),
    )


async def run_random(homeserver: LocalHomeserver, folder: Path, kills: int) -> Result:
    """Random moments."""
    async with inhabited(homeserver, folder) as (made, people):
        killed = await kill.prove_random(made, people, kills)
        verdict, wrong = await kill.verdict(made, killed)
    return Result(f"{kills} kills", _figures(verdict, wrong), verdict.is_clean and not wrong)


async def run_burst(homeserver: LocalHomeserver, folder: Path, size: int) -> Result:
    """As fast as the server takes them."""
    async with inhabited(homeserver, folder) as (made, people):
        verdict, took = await burst.prove_burst(made, people, size)
    return Result(f"{size} commands by 5 people", f"{verdict}; quiet after {took:.1f} s", verdict.is_clean)


async def run_burst_kill(homeserver: LocalHomeserver, folder: Path, size: int) -> Result:
    """Killed when a third is answered."""
    async with inhabited(homeserver, folder) as (made, people):
        verdict = await burst.prove_burst_kill(made, people, size)
    return Result(f"{size} commands by 5 people, 1 kill", str(verdict), verdict.is_clean)


async def run_away(homeserver: LocalHomeserver, folder: Path, size: int) -> Result:
    """The bot was off."""
    rooms = size // COMMANDS_A_ROOM
    async with inhabited(homeserver, folder, rooms) as (made, people):
        seen = await away.prove_away(made, people, size, rooms, size // 10)
    figures = (
        f"{seen.verdict}; all handled after {seen.handled_after:.1f} s; {seen.redacted} redacted things gone from "
        f"files, dump and rooms after {_seconds(seen.gone_after)} (while it was off) and "
        f"{_seconds(seen.last_gone_after)} (at the end){_wrong([*seen.wrong, *seen.left])}"
    )
    size_words = f"{size} commands in one room, {away.IN_EACH} in each of {rooms}, {seen.redacted} redactions"
    return Result(size_words, figures, seen.holds)


async def run_drop(homeserver: LocalHomeserver, folder: Path, size: int) -> Result:
    """Dropped responses."""
    async with inhabited(homeserver, folder) as (made, people):
        verdict, dropped = await drop.prove_drop(made, people, size)
    return Result(f"{size} commands", f"{verdict}; {dropped} responses dropped", verdict.is_clean and dropped > 0)


async def run_weather(homeserver: LocalHomeserver, folder: Path, size: int) -> Result:
    """Everything at once."""
    async with inhabited(homeserver, folder) as (made, people):
        verdict, done = await drop.prove_weather(made, people, size)
    what = ", ".join(f"{kind} {count}" for kind, count in done.items())
    return Result(f"{size} commands", f"{verdict}; {what}", verdict.is_clean and all(done.values()))


async def run_outage(homeserver: LocalHomeserver, folder: Path, minutes: int) -> Result:
    """Away, then each error for a twelfth of that."""
    async with inhabited(homeserver, folder) as (made, people):
        seen = await outage.prove_outage(made, people, minutes * MINUTES, minutes * MINUTES / 12)
    worst = max(seen.until_working, key=lambda name: seen.until_working[name])
    figures = (
        f"{seen.verdict}; at most {max(seen.most_syncs.values())} sync calls a minute; working again after at most "
        f"{seen.until_working[worst]:.1f} s ({worst}); pages served {seen.served}, not served {seen.unserved}; "
        f"/readyz {', '.join(f'{name} {status or NOBODY}' for name, status in seen.readiness.items())}"
    )
    size = f"away {minutes} min, {len(outage.ERRORS)} errors {minutes / 12:g} min each (time x {outage.HASTE:g})"
    return Result(size, figures, seen.holds)


async def run_out(homeserver: LocalHomeserver, folder: Path, size: int) -> Result:
    """Going out, in every way."""
    async with stage(homeserver, folder) as made:
        await made.furnish()
        seen = await out.prove_out(made, size)
    figures = (
        f"rooms, chat, pages and what is said in the room closed after {_median(seen.seconds)} (median), "
        f"{_seconds(max(seen.seconds, default=None))} at most{_wrong(seen.wrong)}"
    )
    is_whole = len(seen.seconds) == size and not seen.wrong
    return Result(f"{size} tries: {', '.join(out.ways(seen.tries))}", figures, is_whole)


async def run_restored(size: int) -> Result:
    """An older state of the homeserver comes back."""
    with tempfile.TemporaryDirectory(prefix="prove-", ignore_cleanup_errors=True) as folder:
        seen = await restored.prove_restored(Path(folder), size)
    shape = f"{size} commands before the backup, {seen.forgotten} forgotten, {size} after it came back"
    return Result(shape, _figures(seen.verdict, seen.wrong), seen.holds)


async def run_mutants(size: int) -> Result:
    """Every mutant of what decides, or so many."""
    tried = mutants.chosen(size)
    verdict = await mutants.prove_mutants(tried)
    every = sum(len(target.mutants()) for target in TARGETS)
    equivalent = sum(len(known) for known in EQUIVALENT.values())
    figures = (
        f"{verdict.tried - len(verdict.survivors)} noticed by the tests, {len(verdict.survivors)} not"
        f"{_wrong(verdict.survivors)}; {equivalent} more decide as the original and are listed with the reason"
    )
    return Result(f"{verdict.tried} of {every} mutants", figures, not verdict.survivors)


CASES: dict[str, Case | LoneCase] = {
    "kill-points": Case("kill -9 at every named fail point", 20, "times each", run_points),
    "kill-random": Case("kill -9 at random moments under load", 1000, "kills", run_random),
    "burst": Case("burst in one room", 500, "commands", run_burst),
    "burst-kill": Case("killed in a burst when a third is answered", 300, "commands", run_burst_kill),
    "away": Case("the bot was off", 500, "commands", run_away),
    "drop": Case("every 3rd response to a send dropped", 2000, "commands", run_drop),
    "weather": Case("every disturbance of the proxy, mixed", 300, "commands", run_weather),
    "mutants": LoneCase("every mutant of the gate and of what permits is noticed", 10_000, "mutants", run_mutants),
    "out": Case("leave, kick, ban, deactivate, demote: no access on any surface", 500, "tries", run_out),
    "restored": LoneCase("yesterday's homeserver comes back while the bot runs", 200, "commands", run_restored),
    "outage": Case("the homeserver is away, then answers errors", 60, "minutes", run_outage),
}
GROUPS = {"all": tuple(CASES), "kill": ("kill-points", "kill-random")}


def _figures(verdict: Verdict, wrong: Sequence[str]) -> str:
    return f"{verdict}; orphan rooms and whatever else is wrong: {', '.join(wrong) or 'none'}"


def _wrong(found: Sequence[str]) -> str:
    return f"; wrong: {', '.join(found)}" if found else ""


def _median(values: Sequence[float]) -> str:
    return f"{median(values):.1f} s" if values else "never"


def _seconds(value: float | None) -> str:
    return "more than a minute" if value is None else f"{value:.1f} s"
