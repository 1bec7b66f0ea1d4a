"""Starts the caged process and believes nothing of what comes out but JSON of the right shape.

The rule it keeps: the wall clock, the size of the answer and the number of processes are bounded from outside, and
whatever happens to the process becomes a named problem.
"""

import asyncio
import contextlib
import json
import os
import signal
import sys
from pathlib import Path
from typing import IO, Any
from weakref import WeakKeyDictionary

WALL_CLOCK = 20.0
"""Seconds a process may take."""
LARGEST_ANSWER = 8_000_000
"""Bytes; a million characters of four bytes each, and room for what JSON adds."""
AT_ONCE = 2
CHILD = Path(__file__).with_name("child.py")
_slots: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


async def read_caged(
    source: IO[bytes], expected: str, charset: str = "", *, wall_clock: float = WALL_CLOCK, child: Path = CHILD
) -> dict[str, Any]:
    """What the bytes of an open file hold, as ``child.read`` says.

    Problems by name: ``too_long``, ``too_much``, ``died`` and those of the readers.

    Args:
        source: a real open file, at its beginning.
        expected: the media type it calls itself.
        charset: what was said of a text's encoding from outside.
        wall_clock: seconds.
        child: the program that reads; called as ``child.py`` is.
    """
    async with _slot():
        return await _one(source, (str(child), str(os.getpid()), expected, charset), wall_clock)


async def _one(source: IO[bytes], program: tuple[str, ...], wall_clock: float) -> dict[str, Any]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-B", "-X", "utf8", *program),
        stdin=source,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={},
        cwd="/",
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(wall_clock):
            answer = await _answer(process)
            code = await process.wait()
    except TimeoutError:
        return {"problem": "too_long"}
    finally:
        await _end(process)
    return _understood(answer) if code == 0 else {"problem": "too_long" if code == -signal.SIGXCPU else "died"}


async def _answer(process: asyncio.subprocess.Process) -> bytes:
    assert process.stdout is not None
    parts: list[bytes] = []
    length = 0
    while part := await process.stdout.read(65_536):
        length += len(part)
        if length > LARGEST_ANSWER:
            _kill(process)
            break
        parts.append(part)
    return b"".join(parts)


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        _kill(process)
        await process.wait()


def _kill(process: asyncio.subprocess.Process) -> None:
    """With all that it may have started; it leads a process group of its own."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _understood(answer: bytes) -> dict[str, Any]:
    try:
        found = json.loads(answer)
    except (ValueError, RecursionError):
        return {"problem": "died"}
    return found if isinstance(found, dict) else {"problem": "died"}


def _slot() -> asyncio.Semaphore:
    return _slots.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(AT_ONCE))
