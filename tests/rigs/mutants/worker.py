"""``python -m tests.rigs.mutants.worker TEST …``: runs tests over one mutant after the other.

A line of JSON comes in (module, function, mutated text, tests), a line goes out (pytest's exit code, and which test
noticed). Tests and code are read once; each mutant lives in a process that is forked from that, in memory alone: no
file is changed.
"""

import gc
import importlib
import json
import os
import signal
import sys
from dataclasses import dataclass
from inspect import unwrap
from types import CodeType, FunctionType
from typing import Any, TextIO

import pytest

NOTICED_AFTER = 300
"""Seconds until a mutant that goes on for ever counts as noticed."""
WITHOUT = ("cacheprovider", "unraisableexception", "threadexception")
"""Plugins that would take longer at the end of a child than its tests: they clear up all that was read."""
WORDS = ("-x", "-q", "-s", "-o", "addopts=", "--databases=sqlite", *(f"-pno:{name}" for name in WITHOUT))


@dataclass(eq=False)
class Worker:
    """A plugin that stands where pytest would run the tests.

    Args:
        answers: where lines go out.
        report: in a child, where its answer goes.
    """

    answers: TextIO
    report: int | None = None
    noticed: str = ""
    why: str = ""

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        """In a child, let pytest go on, with the mutant in place; here, answer each line."""
        _warm(session)
        gc.freeze()
        for line in sys.stdin:
            wish = json.loads(line)
            reading, writing = os.pipe()
            child = os.fork()
            if child == 0:
                os.close(reading)
                self.report = writing
                self._become(wish, session)
                return None
            os.close(writing)
            print(_answer_of(child, reading), file=self.answers, flush=True)
        return True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Called by pytest for each phase of each test."""
        if report.failed and not self.noticed:
            self.noticed, self.why = report.nodeid, report.longreprtext[-2000:]

    def _become(self, wish: dict[str, Any], session: pytest.Session) -> None:
        signal.alarm(NOTICED_AFTER)
        if wish["text"] is not None:
            put(wish["module"], wish["function"], wish["text"])
        session.items[:] = [item for test in wish["tests"] for item in session.items if _is_of(item, test)]
        session.testscollected = len(session.items)


def _warm(session: pytest.Session) -> None:
    """Have done once what all tests share: one test runs, and what lasts for the session stays."""
    first = session.items[0]
    others = [item for item in session.items if _file_of(item) != _file_of(first)]

    def common(item: pytest.Item) -> int:
        return len(os.path.commonpath((_file_of(first), _file_of(item))))

    farthest = min(others, key=common, default=None)  # what is left standing then is above every test
    first.config.hook.pytest_runtest_protocol(item=first, nextitem=farthest)


def put(module: str, function: str, text: str) -> None:
    """Let a function of an imported module do what the mutated text of the module says."""
    found: Any = importlib.import_module(module)
    code = compile(text, found.__file__, "exec")
    for part in function.split("."):
        found, code = getattr(found, part), _inside(code, part)
    original = unwrap(found)
    assert isinstance(original, FunctionType)
    original.__code__ = code
    if hasattr(found, "cache_clear"):  # what it has made before
        found.cache_clear()


def _inside(code: CodeType, name: str) -> CodeType:
    return next(one for one in code.co_consts if isinstance(one, CodeType) and one.co_name == name)


def _file_of(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[0]


def _is_of(item: pytest.Item, test: str) -> bool:
    """Is it in this file, or is it this function with whatever parameters?"""
    return item.nodeid.startswith((f"{test}::", f"{test}["))


def _answer_of(child: int, reading: int) -> str:
    with os.fdopen(reading) as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    return said or json.dumps({"code": -1, "by": "the time limit"})


def main() -> None:
    """Read the tests, then answer until there are no more lines."""
    answers = os.fdopen(os.dup(1), "w")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    worker = Worker(answers)
    code = pytest.main([*WORDS, "-m", "not synapse and not browser", *sys.argv[1:]], plugins=[worker])
    if worker.report is not None:
        os.write(worker.report, json.dumps({"code": int(code), "by": worker.noticed, "why": worker.why}).encode())
        os._exit(0)


if __name__ == "__main__":
    main()
