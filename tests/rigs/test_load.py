"""The rigs' own honesty: they see what is lost, doubled or out of order, and share nothing with what they judge."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from copp_bot.core import failpoint
from tests.rigs.load import Said, judge
from tests.rigs.prove import HEAD, with_row
from tests.world import Raw

ROOT = Path(__file__).parent.parent.parent
BOT = "@copp:example.org"
SAID = [Said(f"$c{number}", "!room", "@anna:example.org", "!library add", makes=True) for number in range(3)]


def command(number: int) -> Raw:
    """A command in the timeline."""
    return {"event_id": f"$c{number}", "sender": "@anna:example.org", "type": "m.room.message", "content": {}}


def answer(number: int) -> Raw:
    """The bot's answer to it."""
    relation = {"m.in_reply_to": {"event_id": f"$c{number}"}}
    return {"event_id": "$a", "sender": BOT, "type": "m.room.message", "content": {"m.relates_to": relation}}


def edit(number: int) -> Raw:
    """An edit of an answer, which is no second answer."""
    relation = {"rel_type": "m.replace", "event_id": f"$a{number}"}
    return {"event_id": "$e", "sender": BOT, "type": "m.room.message", "content": {"m.relates_to": relation}}


COMMANDS = [command(0), command(1), command(2)]
ALL = ["$c0", "$c1", "$c2"]


def test_all_is_well() -> None:
    verdict = judge(SAID, [[*COMMANDS, answer(0), edit(0), answer(1), answer(2)]], BOT, ALL)
    assert verdict.is_clean and verdict.answered == 3


@pytest.mark.parametrize(
    ("answers", "made", "field"),
    [
        ([answer(0), answer(2)], ALL, "lost"),
        ([answer(0), answer(1), answer(1), answer(2)], ALL, "doubled"),
        ([answer(0), answer(1), answer(2)], ["$c0", "$c2"], "effects_lost"),
        ([answer(0), answer(1), answer(2)], ["$c0", "$c1", "$c1", "$c2"], "effects_doubled"),
        ([answer(0), answer(1), answer(2)], ["$c1", "$c0", "$c2"], "effects_out_of_order"),
        ([answer(1), answer(0), answer(2)], ALL, "answers_out_of_order"),
    ],
)
def test_what_is_wrong_is_seen(answers: list[Raw], made: list[str], field: str) -> None:
    verdict = judge(SAID, [[*COMMANDS, *answers]], BOT, made)
    assert getattr(verdict, field) and not verdict.is_clean


def test_the_driver_shares_no_code_with_the_bot() -> None:
    program = "import sys, tests.rigs.load; sys.exit(any(name.startswith('copp_bot') for name in sys.modules))"
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)


def test_every_fail_point_is_listed_and_stands_in_one_place() -> None:
    found = []
    for path in sorted((ROOT / "copp_bot").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "failpoint.reached":
                found += [str(arg.value) for arg in node.args if isinstance(arg, ast.Constant)]
    assert sorted(found) == sorted(failpoint.POINTS)


def test_nothing_happens_at_a_fail_point_that_nobody_named() -> None:
    for point in failpoint.POINTS:
        failpoint.reached(point)


def test_a_named_fail_point_kills_at_the_pass_that_was_named() -> None:
    program = (
        "from copp_bot.core import failpoint\n"
        "for turn in range(5):\n"
        "    print(turn, flush=True); failpoint.reached('worker.ended'); failpoint.reached('tasks.ran')"
    )
    environment = {"COPP_FAIL_AT": "worker.ended:3", "PYTHONPATH": str(ROOT)}
    ended = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, check=False)
    assert ended.returncode == -9 and ended.stdout.split() == [b"0", b"1", b"2"]


def test_a_fail_point_that_does_not_exist_is_refused() -> None:
    program = "from copp_bot.core import failpoint"
    environment = {"COPP_FAIL_AT": "worker.nowhere", "PYTHONPATH": str(ROOT)}
    ended = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, check=False)
    assert ended.returncode == 1 and b"names no place: worker.nowhere" in ended.stderr


def test_a_row_replaces_the_earlier_one_of_its_case_and_no_other() -> None:
    text = with_row(with_row(with_row(HEAD, "| a: x | 1 |"), "| b: y | 2 |") + "\nAfterwards.\n", "| a: x | 3 |")
    assert [line for line in text.splitlines() if line.startswith(("| a:", "| b:"))] == ["| b: y | 2 |", "| a: x | 3 |"]
    assert text.endswith("\nAfterwards.\n")
