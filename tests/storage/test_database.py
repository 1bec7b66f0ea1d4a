"""One writer, many readers: nothing lost, nothing taken along, nothing written by a reader."""

import asyncio
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlmodel import Session

from copp_bot.core.store import meta
from storage import migrate
from storage.database import Database
from storage.tables.meta import MetaRow


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """An empty database at the newest schema."""
    made = Database(database_url)
    yield made
    made.close()


def files_with(folder: Path, word: bytes) -> list[str]:
    """The files with these bytes in them."""
    return [path.name for path in folder.iterdir() if word in path.read_bytes()]


def increment(session: Session) -> int:
    """Read, then write: what loses updates where two do it at once."""
    return meta.next_number(session, "counter")


async def test_200_increments_from_many_callers_all_survive(database: Database) -> None:
    async def caller() -> list[int]:
        return [await database.write(increment) for _ in range(10)]

    found = await asyncio.gather(*(caller() for _ in range(20)))
    assert sorted(number for numbers in found for number in numbers) == list(range(1, 201))
    assert await database.read(lambda session: meta.get(session, "counter")) == "200"


async def test_jobs_run_in_the_order_of_submission(database: Database) -> None:
    order: list[int] = []
    jobs = [database.submit(partial(_note, order, number)) for number in range(120)]
    await asyncio.wrap_future(jobs[-1])
    assert order == list(range(120))


def _note(order: list[int], number: int, _session: Session) -> None:
    order.append(number)


def _put(name: str, session: Session) -> None:
    meta.put(session, name, "yes")


def held(database: Database) -> threading.Event:
    """Keep the writer busy until the event is set, so that the next jobs wait together."""
    inside, release = threading.Event(), threading.Event()

    def hold(_session: Session) -> None:
        inside.set()
        release.wait(10)

    database.submit(hold)
    inside.wait(10)
    return release


async def test_a_raising_job_does_not_take_others_with_it(database: Database) -> None:
    release = held(database)

    def fails(session: Session) -> None:
        meta.put(session, "bad", "written before it failed")
        session.flush()
        raise ValueError("mine alone")

    def breaks_the_database(session: Session) -> None:
        session.execute(text("INSERT INTO meta (name, value) VALUES ('twice', '1'), ('twice', '2')"))

    good = [database.submit(partial(_put, f"good{n}")) for n in range(3)]
    bad, broken = database.submit(fails), database.submit(breaks_the_database)
    later = database.submit(lambda session: meta.put(session, "later", "yes"))
    release.set()
    for done in (*good, later):
        await asyncio.wrap_future(done)
    with pytest.raises(ValueError, match="mine alone"):
        await asyncio.wrap_future(bad)
    with pytest.raises(IntegrityError):
        await asyncio.wrap_future(broken)
    names = await database.read(lambda session: set(session.scalars(text("SELECT name FROM meta"))))
    assert names == {"good0", "good1", "good2", "later"}


async def test_a_cancelled_caller_leaves_the_writer_at_work(database: Database) -> None:
    release = held(database)
    waiting = asyncio.create_task(database.write(increment))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting])
    release.set()
    assert await database.write(increment) == 1


@pytest.mark.parametrize("statement", ["INSERT INTO meta VALUES ('a', 'b')", "DELETE FROM meta", "DROP TABLE meta"])
async def test_a_reader_cannot_write(database: Database, statement: str) -> None:
    with pytest.raises(DBAPIError, match=r"readonly|read-only"):
        await database.read(lambda session: session.execute(text(statement)))


async def test_a_reader_sees_what_is_committed_while_the_writer_is_busy(database: Database) -> None:
    await database.write(increment)
    inside, release = threading.Event(), threading.Event()

    def slow(session: Session) -> None:
        increment(session)
        inside.set()
        release.wait(10)

    writing = database.submit(slow)
    await asyncio.to_thread(inside.wait, 10)
    assert await database.read(lambda session: meta.get(session, "counter")) == "1"
    release.set()
    await asyncio.wrap_future(writing)


async def test_a_reader_sees_one_moment(database: Database) -> None:
    """What is committed while it reads is not mixed into what it has seen."""
    counter = text("SELECT value FROM meta WHERE name = 'counter'")

    def twice(session: Session) -> tuple[object, object]:
        before = session.scalar(counter)
        database.submit(increment).result(10)
        return before, session.scalar(counter)

    await database.write(increment)
    assert await database.read(twice) == ("1", "1")
    assert await database.read(lambda session: session.scalar(counter)) == "2"


async def test_close_finishes_what_waits_and_takes_no_more(database_url: str) -> None:
    database = Database(database_url)
    jobs = [database.submit(increment) for _ in range(170)]
    database.close()
    assert [job.result(0) for job in jobs] == list(range(1, 171))
    with pytest.raises(RuntimeError, match="closed"):
        await asyncio.wait_for(database.write(increment), 5)


async def test_the_pragmas_hold(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'test.sqlite3'}")

    def pragmas(session: Session) -> list[object]:
        names = ("journal_mode", "synchronous", "foreign_keys", "secure_delete")
        return [session.execute(text(f"PRAGMA {name}")).scalar() for name in names]

    assert await database.write(pragmas) == ["wal", 2, 1, 1]
    database.close()


async def test_what_was_erased_is_not_in_the_files_when_they_have_been_tidied(tmp_path: Path) -> None:
    """Neither in the database nor in its write-ahead log, which keeps it until then."""
    database = Database(f"sqlite:///{tmp_path / 'test.sqlite3'}")
    migrate.upgrade(database.engine)
    await database.write(lambda session: meta.put(session, "note", "zanzibar"))
    await database.write(lambda session: meta.put(session, "note", "gone"))
    assert files_with(tmp_path, b"zanzibar")
    await database.tidy()
    assert not files_with(tmp_path, b"zanzibar")
    assert await database.write(increment) == 1
    database.close()


async def test_a_reader_does_not_make_the_writer_wait_for_tidying(database: Database) -> None:
    """What the reader still needs stays for the next time."""
    inside, leave = threading.Event(), threading.Event()

    def linger(session: Session) -> None:
        session.get(MetaRow, "counter")
        inside.set()
        leave.wait(10)

    await database.write(increment)
    reading = asyncio.create_task(database.read(linger))
    await asyncio.to_thread(inside.wait, 10)
    async with asyncio.timeout(3):
        await database.tidy()
        assert await database.write(increment) == 2
    leave.set()
    await reading


async def test_foreign_keys_are_enforced(database: Database) -> None:
    orphan = text("INSERT INTO item_tag (item_id, tag) VALUES (99, 'x')")
    with pytest.raises(IntegrityError):
        await database.write(lambda session: session.execute(orphan))


async def test_rows_stay_readable_after_the_commit(database: Database) -> None:
    await database.write(increment)
    row = await database.read(lambda session: session.get(MetaRow, "counter"))
    assert row is not None
    assert row.value == "1"


async def test_two_connections_do_not_lose_each_others_increments(database: Database, database_url: str) -> None:
    """As when the command line works beside the bot on another lock."""
    other = Database(database_url)
    try:
        await asyncio.gather(*(each.write(increment) for _ in range(50) for each in (database, other)))
    finally:
        other.close()
    assert await database.read(lambda session: meta.get(session, "counter")) == "100"
