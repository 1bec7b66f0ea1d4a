"""Yesterday's homeserver comes back while the bot runs: noticed, made good, and nothing is said, done or made twice."""

import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from copp_bot.demo.homeserver import LocalHomeserver
from tests.rigs.driver import HttpPerson
from tests.rigs.load import Said, Verdict, burst
from tests.rigs.proofs.burst import WITHIN, crew, judged
from tests.rigs.proofs.kill import orphans
from tests.rigs.stage import Stage, stage

SERVER = "restored.localhost"
NOTICE = "older state"


@dataclass
class Restored:
    """What was seen.

    Args:
        verdict: of the commands of yesterday, and of those after the restoration.
        forgotten: commands that are gone from the homeserver.
        wrong: what else did not hold.
    """

    verdict: Verdict = field(default_factory=Verdict)
    forgotten: int = 0
    wrong: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Nothing lost, nothing doubled, everything made good."""
        return self.verdict.is_clean and not self.wrong


async def prove_restored(folder: Path, size: int) -> Restored:
    """So many commands are said before the backup, so many that it does not have, and so many after it came back."""
    place, backup = folder / "homeserver", folder / "backup"
    homeserver = await _started(place, 0)
    try:
        async with stage(homeserver, folder / "bot") as made:
            await made.furnish()
            life = await made.running()
            people = await crew(made)
            room = made.rooms["coffee-shop"]
            kept = await _burst(made, people, room, size, "kept")
            await homeserver.stop()
            shutil.copytree(place, backup)
            homeserver = made.homeserver = await _started(place, homeserver.port)
            forgotten = await _burst(made, people, room, size, "forgotten")
            await people[0].leave(made.rooms["library"])
            await made.quiet([], WITHIN)
            await homeserver.stop()
            shutil.rmtree(place)
            shutil.copytree(backup, place)
            homeserver = made.homeserver = await _started(place, homeserver.port)
            said = await burst(people, room, size, "after")  # the bot has not noticed anything yet
            await made.until(lambda: _is_told(made), WITHIN)
            await made.quiet([one.event for one in said], WITHIN)
            await life.stop()
            return await _seen(made, people[0], [*kept, *said], forgotten)
    finally:
        await homeserver.stop()


async def _started(folder: Path, port: int) -> LocalHomeserver:
    return await LocalHomeserver.start(folder, port, server_name=SERVER, test=True)


async def _burst(made: Stage, people: Sequence[HttpPerson], room: str, size: int, mark: str) -> list[Said]:
    said = await burst(people, room, size, mark)
    assert await made.quiet([one.event for one in said], WITHIN), made.last_words()
    return said


async def _is_told(made: Stage) -> bool:
    return bool(await _notices(made))


async def _notices(made: Stage) -> list[str]:
    timeline = await made.secretary.timeline(made.rooms["secretariat"])
    return [body for raw in timeline if NOTICE in (body := str(raw["content"].get("body")))]


async def _seen(made: Stage, back: HttpPerson, there: Sequence[Said], forgotten: Sequence[Said]) -> Restored:
    """Compare: what is on the homeserver, in the database, and in both.

    Args:
        back: who has left the library, which is forgotten, too.
        there: the commands that the homeserver has.
    """
    seen = Restored(forgotten=len(forgotten))
    made_by = Counter(str(row[0]) for row in made.rows("SELECT command_event FROM item"))
    seen.verdict = await judged(made, there)
    seen.wrong += [
        f"made {made_by[one.event]} times: {one.body}" for one in forgotten if made_by[one.event] != one.makes
    ]
    if (count := len(await _notices(made))) != 1:
        seen.wrong.append(f"told {count} times")
    if count := await orphans(made):
        seen.wrong.append(f"{count} rooms too many")
    there_now = made.rows(
        "SELECT r.key FROM membership m JOIN room r ON r.room_id = m.room_id "
        "WHERE m.user_id = ? AND m.membership = 'join' AND r.key IS NOT NULL",
        back.user_id,
    )
    known = {made.rooms[str(key)] for (key,) in there_now}
    if known != await back.joined() & set(made.rooms.values()):
        seen.wrong.append("the mirror has somebody in other rooms than the homeserver")
    return seen
