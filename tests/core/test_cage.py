"""The caged process: whatever takes it over, it reaches nothing, ends in time, and becomes a problem with a name."""

import asyncio
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest

from copp_bot.core import media
from copp_bot.core.cage import run
from tests.core.hostile import children

ROOT = Path(__file__).parents[2]
needs_seccomp = pytest.mark.skipif(
    "Seccomp:" not in Path("/proc/self/status").read_text() or os.uname().machine not in {"x86_64", "aarch64"},
    reason="this kernel has no seccomp, or this machine is none whose numbers we know",
)

UNSHARED = "import ctypes, sys; call = ctypes.CDLL(None).unshare; sys.exit(call(0x40000000) and call(0x50000000))"
needs_namespaces = pytest.mark.skipif(
    subprocess.run([sys.executable, "-c", UNSHARED], check=False).returncode != 0,
    reason="this machine lets nobody have a network of their own",
)


def program(folder: Path, body: str, *, sealed: bool = False) -> Path:
    """A caged process that has been taken over, and now does this."""
    path = folder / "taken_over.py"
    lines = (
        "import ctypes, json, os, resource, signal, socket, sys, time",
        f"sys.path.append({str(ROOT)!r})",
        "from copp_bot.core.cage import limits, seal",
        "def tried(act):",
        "    try: return repr(act())[:80]",
        "    except OSError as error: return type(error).__name__",
        "limits.bind(int(sys.argv[1]))",
        *(["sealed = seal.seal()"] if sealed else []),
        body,
    )
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


async def caged(child: Path, wall_clock: float = 10.0) -> dict[str, Any]:
    """What comes out when this child is given a file."""
    with tempfile.TemporaryFile() as source:
        found = await run.read_caged(source, "text/plain", wall_clock=wall_clock, child=child)
    assert not children()
    return found


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("signal.pause()", "too_long"),
        ("signal.signal(signal.SIGTERM, signal.SIG_IGN); print('{}', flush=True); signal.pause()", "too_long"),
        ("resource.setrlimit(resource.RLIMIT_CPU, (1, 10))\nwhile True: pass", "too_long"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "died"),
        ("ctypes.string_at(0)", "died"),
        ("while True: os.write(1, b'x' * 65536)", "died"),
        ("print('[' * 1_000_000)", "died"),
        ("print('1' * 100_000)", "died"),
        ("print('[]')", "died"),
        ("os.write(1, bytes(range(256)))", "died"),
        ("os.close(1)", "died"),
        ("print('{}'); sys.exit(1)", "died"),
    ],
)
async def test_whatever_the_process_does_has_a_name(tmp_path: Path, body: str, problem: str) -> None:
    """It hangs, burns, dies, floods or answers nonsense."""
    begun = time.monotonic()
    assert await caged(program(tmp_path, body), 2.5) == {"problem": problem}
    assert time.monotonic() - begun < 6


async def test_the_limits_are_in_force(tmp_path: Path) -> None:
    """512 MB, 10 s, no bytes written, no process started, no environment."""
    body = """
names = ("AS", "CPU", "FSIZE", "CORE", "NPROC")
held = {name: resource.getrlimit(getattr(resource, "RLIMIT_" + name)) for name in names}
try: hoard = str(len(bytearray(600_000_000)))
except MemoryError: hoard = "refused"
print(json.dumps({**held, "hoard": hoard, "environment": dict(os.environ), "folder": os.getcwd()}))
"""
    found = await caged(program(tmp_path, body))
    memory = 512 * 1024 * 1024
    assert found.pop("environment").keys() <= {"LC_CTYPE"}
    held = {"AS": [memory, memory], "CPU": [10, 11], "FSIZE": [0, 0], "CORE": [0, 0], "NPROC": [0, 0]}
    assert found == {**held, "hoard": "refused", "folder": "/"}


