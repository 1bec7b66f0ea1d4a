"""The task runner: cut off at any moment, done once; waits as told; gives up with a sentence."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session, select

from copp_bot.core import backoff
from copp_bot.core.context import Effects, TaskEffect
from copp_bot.core.effects import Batch, RowEffects
from copp_bot.core.errors import UserError
from copp_bot.core.feature import TaskKind
from copp_bot.core.ids import RoomId
from copp_bot.core.matrix.port import Forbidden, RateLimited, Unavailable, UnknownToken
from copp_bot.core.reply import say
from copp_bot.core.store import meta
from copp_bot.core.store import tasks as store
from copp_bot.core.tasks import Tasks
from storage.database import Database
from storage.tables.tasks import TaskRow, TaskState
from tests.core.rig import SetClock
from tests.world import WAIT_SECONDS

ROOM = RoomId("!room")


class Bench:
    """A database, a clock, and runners of whatever a test defines."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = SetClock()
        self.kinds: dict[str, TaskKind] = {}
        self.said: list[str] = []

    def kind(
        self,
        name: str,
        run: Callable[[dict[str, Any]], Awaitable[TaskEffect | None]],
        failed: Callable[[Effects, dict[str, Any], str], None] | None = None,
    ) -> None:
        """Define a kind of task."""
        self.kinds[name] = TaskKind(name, run, failed)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Tasks]:
        """A runner at work; cut off at the end."""
        tasks = Tasks(self.kinds, self.database, self.clock, self._committed)
        work = asyncio.create_task(tasks.run())
        try:
            yield tasks
        finally:
            work.cancel()
            with suppress(asyncio.CancelledError):
                await work

    async def add(self, kind: str, **how: Any) -> None:
        """Write one task, as an effect of ``$cause``."""

        def job(session: Session) -> None:
            effects = RowEffects(session, self.clock.now(), how.pop("cause", "$cause"), Batch())
            effects.task(kind, how.pop("payload", {}), **how)
            effects.batch.flush(session)

        await self.database.write(job)

    async def rows(self) -> list[TaskRow]:
        """All tasks."""
        return await self.database.read(lambda session: list(session.exec(select(TaskRow).order_by(TaskRow.id))))  # type: ignore[arg-type]

    def _committed(self, batch: Batch) -> None:
        self.said += [row["content"]["body"] for row in batch.outgoing]


