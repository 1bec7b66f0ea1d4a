"""The mutants themselves: how they are made, that a known one is noticed, and that nothing listed has gone."""

from textwrap import dedent

import pytest

from tests.rigs.mutants.making import mutants
from tests.rigs.mutants.targets import EQUIVALENT, ROOT, TARGETS, Target
from tests.rigs.proofs.mutants import chosen, prove_mutants

TEXT = dedent(
    '''
    class Gate:
        def opens(self, who: str, keys: set[str]) -> bool:
            """Any of them, and a key."""
            if who == "nobody":
                raise ValueError(f"{who == 'nobody'}")
            return any(key for key in keys if key) and who in ("a", "b")
    '''
)


def test_every_kind_of_change() -> None:
    made = {f"{one.line} {one.before} -> {one.after}" for one in mutants(TEXT, ["Gate.opens"])}
    assert made == {
        "5 if who == 'nobody': -> ",
        "5 who == 'nobody' -> (who != 'nobody')",
        "6 raise ValueError(f\"{who == 'nobody'}\") -> ",
        "7 return any((key for key in keys if key)) and who in ('a', 'b') -> return True",
        "7 return any((key for key in keys if key)) and who in ('a', 'b') -> return False",
        "7 any((key for key in keys if key)) and who in ('a', 'b') -> (any((key for key in keys if key)) or who in ('a', 'b'))",  # noqa: E501
        "7 any((key for key in keys if key)) and who in ('a', 'b') -> (who in ('a', 'b'))",
        "7 any((key for key in keys if key)) and who in ('a', 'b') -> (any((key for key in keys if key)))",
        "7 any((key for key in keys if key)) -> (all((key for key in keys if key)))",
        "7 (key for key in keys if key) -> ((key for key in keys))",
        "7 key -> (not (key))",
        "7 who in ('a', 'b') -> (who not in ('a', 'b'))",
        "7 who in ('a', 'b') -> (who in ('b',))",
        "7 who in ('a', 'b') -> (who in ('a',))",
    }


def test_the_rest_of_the_text_stays() -> None:
    for one in mutants(TEXT, ["Gate.opens"]):
        changed, before, above = one.text.splitlines(), TEXT.splitlines(), one.line - 1
        assert changed[:above] == before[:above] and changed[above] != before[above]


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.file)
def test_what_is_listed_is_there(target: Target) -> None:
    """An equivalent mutant that cannot be made any more is not listed."""
    made = {one.name for one in mutants((ROOT / target.file).read_text(encoding="utf-8"), target.functions)}
    assert target.mutants() and made >= set(EQUIVALENT.get(target.file, {}))
    for file, _, function in (test.partition("::") for test in target.tests):
        assert f"def {function}(" in (ROOT / file).read_text(encoding="utf-8") or not function


@pytest.mark.one_database
async def test_one_is_noticed() -> None:
    """The whole way, with one of the gate's; all of them by ``make prove-mutants``."""
    gate = next((target, one) for target, one in chosen(10_000) if target.file == "copp_bot/core/mirror.py")
    verdict = await prove_mutants([gate])
    assert not verdict.survivors and sum(verdict.by.values()) == 1
