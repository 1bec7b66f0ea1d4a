"""The migrations make exactly the schema of the models, once."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, inspect
from sqlmodel import SQLModel

import storage.tables
from storage import migrate
from storage.database import Database
from tests.databases import POSTGRESQL, Databases

POLLS = """
from datetime import datetime
from sqlmodel import Field, SQLModel
from storage.tables.columns import json_list, moment

class PollRow(SQLModel, table=True):
    __tablename__ = "poll"
    id: int | None = Field(default=None, primary_key=True)
    title: str
    options: list[str] = json_list()
    ends_at: datetime = moment(index=True)
"""
UPGRADE = """
from sqlalchemy import create_engine, inspect
from storage import migrate

engine = create_engine("sqlite:///polls.sqlite3")
migrate.upgrade(engine)
print([column["name"] for column in inspect(engine).get_columns("poll")])
"""


@pytest.fixture
def engine(databases: Databases, database_kind: str, tmp_path: Path) -> Iterator[Engine]:
    """A database without a table."""
    url = f"sqlite:///{tmp_path / 'new.sqlite3'}"
    if database_kind == POSTGRESQL:
        url = databases.server().create("unmigrated")
    database = Database(url)
    yield database.engine
    database.close()
    databases.drop(url)


def schema(engine: Engine) -> dict[str, list[str]]:
    """Tables and their columns."""
    found = inspect(engine)
    return {table: [column["name"] for column in found.get_columns(table)] for table in found.get_table_names()}


def is_ours(_object: object, name: str | None, kind: str, _reflected: bool, _other: object) -> bool:
    """Full-text tables are virtual; no model describes them."""
    return not (kind == "table" and (name or "").startswith(("search", "fts")))


def test_migrations_make_the_schema_of_the_models(engine: Engine) -> None:
    migrate.upgrade(engine)
    with engine.connect() as connection:
        options = {"compare_type": True, "include_object": is_ours}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, SQLModel.metadata) == []


def test_every_model_is_imported_and_has_its_table(engine: Engine) -> None:
    migrate.upgrade(engine)
    assert set(SQLModel.metadata.tables) <= set(schema(engine))
    tables = Path(storage.tables.__file__).parent
    declared = sum(path.read_text(encoding="utf-8").count("__tablename__ =") for path in tables.glob("*.py"))
    assert len(SQLModel.metadata.tables) == declared


def test_a_migration_that_was_written_for_a_new_table_runs(tmp_path: Path) -> None:
    """As ``make migration`` writes it, untouched."""
    shutil.copytree(Path(storage.tables.__file__).parents[1], tmp_path / "storage")
    (tmp_path / "storage" / "tables" / "polls.py").write_text(POLLS, encoding="utf-8")
    listed = tmp_path / "storage" / "tables" / "__init__.py"
    listed.write_text(listed.read_text(encoding="utf-8") + "from storage.tables import polls\n", encoding="utf-8")
    (tmp_path / "upgrade.py").write_text(UPGRADE, encoding="utf-8")
    for command in (["-m", "storage.migrate", "polls"], ["upgrade.py"]):
        done = subprocess.run([sys.executable, *command], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    assert "title" in done.stdout and "ends_at" in done.stdout
    names = sorted(path.name for path in (tmp_path / "storage" / "migrations" / "versions").glob("0*.py"))
    assert names[-1] == f"{len(names):04}_polls.py", "numbered on, under the name that was given"


def test_a_second_upgrade_does_nothing(engine: Engine) -> None:
    assert migrate.upgrade(engine) == (None, migrate.newest())
    before = schema(engine)
    assert migrate.upgrade(engine) == (migrate.newest(), migrate.newest())
    assert schema(engine) == before
