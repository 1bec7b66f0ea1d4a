"""PostgreSQL as the bot needs it: one instance, a server that may go away, text it would refuse, no values in logs."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlmodel import Session

from copp_bot.core.store import inbox, meta
from storage import migrate
from storage.database import Database
from storage.engines import address, shown
from storage.errors import BadAddress, TakenElsewhere, Unsuitable
from storage.postgresql import is_plain
from tests.databases import POSTGRESQL, Databases, Server, name_of


@pytest.fixture
def server(postgresql: Server) -> Server:
    """The server."""
    return postgresql


@pytest.fixture
def url(databases: Databases, server: Server, tmp_path: Path) -> Iterator[str]:
    """A database at the newest schema."""
    made = databases.make(POSTGRESQL, tmp_path)
    yield made
    databases.drop(made)


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    """Held by one instance."""
    made = Database(url, alone=True)
    migrate.upgrade(made.engine)
    yield made
    made.close()


def increment(session: Session) -> int:
    """Read, then write."""
    return meta.next_number(session, "counter")


async def away(database: Database) -> None:
    """Wait until somebody waits for the server."""
    async with asyncio.timeout(60):
        while not database.is_away:  # noqa: ASYNC110 - another thread's doing
            await asyncio.sleep(0.01)


async def number(database: Database) -> str | None:
    """What the counter stands at."""
    return await database.read(lambda session: meta.get(session, "counter"))


def test_a_second_instance_is_refused_and_told_who_is_there(database: Database, url: str) -> None:
    other = Database(url, alone=True)
    with pytest.raises(TakenElsewhere) as refused:
        migrate.upgrade(other.engine)
    assert refused.value.holder.startswith("copp_bot ")
    other.close()
    database.close()
    following = Database(url, alone=True)
    migrate.upgrade(following.engine)
    following.close()


async def test_broken_connections_are_made_anew(database: Database, server: Server, url: str) -> None:
    for expected in (1, 2, 3):
        assert await database.write(increment) == expected
        assert await number(database) == str(expected)
        assert server.break_connections(name_of(url)) >= 2
    assert await number(database) == "3"


async def test_what_is_cut_off_inside_a_transaction_is_done_again_once(
    database: Database, server: Server, url: str
) -> None:
    runs = 0

    def cut_off(session: Session) -> int:
        nonlocal runs
        runs += 1
        made = increment(session)
        if runs == 1:
            server.break_connections(name_of(url))
        return made

    assert await database.write(cut_off) == 1
    assert runs == 2
    assert await number(database) == "1"


@pytest.mark.parametrize("is_committed", [True, False])
async def test_a_commit_in_doubt_is_asked_for(
    database: Database, server: Server, url: str, is_committed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server goes away just before, or just after, it has committed; the client hears the same."""
    commit = database.engine.dialect.do_commit
    runs = 0

    def broken_off(connection: Any) -> None:
        monkeypatch.setattr(database.engine.dialect, "do_commit", commit)
        if is_committed:
            commit(connection)
        server.break_connections(name_of(url))
        connection.execute("SELECT 1")

    def job(session: Session) -> int:
        nonlocal runs
        runs += 1
        if runs == 1:
            monkeypatch.setattr(database.engine.dialect, "do_commit", broken_off)
        return increment(session)

    assert await database.write(job) == 1
    assert runs == (1 if is_committed else 2)
    assert await number(database) == "1"


