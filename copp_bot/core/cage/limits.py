"""How the caged process binds itself before it reads the first foreign byte. Linux; what a kernel lacks is left out.

The rule it keeps: hard limits with the soft ones, so that they cannot be lifted again. Root is not held by all of them
(files may be removed, processes started); that is what ``seal.py`` is for.
"""

import contextlib
import ctypes
import os
import resource
import signal

MEMORY = 512 * 1024 * 1024
"""Bytes of address space."""
CPU = 10
"""Seconds of processor time."""
OPEN_FILES = 64
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 1, 4, 38
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000


def bind(parent: int) -> None:
    """Bind this process: memory, time, no files, no children, no network, no privileges, and it ends with its parent.

    Args:
        parent: the process id that started us; when it is gone already we end at once.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    _leave_network(libc)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    os.nice(10)
    _limit(resource.RLIMIT_AS, MEMORY)
    _limit(resource.RLIMIT_CPU, CPU, CPU + 1)  # SIGXCPU tells the parent why; SIGKILL a second later ends it anyhow
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, 0)
    _limit(resource.RLIMIT_NOFILE, OPEN_FILES)
    _limit(resource.RLIMIT_NPROC, 0)


def _leave_network(libc: ctypes.CDLL) -> None:
    """A network of its own without any device: as root directly, else inside a user namespace where allowed."""
    if libc.unshare(_CLONE_NEWNET) != 0:
        libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET)


def _limit(which: int, amount: int, hard: int | None = None) -> None:
    with contextlib.suppress(ValueError, OSError):  # a stricter limit is in force already
        resource.setrlimit(which, (amount, hard or amount))
