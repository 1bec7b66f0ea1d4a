"""One instance per data folder; item numbers that are one to one and tell nothing."""

import itertools
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copp_bot.core import lock, numbers
from copp_bot.core.errors import SetupError

KEY = b"k" * 32
OTHER_PROCESS = """
import sys
from pathlib import Path
from copp_bot.core import lock
held = lock.take(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def test_the_second_process_is_told_who_holds_it_and_a_killed_one_frees_it(tmp_path: Path) -> None:
    command = [sys.executable, "-c", OTHER_PROCESS, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(SetupError, match=str(other.pid)):
            lock.take(tmp_path)
        other.kill()
        other.wait(10)
    lock.take(tmp_path).close()


def test_the_lock_is_held_as_long_as_the_file_is_open(tmp_path: Path) -> None:
    held = lock.take(tmp_path / "new")
    with pytest.raises(SetupError):
        lock.take(tmp_path / "new")
    held.close()
    lock.take(tmp_path / "new").close()


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SetupError, match="cannot be written"):
        lock.take(tmp_path / "file" / "data")


def test_numbers_are_one_to_one_and_fill_their_range() -> None:
    four_digits = {numbers.number_of(serial, KEY) for serial in range(1, 9001)}
    assert four_digits == set(range(1000, 10_000))
    five_digits = {numbers.number_of(serial, KEY) for serial in range(9001, 9001 + 3000)}
    assert len(five_digits) == 3000
    assert all(10_000 <= number < 100_000 for number in five_digits)


def test_numbers_do_not_follow_one_another() -> None:
    row = [numbers.number_of(serial, KEY) for serial in range(1, 101)]
    assert sum(abs(a - b) == 1 for a, b in itertools.pairwise(row)) <= 2
    assert row != [numbers.number_of(serial, b"x" * 32) for serial in range(1, 101)]


@given(st.integers(1, 10**12))
def test_numbers_grow_with_the_serial(serial: int) -> None:
    number = numbers.number_of(serial, KEY)
    assert len(str(number)) == len(str(serial + 999))