async def test_readers_and_the_writer_wait_for_a_server_that_is_away(
    database: Database, server: Server, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    await database.write(increment)
    with caplog.at_level(logging.INFO, "storage"):
        with server.away(name_of(url)):
            waiting = [asyncio.ensure_future(work) for work in (number(database), database.write(increment))]
            await away(database)
            assert not any(work.done() for work in waiting)
        assert await asyncio.wait_for(waiting[1], 60) == 2
        assert await asyncio.wait_for(waiting[0], 60) in ("1", "2")
    assert not database.is_away
    said = [record.message for record in caplog.records]
    assert sum("is away" in line for line in said) == 1 and "is back" in said[-1]


async def test_closing_does_not_wait_for_a_server_that_is_away(database: Database, server: Server, url: str) -> None:
    await database.write(increment)
    with server.away(name_of(url)):
        waiting = asyncio.ensure_future(database.write(increment))
        await away(database)
        await asyncio.wait_for(asyncio.to_thread(database.close), 60)
        with pytest.raises(OperationalError):
            await waiting


async def test_an_instance_that_took_over_meanwhile_is_noticed(database: Database, server: Server, url: str) -> None:
    """On another machine the same database was started while the first was cut off."""
    watching = asyncio.ensure_future(database.watch())
    await database.write(increment)
    with server.taken_over(name_of(url)):
        with pytest.raises(TakenElsewhere, match="elsewhere 7"):
            await database.write(increment)
        with pytest.raises(TakenElsewhere):
            await asyncio.wait_for(watching, 60)


async def test_a_connection_of_our_own_that_the_server_still_holds_is_ended(database: Database) -> None:
    """After a break in the network the server may not know yet that we are gone."""
    await database.write(increment)
    lost = database.engine.raw_connection()
    lost.detach()  # the pool makes a new one, as after a break
    assert await database.write(increment) == 2
    with pytest.raises(Exception, match=r"terminating|closed"):
        lost.cursor().execute("SELECT 1")


async def test_text_that_postgresql_refuses_is_cleaned(database: Database) -> None:
    now = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
    row = {"event_id": "$a", "room_id": "!a", "sender": "@a", "kind": "message", "sent_at": now}
    body = {"body": "half \ud800 and NUL \0", "nested": {"\0": ["\0"]}}

    def write(session: Session) -> None:
        meta.put(session, "name", "a\0b")
        inbox.add(session, [{**row, "body": body}], now)

    await database.write(write)
    assert await database.read(lambda session: meta.get(session, "name")) == "a\ufffdb"
    assert await database.read(lambda session: meta.get(session, "na\0me")) is None
    kept = await database.read(lambda session: inbox.by_event(session, "$a"))
    assert kept is not None and kept.body == body and kept.sent_at == now


async def test_a_failing_statement_tells_no_values(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    """Neither the driver's details nor the parameters: bodies never come into a log."""
    add = text("INSERT INTO meta (name, value) VALUES (:name, :value)")
    row = {"name": "once", "value": "a very private body"}
    await database.write(lambda session: session.execute(add, row))
    for wrong in (row, {**row, "name": None}):
        with pytest.raises(DBAPIError) as failed:
            await database.write(lambda session, wrong=wrong: session.execute(add, wrong))  # type: ignore[misc]
        logging.getLogger("test").error("it failed", exc_info=failed.value)
    assert "it failed" in caplog.text
    assert "private" not in caplog.text and "once" not in caplog.text


@pytest.mark.parametrize(
    ("how", "found"),
    [
        ("ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0", "encoding LATIN1"),
        ("ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0", "encoding SQL_ASCII"),
    ],
)
def test_a_database_that_cannot_hold_ours_is_refused(
    server: Server, how: str, found: str, databases: Databases
) -> None:
    made = server.create("unsuitable", how)
    database = Database(made)
    with pytest.raises(Unsuitable) as refused:
        migrate.upgrade(database.engine)
    assert refused.value.found == found
    database.close()
    databases.drop(made)


@pytest.mark.parametrize(
    ("provider", "collation", "expected"),
    [
        ("c", "C", True),
        ("c", "C.UTF-8", True),
        ("c", "POSIX", True),
        ("b", "en_US.UTF-8", True),
        ("c", "en_US.UTF-8", False),
        ("i", "C", False),
        ("c", "cs_CZ.UTF-8", False),
    ],
)
def test_texts_must_be_compared_sign_by_sign(provider: str, collation: str, expected: bool) -> None:
    assert is_plain(provider, collation) is expected


@pytest.mark.parametrize("begin", ["postgres", "postgresql", "postgresql+psycopg"])
def test_an_address_is_taken_as_operators_write_it_and_shown_without_its_secrets(begin: str) -> None:
    url = address(f"{begin}://copp:s3cret@db.example.org:5433/community?password=s3cret&sslmode=require")
    assert url.drivername == "postgresql+psycopg" and url.password == "s3cret"
    assert shown(url) == "community at db.example.org:5433"


@pytest.mark.parametrize("wrong", ["mysql://a/b", "postgresql://host:port/name", "nonsense://"])
def test_what_is_no_address(wrong: str) -> None:
    with pytest.raises(BadAddress):
        Database(wrong)


def test_a_wrong_address_is_not_waited_for(free_port: int) -> None:
    database = Database(f"postgresql://copp:s3cret@127.0.0.1:{free_port}/copp")
    with pytest.raises(OperationalError) as failed:
        migrate.upgrade(database.engine)
    assert "s3cret" not in str(failed.value)
    database.close()


async def test_a_statement_without_end_is_ended(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(session: Session) -> None:
        session.execute(text("SET LOCAL statement_timeout = 50"))
        session.execute(text("SELECT pg_sleep(20)"))

    for run in (database.read, database.write):
        with pytest.raises(OperationalError, match="timeout"):
            await run(slow)
    limits: Callable[[Session], object] = lambda session: session.scalar(text("SHOW statement_timeout"))  # noqa: E731
    assert (await database.read(limits), await database.write(limits)) == ("30s", "2min")