@needs_seccomp
async def test_the_sealed_process_reaches_nothing(tmp_path: Path) -> None:
    """Not files, not their names, not processes, not signals, not sockets, not the limits; for root neither."""
    (tmp_path / "mine").write_text("kept", encoding="utf-8")
    body = f"""
mine, made = {str(tmp_path / "mine")!r}, {str(tmp_path / "made")!r}
print(json.dumps({{"sealed": sealed, "acts": {{
    "create": tried(lambda: os.open(made, os.O_CREAT | os.O_WRONLY)), "read": tried(lambda: open(mine).read()),
    "truncate": tried(lambda: os.truncate(mine, 0)), "remove": tried(lambda: os.unlink(mine)),
    "rename": tried(lambda: os.rename(mine, made)), "link": tried(lambda: os.link(mine, made)),
    "folder": tried(lambda: os.mkdir(made)), "list": tried(lambda: os.listdir("/")),
    "secrets": tried(lambda: open(f"/proc/{{os.getppid()}}/environ", "rb").read()),
    "fork": tried(os.fork), "run": tried(lambda: os.execv("/bin/true", ["true"])),
    "signal": tried(lambda: os.kill(int(sys.argv[1]), 0)), "web": tried(lambda: socket.socket()),
    "local": tried(lambda: socket.socket(socket.AF_UNIX)), "priority": tried(lambda: os.setpriority(0, 0, 19)),
}}}}))
"""
    found = await caged(program(tmp_path, body, sealed=True))
    assert found["sealed"]
    assert {act: how for act, how in found["acts"].items() if how != "PermissionError"} == {}
    assert (tmp_path / "mine").read_text(encoding="utf-8") == "kept"
    assert set(os.listdir(tmp_path)) == {"mine", "taken_over.py"}


@needs_namespaces
async def test_without_seccomp_the_process_has_no_network(tmp_path: Path) -> None:
    """Where nothing can be sealed, a network without devices is left: not even this machine itself is reached."""
    with socket.create_server(("127.0.0.1", 0)) as neighbour:
        address = neighbour.getsockname()
        body = f"print(json.dumps({{'web': tried(lambda: socket.create_connection({address!r}, 5))}}))"
        assert await caged(program(tmp_path, body)) == {"web": "OSError"}


@needs_seccomp
async def test_a_reader_is_sealed_before_it_sees_the_bytes(tmp_path: Path) -> None:
    """Text is read by a reader that has been taken over: the file is in its hands, and nothing else."""
    body = """
from copp_bot.core.cage import child, read_text
read_text.read = lambda data, charset: {"text": tried(lambda: open("/etc/hostname")) + data.decode()}
child.main(int(sys.argv[1]), sys.argv[2], sys.argv[3])
"""
    with tempfile.TemporaryFile() as source:
        source.write(b" and the bytes")
        source.seek(0)
        found = await run.read_caged(source, "text/plain", child=program(tmp_path, body))
    assert found == {"media_type": "text/plain", "text": "PermissionError and the bytes"}


def test_the_process_ends_with_its_parent(tmp_path: Path) -> None:
    """Even when the bot is killed outright."""
    child = program(tmp_path, "print(os.getpid(), flush=True); signal.pause()")
    bot = tmp_path / "bot.py"
    bot.write_text(
        f"import os, subprocess, sys\nsubprocess.run([sys.executable, {str(child)!r}, str(os.getpid())])",
        encoding="utf-8",
    )
    with subprocess.Popen([sys.executable, str(bot)], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        descriptor = os.pidfd_open(int(parent.stdout.readline()))
        parent.kill()
        ended, _, _ = select.select([descriptor], [], [], 10)
        os.close(descriptor)
        assert ended


async def test_few_run_at_once(tmp_path: Path) -> None:
    """Eight files at once, and never more processes than allowed."""
    body = "begun = time.monotonic(); time.sleep(0.2); print(json.dumps({'span': [begun, time.monotonic()]}))"
    child = program(tmp_path, body)

    async def one() -> tuple[float, float]:
        with tempfile.TemporaryFile() as source:
            begun, ended = (await run.read_caged(source, "", child=child))["span"]
        return begun, ended

    spans = await asyncio.gather(*(one() for _number in range(8)))
    assert max(sum(begun <= at < ended for begun, ended in spans) for at, _ended in spans) <= run.AT_ONCE


async def test_cancelling_ends_the_process(tmp_path: Path) -> None:
    """A bot that stops leaves nothing behind, and the next file gets its turn."""
    child = program(tmp_path, "os.kill(int(sys.argv[1]), signal.SIGUSR1); signal.pause()")
    begun = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, begun.set)
    with tempfile.TemporaryFile() as source:
        waiting = [asyncio.create_task(run.read_caged(source, "", child=child)) for _number in range(run.AT_ONCE + 1)]
        await asyncio.wait_for(begun.wait(), 10)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
    asyncio.get_running_loop().remove_signal_handler(signal.SIGUSR1)
    assert not children()
    assert (await media.extract_bytes(b"the next one", "", "a.txt")).text == "the next one"
