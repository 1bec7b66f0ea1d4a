"""The operator and the database: each mistake is a sentence with the next step, and no secret is ever shown."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from copp_bot.core import lock
from copp_bot.core.settings import Settings
from storage import migrate
from storage.database import Database
from tests.databases import POSTGRESQL, Databases, Server
from tests.test_cli import copp_bot

SECRET = "s3cret"
SOUND = {"homeserver": "http://127.0.0.1:1", "user_id": "@copp:example.org", "password": "x"}


@pytest.fixture
def url(databases: Databases, postgresql: Server, tmp_path: Path) -> Iterator[str]:
    """A new database on the server."""
    made = databases.make(POSTGRESQL, tmp_path)
    yield made
    databases.drop(made)


@pytest.mark.parametrize(
    ("command", "address", "says"),
    [
        ("doctor", "postgresql://copp:{secret}@127.0.0.1:{port}/copp", "copp at 127.0.0.1:{port}"),
        ("db upgrade", "postgresql://copp:{secret}@127.0.0.1:{port}/copp", "copp at 127.0.0.1:{port}"),
        ("doctor", "postgresql:/copp:{secret}@host/copp", "no address of a database"),
        ("db upgrade", "copp:{secret}@host/copp", "no address of a database"),
        ("doctor", "mysql://copp:{secret}@host/copp", "no address of a database"),
        ("db upgrade", "{secret}", "Write postgresql://user:password@host/name or sqlite:///path"),
        ("doctor", "postgresql://copp:{secret}@host:port/copp", "no address of a database"),
        (
            "db upgrade",
            "postgresql://127.0.0.1:{port}/copp?user=copp&password={secret}&nonsense={secret}",
            "COPP_DATABASE_URL",
        ),
    ],
)
async def test_a_wrong_address(command: str, address: str, says: str, free_port: int, tmp_path: Path) -> None:
    told = address.format(secret=SECRET, port=free_port)
    code, said = await copp_bot(*command.split(), folder=tmp_path, **SOUND, database_url=told)
    assert code == 1 and says.format(port=free_port) in said and SECRET not in said
    assert os.listdir(tmp_path) == ["var"]


def test_the_settings_do_not_show_the_address() -> None:
    settings = Settings(
        homeserver="http://127.0.0.1", user_id="@copp:example.org", database_url=f"postgresql://{SECRET}@h/d"
    )
    assert SECRET in settings.database and SECRET not in repr(settings) and SECRET not in str(settings)


async def test_the_driver_is_not_installed(tmp_path: Path) -> None:
    (tmp_path / "psycopg.py").write_text("raise ImportError('no pq wrapper available')")
    told = f"postgresql://copp:{SECRET}@127.0.0.1/copp"
    code, said = await copp_bot("db", "upgrade", folder=tmp_path, **SOUND, database_url=told)
    assert code == 1 and "pip install 'copp-bot[postgresql]'" in said and SECRET not in said


async def test_an_unsuitable_database_is_refused(postgresql: Server, databases: Databases, tmp_path: Path) -> None:
    url = postgresql.create("latin", "ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    code, said = await copp_bot("db", "upgrade", folder=tmp_path, **SOUND, database_url=url)
    assert code == 1 and "encoding LATIN1" in said and "CREATE DATABASE" in said
    databases.drop(url)


async def test_another_instance_holds_the_database(url: str, tmp_path: Path) -> None:
    """As from another machine: the data folder is another one."""
    database = Database(url, alone=True)
    migrate.upgrade(database.engine)
    code, said = await copp_bot("plan", folder=tmp_path, **SOUND, database_url=url)
    assert code == 1 and "Another copp_bot (process " in said and "Stop it first" in said
    database.close()


async def test_from_sqlite_to_postgresql_and_what_is_refused(url: str, tmp_path: Path) -> None:
    code, said = await copp_bot("db", "upgrade", folder=tmp_path, **SOUND)
    assert code == 0
    code, said = await copp_bot("db", "copy", "var/copp.sqlite3", folder=tmp_path, **SOUND)
    assert code == 1 and "onto itself" in said and "COPP_DATABASE_URL" in said
    code, said = await copp_bot("db", "copy", "var/other.sqlite3", folder=tmp_path, **SOUND, database_url=url)
    assert code == 1 and "There is no database" in said
    assert not (tmp_path / "var" / "other.sqlite3").exists()
    held = lock.take(tmp_path / "var")
    code, said = await copp_bot("db", "copy", "var/copp.sqlite3", folder=tmp_path, **SOUND, database_url=url)
    assert code == 1 and "Another copp_bot (process " in said
    held.close()
    code, said = await copp_bot("db", "copy", "var/copp.sqlite3", folder=tmp_path, **SOUND, database_url=url)
    assert code == 0 and "Copied and compared: 0 rows" in said
    with Database(url).engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO meta (name, value) VALUES ('a', 'b')")
    code, said = await copp_bot("db", "copy", "var/copp.sqlite3", folder=tmp_path, **SOUND, database_url=url)
    assert code == 1 and "is not empty" in said
    code, said = await copp_bot("db", "copy", url, "back/copp.sqlite3", folder=tmp_path, **SOUND)
    assert code == 0 and "Copied and compared: 1 rows" in said