@pytest.fixture
def bench(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """Everything but a runner; failures are tried again soon."""
    monkeypatch.setattr(backoff, "FIRST", 0.0)
    database = Database(database_url)
    yield Bench(database)
    database.close()


def count(effects: Effects) -> None:
    """Count up in the database."""
    meta.next_number(effects.session, "done")
    effects.send(ROOM, say("done"))


async def settled(tasks: Tasks) -> None:
    """Nothing is due and nothing runs."""
    async with asyncio.timeout(WAIT_SECONDS):
        await tasks.settled()


async def test_cut_off_between_doing_and_writing_it_is_done_again_and_written_once(bench: Bench) -> None:
    looked, at_work = 0, asyncio.Event()

    async def run(_payload: dict[str, Any]) -> TaskEffect:
        nonlocal looked
        looked += 1
        if looked == 1:
            at_work.set()
            await asyncio.Event().wait()
        return count

    bench.kind("k", run)
    await bench.add("k", marker="m")
    await bench.add("k", marker="m")
    async with bench.running():
        await asyncio.wait_for(at_work.wait(), 10)
    async with bench.running() as tasks:
        await settled(tasks)
    async with bench.running() as tasks:
        await settled(tasks)
    assert looked == 2
    assert bench.said == ["done"]
    assert await bench.database.read(lambda session: meta.get(session, "done")) == "1"


async def test_a_lane_runs_in_order_and_lanes_side_by_side(bench: Bench) -> None:
    order: list[str] = []
    both, here = asyncio.Event(), set[str]()

    async def run(payload: dict[str, Any]) -> None:
        here.add(payload["lane"])
        if here == {"a", "b"}:
            both.set()
        await asyncio.wait_for(both.wait(), 10)
        order.append(payload["name"])

    bench.kind("k", run)
    for n in range(5):
        for lane in "ab":
            await bench.add("k", payload={"lane": lane, "name": f"{lane}{n}"}, marker=f"{lane}{n}", lane=lane)
    async with bench.running() as tasks:
        await settled(tasks)
    for lane in "ab":
        assert [name for name in order if name[0] == lane] == [f"{lane}{n}" for n in range(5)]


async def test_passing_failures_do_not_count(bench: Bench) -> None:
    errors: list[Exception] = [Unavailable("", "away", 502)] * 9

    async def run(_payload: dict[str, Any]) -> TaskEffect:
        if errors:
            raise errors.pop()
        return count

    bench.kind("k", run)
    await bench.add("k")
    async with bench.running() as tasks:
        await settled(tasks)
    assert bench.said == ["done"]
    assert (await bench.rows())[0].attempts == 0


@pytest.mark.parametrize("error", [Forbidden("M_FORBIDDEN", "no", 403), ValueError("ours")])
async def test_five_refusals_and_a_sentence(bench: Bench, error: Exception) -> None:
    tries = 0

    async def run(_payload: dict[str, Any]) -> None:
        nonlocal tries
        tries += 1
        raise error

    def failed(effects: Effects, payload: dict[str, Any], sentence: str) -> None:
        effects.send(ROOM, say(f"{payload['what']}: {sentence}"))

    bench.kind("k", run, failed)
    await bench.add("k", payload={"what": "it"})
    async with bench.running() as tasks:
        await settled(tasks)
    assert tries == 5
    assert bench.said[0].startswith("it: It did not work")
    assert (await bench.rows())[0].state is TaskState.FAILED


async def test_a_user_error_is_the_sentence_at_once(bench: Bench) -> None:
    async def run(_payload: dict[str, Any]) -> TaskEffect:
        def effect(effects: Effects) -> None:
            count(effects)
            raise UserError("There is no such file.")

        return effect

    bench.kind("k", run, lambda effects, _payload, sentence: (effects.send(ROOM, say(sentence)), None)[1])
    await bench.add("k")
    async with bench.running() as tasks:
        await settled(tasks)
    assert bench.said == ["There is no such file."]
    assert await bench.database.read(lambda session: meta.get(session, "done")) is None


async def test_a_mistake_in_giving_up_does_not_end_the_runner(bench: Bench) -> None:
    async def run(_payload: dict[str, Any]) -> None:
        raise UserError("No.")

    def failed(_effects: Effects, _payload: dict[str, Any], _sentence: str) -> None:
        raise KeyError("ours")

    bench.kind("bad", run, failed)
    bench.kind("good", lambda _payload: asyncio.sleep(0, count))
    await bench.add("bad")
    await bench.add("good", cause="$other")
    async with bench.running() as tasks:
        await settled(tasks)
    assert [row.state for row in await bench.rows()] == [TaskState.FAILED, TaskState.DONE]


async def test_an_unknown_kind_is_given_up(bench: Bench) -> None:
    await bench.add("of a feature that is gone")
    async with bench.running() as tasks:
        await settled(tasks)
    assert (await bench.rows())[0].state is TaskState.FAILED


async def test_taken_back_while_it_runs_it_writes_nothing(bench: Bench) -> None:
    at_work, go_on = asyncio.Event(), asyncio.Event()

    async def run(_payload: dict[str, Any]) -> TaskEffect:
        at_work.set()
        await go_on.wait()
        return count

    bench.kind("k", run)
    await bench.add("k")
    async with bench.running() as tasks:
        await asyncio.wait_for(at_work.wait(), 10)
        await bench.database.write(lambda session: store.cancel_caused_by(session, "$cause", bench.clock.now()))
        go_on.set()
        await settled(tasks)
    assert bench.said == []
    row = (await bench.rows())[0]
    assert (row.state, row.payload) == (TaskState.CANCELLED, {})


async def test_it_is_not_tried_before_the_server_allows(bench: Bench) -> None:
    tries: list[object] = []

    async def run(_payload: dict[str, Any]) -> TaskEffect:
        tries.append(bench.clock.now())
        if len(tries) == 1:
            raise RateLimited(600.0)
        return count

    bench.kind("k", run)
    await bench.add("k")
    async with bench.running() as tasks:
        await settled(tasks)
        (row,) = await bench.rows()
        wait = (row.not_before - bench.clock.now()).total_seconds()
        assert 600 <= wait <= 601
        bench.clock.move(timedelta(seconds=599))
        tasks.wake()
        await settled(tasks)
        assert len(tries) == 1
        bench.clock.move(timedelta(seconds=2))
        tasks.wake()
        await settled(tasks)
    assert len(tries) == 2
    assert bench.said == ["done"]


async def test_what_waits_behind_a_postponed_task_keeps_nobody_busy(bench: Bench) -> None:
    async def run(_payload: dict[str, Any]) -> None:
        raise RateLimited(600.0)

    bench.kind("k", run)
    await bench.add("k", marker="1", lane="l")
    await bench.add("k", marker="2", lane="l")
    async with bench.running() as tasks:
        await settled(tasks)  # never, if the second counted as due
        assert len(await bench.rows()) == 2


async def test_an_unknown_token_ends_the_runner(bench: Bench) -> None:
    async def run(_payload: dict[str, Any]) -> None:
        raise UnknownToken("M_UNKNOWN_TOKEN", "", 401)

    bench.kind("k", run)
    await bench.add("k")
    with pytest.raises(ExceptionGroup) as caught:
        await asyncio.wait_for(Tasks(bench.kinds, bench.database, bench.clock, lambda _batch: None).run(), 10)
    assert caught.group_contains(UnknownToken)
    assert (await bench.rows())[0].state is TaskState.OPEN


async def test_what_ended_while_the_table_was_read_is_not_run_again(bench: Bench) -> None:
    runs: Counter[str] = Counter()

    async def run(payload: dict[str, Any]) -> TaskEffect:
        runs[payload["name"]] += 1
        return count

    bench.kind("k", run)
    for n in range(120):
        await bench.add("k", payload={"name": str(n)}, marker=str(n), lane=str(n % 40))
    async with bench.running() as tasks:
        await settled(tasks)
    assert runs == Counter(str(n) for n in range(120))


async def test_bulk_work_that_is_slowed_down_waits_together_and_goes_on_one_at_a_time(bench: Bench) -> None:
    """What somebody waits for is not held up, and nothing of the slowed kind is asked before its time."""
    at_work, most, bulk = 0, 0, 0
    refused, done = asyncio.Event(), asyncio.Event()

    async def limited(_payload: dict[str, Any]) -> None:
        nonlocal at_work, most, bulk
        bulk += 1
        if bulk == 1:
            refused.set()
            raise RateLimited(3.0)
        at_work += 1
        most = max(most, at_work)
        await asyncio.sleep(0)
        at_work -= 1

    async def awaited(_payload: dict[str, Any]) -> None:
        done.set()

    bench.kinds["bulk"] = TaskKind("bulk", limited, is_bulk=True)
    bench.kind("soon", awaited)
    await bench.add("bulk", marker="a", lane="a")
    async with bench.running() as tasks:
        await refused.wait()
        for lane in "bcdefg":
            await bench.add("bulk", marker=lane, lane=lane)
        await bench.add("soon", marker="soon")
        tasks.wake()
        await asyncio.wait_for(done.wait(), 10)
        await settled(tasks)
        assert bulk == 1
        bench.clock.move(timedelta(seconds=4))
        tasks.wake()
        await settled(tasks)
    assert (bulk, most) == (8, 1)  # the first one twice
