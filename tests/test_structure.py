"""The house keeps its shape: what import-linter cannot say, said here."""

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

from copp_bot.app import FEATURES
from copp_bot.core.feature import Feature
from tests.dialogs import dialogs_of
from tests.features.built import built_features, built_routes
from tests.policy import SURFACES
from tests.uses import refused

ROOT = Path(__file__).parent.parent
CODE = sorted([*(ROOT / "copp_bot").rglob("*.py"), *(ROOT / "storage").rglob("*.py")])
LONGEST_FILE = 400
FEATURE_FILES = {
    "__init__.py", "README.md", "feature.py", "commands.py", "events.py", "web.py", "jobs.py", "tasks.py",
    "service.py", "store.py", "render.py", "templates", "__pycache__",
}  # fmt: skip


def inside(path: Path, *folders: str) -> bool:
    """Does the path lie in one of these folders or files of the tree?"""
    return any(str(path.relative_to(ROOT)).startswith(folder) for folder in folders)


@pytest.mark.parametrize("path", CODE, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_says_what_it_is_for_and_stays_small(path: Path) -> None:
    """Every module has a docstring, and few enough lines to be read at once."""
    text = path.read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(text)), "no module docstring"
    assert len(text.splitlines()) <= LONGEST_FILE or inside(path, "storage/migrations")


def test_everything_is_used_in_its_place_alone() -> None:
    """Who speaks to the homeserver, builds statements, asks for variables, waits: ``tests/uses.py`` has the table."""
    found = {path: refused(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")) for path in CODE}
    assert {path: names for path, names in found.items() if names} == {}


SERVICE, RENDER = "copp_bot/features/library/service.py", "copp_bot/features/library/render.py"


@pytest.mark.parametrize(
    ("path", "source"),
    [
        (SERVICE, "import sqlalchemy as sa\nsa.select(1)"),
        (SERVICE, "from sqlalchemy.sql.expression import select"),
        (SERVICE, "from sqlmodel import select"),
        (SERVICE, "import sqlmodel\nsqlmodel.select(1)"),
        (SERVICE, "from storage.tables.items import ItemRow"),
        (SERVICE, "import storage.tables.items"),
        (SERVICE, "from storage import tables"),
        (SERVICE, "import storage\nstorage.tables.items"),
        (SERVICE, "from os import environ"),
        (SERVICE, "import os as system\nsystem.environ['HOME']"),
        (SERVICE, "from os import getenv as setting"),
        (SERVICE, "async def add(): ..."),
        (SERVICE, "from time import sleep"),
        (SERVICE, "from aiohttp import ClientSession"),
        (RENDER, "open('words.txt')"),
        (RENDER, "import socket"),
        (RENDER, "from pathlib import Path\nPath('words.txt').read_text()"),
        (RENDER, "from sqlmodel import Session"),
        (RENDER, "async def render(): ..."),
        (RENDER, "__import__('socket')"),
        ("copp_bot/features/library/render_pages.py", "import os"),
        ("copp_bot/rooms/plan.py", "import asyncio"),
        ("copp_bot/core/items.py", "import sqlalchemy as sa"),
        ("copp_bot/core/items.py", "import os\nos.getenv('HOME')"),
        ("copp_bot/core/worker.py", "import nio.api"),
        ("copp_bot/rooms/apply.py", "from aiohttp.web import Response"),
    ],
)
def test_no_spelling_gets_around_it(path: str, source: str) -> None:
    """Each of these has been a way past a list of what may not be written."""
    assert refused(path, source)


@pytest.mark.parametrize("name", FEATURES)
def test_a_feature_has_the_same_files_as_the_others(name: str) -> None:
    """A file's name tells what is in it, in every feature."""
    folder = ROOT / "copp_bot" / "features" / name
    extra = {path.name for path in folder.iterdir()} - FEATURE_FILES
    helpers = {file for file in extra if re.fullmatch(r"[a-z_]+\.py", file)}
    assert extra == helpers, f"unexpected in {name}: {extra - helpers}"
    assert (folder / "README.md").exists() and (folder / "feature.py").exists()


def test_features_are_listed_in_order() -> None:
    """Alphabetical, and none forgotten."""
    there = sorted(path.parent.name for path in (ROOT / "copp_bot" / "features").glob("*/feature.py"))
    assert list(FEATURES) == there


def test_every_command_has_help_a_permission_and_an_example() -> None:
    """What is declared can be found, refused and copied."""
    for feature in built_features():
        for command in feature.commands:
            assert command.summary and command.example.startswith("!"), command.path
            assert command.example.lower().startswith(f"!{command.path}"), command.path
            assert command.permission in feature.permissions, command.path


@pytest.mark.parametrize("feature", built_features(), ids=lambda feature: feature.name)
def test_every_command_stands_in_a_dialog(feature: Feature) -> None:
    """What the README does not show is not promised."""
    readme = ROOT / "copp_bot" / "features" / feature.name / "README.md"
    said = " \n".join(turn.said.lower() for dialog in dialogs_of(readme) for turn in dialog)
    missing = [c.path for c in feature.commands if not re.search(rf"!?{re.escape(c.path)}(\s|$)", said)]
    assert not missing, f"{feature.name} has no dialog for {missing}"


def test_every_surface_stands_in_the_policy_table() -> None:
    """A way to read something must say which gate it passes."""
    there = {f"!{command.path}" for feature in built_features() for command in feature.commands} | {"!help"}
    there |= {f"offer {offer.name}" for feature in built_features() for offer in feature.offers}
    there |= {f"job {job.id}" for feature in built_features() for job in feature.jobs}
    there |= built_routes()
    assert there == set(SURFACES), f"missing {there - set(SURFACES)}, gone {set(SURFACES) - there}"


def test_rights_end_without_waiting_for_links_to_be_read() -> None:
    """Whoever leaves a space loses its rooms within a minute, whatever else there is to do."""
    is_bulk = {task.kind: task.is_bulk for feature in built_features() for task in feature.tasks}
    assert is_bulk["library.read_link"] and not is_bulk["rooms.remove"]


def test_names_are_unique() -> None:
    """One word, one thing: commands, jobs, task kinds and item letters."""
    features = built_features()
    for names in (
        [command.path for feature in features for command in feature.commands],
        [job.id for feature in features for job in feature.jobs],
        [task.kind for feature in features for task in feature.tasks],
        [kind.letter for feature in features for kind in feature.items],
    ):
        assert [name for name, count in Counter(names).items() if count > 1] == []
