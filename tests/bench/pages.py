"""How long the pages take on a library of 100,000 things: ``python -m tests.bench.pages`` prints the table.

What is measured is the time from request to whole answer on this machine, with looking up who asks. The rows are
written as they are kept, without the full-text index, which has measurements of its own.
"""

import asyncio
import random
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import insert
from sqlmodel import Session

from storage.tables.items import ItemRow, ItemTagRow
from storage.tables.library import ResourceRow
from tests.fakes.person import FakeWorld
from tests.house import House, community
from tests.web.browser import Browser, browser

THINGS = 100_000
TIMES = 50
FIRST = 1_000
AUDIENCES = ("community", "community", "group:rhythm", "group:archive")
TAGS = [f"tag{number}" for number in range(200)]
PAGES = (
    "/",
    "/home",
    "/library",
    f"/library?tag={TAGS[3]}",
    "/library?lang=fr&page=5",
    "/library/tags",
    "/library/add",
    "/groups",
    "/groups/rhythm",
    "/me",
    "/audit",
    "/activity",
)


def main() -> None:
    """Print a row for each page."""
    print("| page | kB | median ms | p95 ms |\n|---|---|---|---|")
    asyncio.run(_measured())


async def _measured() -> None:
    world = FakeWorld()
    with tempfile.TemporaryDirectory() as folder:
        async with community(world, Path(folder)) as house, browser(house) as page:
            odile = await house.member("odile", "rhythm", "archive", roles=(("secretariat", "community"),))
            await _fill(house)
            await page.sign_in(odile)
            found = (await page.get("/library")).tree.css_first("ul.list h3 a")
            assert found is not None
            for path in (*PAGES, found.attributes["href"] or ""):
                print(_row(path, *await _times(page, path)), flush=True)
    await world.close()


async def _fill(house: House) -> None:
    rng, now = random.Random(1), house.app.clock.now()

    def fill(session: Session) -> None:
        session.execute(
            insert(ItemRow),
            [
                {
                    "id": FIRST + n,
                    "number": 200_000 + n,
                    "kind": "library",
                    "scope": "community",
                    "audience": AUDIENCES[n % 4] if n % 500 else "public",
                    "author": f"@m{n % 10_000}:example.org",
                    "title": f"Thing {n} of many",
                    "language": ("en", "fr")[n % 2],
                    "state": "live",
                    "created_at": now,
                    "updated_at": now,
                }
                for n in range(THINGS)
            ],
        )
        tags = [{"item_id": FIRST + n, "tag": tag} for n in range(THINGS) for tag in rng.sample(TAGS, 3)]
        session.execute(insert(ItemTagRow), tags)
        kind = {"media_type": "application/pdf", "size": 1000, "pages": 2, "readable": True}
        session.execute(insert(ResourceRow), [{"item_id": FIRST + n, **kind} for n in range(THINGS)])

    await house.database.write(fill)


async def _times(page: Browser, path: str) -> tuple[int, Sequence[float]]:
    size, taken = 0, list[float]()
    for _time in range(TIMES):
        started = time.perf_counter()
        shown = await page.get(path)
        taken.append((time.perf_counter() - started) * 1000)
        assert shown.status == 200, path
        size = len(shown.body)
    return size, sorted(taken)


def _row(path: str, size: int, taken: Sequence[float]) -> str:
    late = taken[int(len(taken) * 0.95)]
    return f"| `{path}` | {size / 1000:.0f} | {statistics.median(taken):.0f} | {late:.0f} |"


if __name__ == "__main__":
    main()
