"""Which parts of the house may use what, whatever way it is spelt: what import-linter cannot say.

The rule it keeps: what is said is what is allowed, never how it may not be written.
"""

import ast
from collections.abc import Iterator
from fnmatch import fnmatch

STORES = ("storage/*", "copp_bot/*/store.py", "copp_bot/core/store/*")
RESERVED = {
    "nio": ("copp_bot/core/matrix/*",),
    "aiohttp": ("copp_bot/core/matrix/*", "copp_bot/core/web/*", "copp_bot/core/fetch.py", "copp_bot/demo/*"),
    "sqlalchemy": (*STORES, "copp_bot/core/databases.py"),
    "sqlmodel": STORES,
    "alembic": ("storage/*",),
    "storage.tables": STORES,
    "storage.upsert": STORES,
    **dict.fromkeys(
        ("os.environ", "os.environb", "os.getenv", "os.getenvb"),
        ("copp_bot/core/settings.py", "copp_bot/core/failpoint.py", "copp_bot/core/cage/*", "copp_bot/demo/*"),
    ),
}
"""What is used in these places alone: who speaks to the homeserver, builds statements, asks for variables."""
HANDED_ON = "sqlmodel.Session"
"""Whoever has no statements of their own hands the session on."""

PURE = ("copp_bot", "babel", "collections", "dataclasses", "datetime", "itertools", "typing", "zoneinfo")
"""What can neither read nor write nor wait."""
PLAIN = (
    *(*PURE, HANDED_ON, "storage.search.words", "anyascii", "contextlib", "dateparser", "dateutil", "difflib", "enum"),
    *("functools", "hashlib", "heapq", "json", "logging", "pydantic", "re", "statistics", "urllib.parse", "yarl"),
)
"""What a rule needs, which works on rows and cannot wait."""
ALLOWED = (
    (("copp_bot/features/*/render*.py", "copp_bot/rooms/plan.py"), PURE),
    (("copp_bot/features/*/store.py",), (*PLAIN, "sqlalchemy", "sqlmodel", "storage")),
    (
        (
            *("copp_bot/features/*/tasks.py", "copp_bot/features/*/web.py", "copp_bot/features/blogs/space.py"),
            *("copp_bot/features/groups/making.py", "copp_bot/features/library/uploads.py"),
            "copp_bot/features/rooms/keeping.py",
        ),
        (*PLAIN, "async", "asyncio", "pathlib", "storage.database.Database", "tempfile"),
    ),
    (("copp_bot/features/*",), PLAIN),
)
"""In a feature: what files may use, the first that fits. Those that speak to the network or to files are named."""
REACHING_OUT = {"open", "input", "eval", "exec", "compile", "__import__"}


def refused(path: str, source: str) -> list[str]:
    """What a file may not use where it lies, by full names.

    Args:
        path: from the root of the tree.
    """
    used = set(uses(ast.parse(source)))
    allowed = next((names for places, names in ALLOWED if _lies(path, places)), None)
    out = {name for name in used if allowed is not None and not _is_of(name, allowed)}
    for reserved, places in RESERVED.items():
        if not _lies(path, places):
            out |= {name for name in used if _is_of(name, (reserved,)) and not _is_of(name, (HANDED_ON,))}
    return sorted(out)


def uses(tree: ast.AST) -> Iterator[str]:
    """What a file takes from elsewhere, by full names; ``async`` where it waits, and built-ins that reach out."""
    known: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for one in node.names:
                known[one.asname or one.name.split(".")[0]] = one.name if one.asname else one.name.split(".")[0]
                yield one.name
        elif isinstance(node, ast.ImportFrom):
            for one in node.names:
                known[one.asname or one.name] = f"{node.module}.{one.name}"
                yield known[one.asname or one.name]
    for node in ast.walk(tree):
        if isinstance(node, ast.AsyncFunctionDef):
            yield "async"
        elif isinstance(node, ast.Name) and node.id in REACHING_OUT:
            yield f"builtins.{node.id}"
        elif isinstance(node, ast.Attribute) and (name := _dotted(node, known)):
            yield name


def _dotted(node: ast.expr, known: dict[str, str]) -> str:
    """The full name of ``module.part.part``; empty for what is no part of something imported."""
    if isinstance(node, ast.Name):
        return known.get(node.id, "")
    base = _dotted(node.value, known) if isinstance(node, ast.Attribute) else ""
    return f"{base}.{node.attr}" if base and isinstance(node, ast.Attribute) else ""


def _lies(path: str, places: tuple[str, ...]) -> bool:
    return any(fnmatch(path, place) for place in places)


def _is_of(name: str, names: tuple[str, ...]) -> bool:
    """Is it one of these, or part of one?"""
    return any(name == one or name.startswith(f"{one}.") for one in names)
