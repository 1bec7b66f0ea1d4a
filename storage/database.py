"""One writer thread with one connection, and read-only sessions in a small thread pool.

The rule it keeps: everything that changes the database runs on the writer, in order, and jobs that wait
together share one commit. A job is a plain function of a synchronous ``Session``; nobody can await inside it. It may
be run again, when others of its commit failed or the server went away; what it did is then rolled back.
"""

import asyncio
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlmodel import Session

from storage import engines, postgresql
from storage.away import Again, Away
from storage.errors import TakenElsewhere

T = TypeVar("T")
SHARED_COMMIT = 50
"""Jobs that may share one commit; more would make a waiting person wait for strangers."""
TIDY_MS = 200
"""How long emptying the log waits for a reader, and the writer with it; then it is left for the next time."""


@dataclass
class _Job:
    run: Callable[[Session], Any]
    done: Future[Any]


class Database:
    """The community's database.

    A PostgreSQL server that is away is waited for, by whoever reads or writes, until it is back or ``close`` is called.
    At the first connection nothing is waited for: an address may be wrong.

    Args:
        url: ``sqlite:///path`` or ``postgresql://user@host/name``.
        alone: hold the database for this instance while connected (PostgreSQL).

    Raises:
        BadAddress: the address is none.
        DriverMissing: PostgreSQL without psycopg.
    """

    def __init__(self, url: str, *, alone: bool = False) -> None:
        self.url = engines.address(url)
        self.is_sqlite = self.url.get_backend_name() == engines.SQLITE
        self.engine = engines.engine(self.url, read_only=False, alone=postgresql.instance_name() if alone else None)
        self._read_engine = engines.engine(self.url, read_only=True)
        self._away = Away(self.engine, self._read_engine)
        self._taken_over: Future[None] = Future()
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._closing = threading.Lock()
        self._is_closed = False
        self._readers = ThreadPoolExecutor(engines.READERS, thread_name_prefix="reader")
        self._writer = threading.Thread(target=self._write, name="writer", daemon=True)
        self._writer.start()

    @property
    def is_away(self) -> bool:
        """Is somebody waiting for the server?"""
        return self._away.is_waited_for

    async def watch(self) -> None:
        """Wait until cancelled.

        Raises:
            TakenElsewhere: another instance took the database while the server was away from us.
        """
        await asyncio.shield(asyncio.wrap_future(self._taken_over))

    async def write(self, job: Callable[[Session], T]) -> T:
        """Run ``job`` on the writer; returns when its commit is on disk, raises what the job or the commit raised."""
        return await asyncio.wrap_future(self.submit(job))

    def submit(self, job: Callable[[Session], T]) -> "Future[T]":
        """As ``write``, for callers that do not wait; the order of submission is the order of running."""
        done: Future[T] = Future()
        with self._closing:
            if self._is_closed:
                done.set_exception(RuntimeError("the database is closed"))
            else:
                self._jobs.put(_Job(job, done))
        return done

    async def read(self, job: Callable[[Session], T]) -> T:
        """Run ``job`` in a read-only session of the thread pool."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._read, job)

    async def tidy(self) -> None:
        """Empty SQLite's write-ahead log, where what was erased can still be read; another server tidies by itself."""
        if self.is_sqlite:
            await asyncio.get_running_loop().run_in_executor(self._readers, self._empty_log)

    def close(self) -> None:
        """Finish what waits and close; further jobs fail, and a server that is away is not waited for any more."""
        with self._closing:
            self._is_closed = True
            self._jobs.put(None)
        self._away.stop()
        self._writer.join()
        self._readers.shutdown()
        self.engine.dispose()
        self._read_engine.dispose()

    def _read(self, job: Callable[[Session], T]) -> T:
        def attempt() -> T:
            with Session(self._read_engine, expire_on_commit=False) as session:
                return job(session)

        return self._away.wait_out(attempt)

    def _empty_log(self) -> None:
        connection = self.engine.raw_connection()  # the writer's own: between two transactions, outside of both
        try:
            cursor = connection.cursor()
            cursor.execute(f"PRAGMA busy_timeout={TIDY_MS}")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            cursor.execute(f"PRAGMA busy_timeout={engines.BUSY_MS}")
        finally:
            connection.close()

    def _write(self) -> None:
        while True:
            jobs, closing = self._waiting()
            if jobs:
                self._commit_together(jobs)
            if closing:
                return

    def _waiting(self) -> tuple[list[_Job], bool]:
        jobs: list[_Job] = []
        item = self._jobs.get()
        while item is not None:
            jobs.append(item)
            if len(jobs) == SHARED_COMMIT:
                return jobs, False
            try:
                item = self._jobs.get_nowait()
            except queue.Empty:
                return jobs, False
        return jobs, True

    def _commit_together(self, jobs: list[_Job]) -> None:
        """All in one transaction; when one raises, everything is rolled back and each runs alone."""
        jobs = [job for job in jobs if job.done.set_running_or_notify_cancel()]
        try:
            results = self._transaction(jobs)
        except BaseException as error:
            if len(jobs) == 1:
                jobs[0].done.set_exception(error)
                return
            for job in jobs:
                self._commit_alone(job)
            return
        for job, result in zip(jobs, results, strict=True):
            job.done.set_result(result)

    def _commit_alone(self, job: _Job) -> None:
        try:
            (result,) = self._transaction([job])
        except BaseException as error:
            job.done.set_exception(error)
        else:
            job.done.set_result(result)

    def _transaction(self, jobs: list[_Job]) -> list[Any]:
        try:
            return self._away.wait_out(lambda: self._attempt(jobs))
        except TakenElsewhere as error:
            if not self._taken_over.done():
                self._taken_over.set_exception(error)
            raise

    def _attempt(self, jobs: list[_Job]) -> list[Any]:
        """One transaction. When the server goes away while it commits, what became of it is asked when it is back."""
        results: list[Any] | None = None
        number = 0
        try:
            with Session(self.engine, expire_on_commit=False) as session, session.begin():
                if not self.is_sqlite:
                    number = postgresql.transaction_id(session.connection())
                results = [job.run(session) for job in jobs]
        except Exception as error:
            if results is None or not self._away.has_broken():
                raise
            if not self._was_committed(number):
                raise Again from error
        assert results is not None
        return results

    def _was_committed(self, number: int) -> bool:
        def ask() -> bool:
            with self.engine.connect() as connection:
                while (committed := postgresql.outcome(connection, number)) is None:
                    self._away.pause()
                return committed

        return self._away.wait_out(ask)
