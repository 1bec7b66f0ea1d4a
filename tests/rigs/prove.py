"""``python -m tests.rigs.prove NAME [--size N]``: runs a case in full and writes its row into ``docs/proof.md``.

The rule it keeps: a row says what was seen, good or bad, on which commit; rows of other cases stay.
"""

import argparse
import asyncio
import os
import re
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from copp_bot.demo.homeserver import LocalHomeserver
from tests.rigs.proofs.cases import CASES, GROUPS, Case, LoneCase, Result

ROOT = Path(__file__).parent.parent.parent
PROOF = ROOT / "docs" / "proof.md"
HEAD = """# What was proved

Written by the runs themselves (`make prove-NAME`, `make prove`); a row says what that run saw. The bot runs in a
process of its own against a real Synapse; answers are counted in the homeserver's timeline, effects in the database
file after the end. How the rigs work, and what they compress, is in
[decision 12](decisions/0012-rigs-and-back-off.md).

| case | size | figures | holds | command | commit | date | cores |
|---|---|---|---|---|---|---|---|
"""


def main() -> int:
    """Run the cases that were named; 1 when something did not hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.rigs.prove", description=__doc__)
    parser.add_argument("name", choices=[*GROUPS, *CASES])
    parser.add_argument("--size", type=int, help="instead of the full size")
    wanted = parser.parse_args()
    held = [_prove(name, wanted.size) for name in GROUPS.get(wanted.name, (wanted.name,))]
    return 0 if all(held) else 1


def _prove(name: str, size: int | None) -> bool:
    case = CASES[name]
    result = asyncio.run(_run(case, size or case.full))
    command = f"make prove-{name}" + (f" ARGS='--size {size}'" if size and size != case.full else "")
    row = _row(name, case.claim, result, command)
    PROOF.write_text(with_row(PROOF.read_text(encoding="utf-8") if PROOF.exists() else HEAD, row), encoding="utf-8")
    print(row, flush=True)
    return result.holds


async def _run(case: Case | LoneCase, size: int) -> Result:
    if isinstance(case, LoneCase):
        return await case.run(size)
    with tempfile.TemporaryDirectory(prefix="prove-", ignore_cleanup_errors=True) as folder:
        homeserver = await LocalHomeserver.start(Path(folder) / "homeserver", server_name="rig.localhost", test=True)
        try:
            return await case.run(homeserver, Path(folder) / "bot", size)
        finally:
            await homeserver.stop()


def _row(name: str, claim: str, result: Result, command: str) -> str:
    holds = "yes" if result.holds else "NO"
    cells = (f"{name}: {claim}", result.size, result.figures, holds, f"`{command}`", _commit(), _today(), _cores())
    return "| " + " | ".join(cell.replace("|", "/").replace("\n", " ") for cell in cells) + " |"


def with_row(text: str, row: str) -> str:
    """The document with this row, in place of an earlier one of the same case."""
    name = _name(row)
    lines = [line for line in text.splitlines() if _name(line) != name]
    last = max((number for number, line in enumerate(lines) if line.startswith("|")), default=len(lines) - 1)
    return "\n".join([*lines[: last + 1], row, *lines[last + 1 :]]) + "\n"


def _name(line: str) -> str | None:
    found = re.match(r"\| ([a-z-]+):", line)
    return found[1] if found else None


def _commit() -> str:
    """The commit, and whether the tree differed from it (the proof's own file aside)."""
    commit = _git("rev-parse", "--short", "HEAD")
    changed = _git("status", "--porcelain", "--", ".", ":!docs/proof.md")
    return commit + (" with changes" if changed else "")


def _git(*words: str) -> str:
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


def _today() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%d")


def _cores() -> str:
    return str(os.cpu_count())


if __name__ == "__main__":
    sys.exit(main())
