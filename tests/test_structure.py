"""The house keeps its shape: what import-linter cannot say, said here."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from copp_bot.app import FEATURES
from copp_bot.core.feature import Feature
from tests.dialogs import dialogs_of
from tests.features.built import built_features, built_routes
from tests.policy import SURFACES

ROOT = Path(__file__).parent.parent
CODE = sorted([*(ROOT / "copp_bot").rglob("*.py"), *(ROOT / "storage").rglob("*.py")])
LONGEST_FILE = 400
FEATURE_FILES = {
    "__init__.py", "README.md", "feature.py", "commands.py", "events.py", "web.py", "jobs.py", "tasks.py",
    "service.py", "store.py", "render.py", "templates", "__pycache__",
}  # fmt: skip


def imports(path: Path) -> Iterator[str]:
    """Every module a file imports."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def inside(path: Path, *folders: str) -> bool:
    """Does the path lie in one of these folders or files of the tree?"""
    return any(str(path.relative_to(ROOT)).startswith(folder) for folder in folders)


@pytest.mark.parametrize("path", CODE, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_says_what_it_is_for_and_stays_small(path: Path) -> None:
    """Every module has a docstring, and few enough lines to be read at once."""
    text = path.read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(text)), "no module docstring"
    assert len(text.splitlines()) <= LONGEST_FILE or inside(path, "storage/migrations")


def test_nio_is_spoken_in_one_place() -> None:
    """Only core/matrix imports nio."""
    offenders = [p for p in CODE if any(m.split(".")[0] == "nio" for m in imports(p))]
    assert all(inside(p, "copp_bot/core/matrix/") for p in offenders), offenders


def test_aiohttp_stays_at_the_edges() -> None:
    """Only the Matrix layer, the web edge, the fetcher and the demonstration import aiohttp."""
    allowed = ("copp_bot/core/matrix/", "copp_bot/core/web/", "copp_bot/core/fetch.py", "copp_bot/demo/")
    offenders = [p for p in CODE if any(m.split(".")[0] == "aiohttp" for m in imports(p))]
    assert all(inside(p, *allowed) for p in offenders), offenders


def test_sql_stays_in_stores() -> None:
    """Statements are built in storage/ and in stores only; elsewhere a session is handed on."""
    words = {"select", "insert", "update", "delete", "text", "func", "and_", "or_", "exists"}
    for path in CODE:
        if inside(path, "storage/") or path.name == "store.py" or "store" in path.parent.name:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module in ("sqlalchemy", "sqlmodel", "sqlalchemy.orm"):
                assert not words & {alias.name for alias in node.names}, path
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("storage.tables"):
                pytest.fail(f"{path} imports {node.module}")


def test_the_environment_is_read_by_the_settings_alone() -> None:
    """Nobody else asks for variables."""
    for path in CODE:
        text = path.read_text(encoding="utf-8")
        if path.name not in ("settings.py", "failpoint.py") and not inside(
            path, "copp_bot/demo/", "copp_bot/core/cage/"
        ):
            assert "os.environ" not in text and "getenv" not in text, path


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
