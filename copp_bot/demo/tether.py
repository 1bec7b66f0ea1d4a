"""Runs another program in this very process, on a tether: when the parent dies, even by ``kill -9``, it ends too.

Started by path as ``python -P tether.py PARENT_PID MODULE ARGUMENT...``, so it needs nothing but the standard library.
On systems without Linux's ``prctl`` the program runs untethered, and only an orderly stop of the parent ends it.
"""

import ctypes
import os
import runpy
import signal
import sys
from pathlib import Path

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def command(module: str, *arguments: str) -> list[str]:
    """The command line that runs ``python -m module arguments...`` as a tethered child of this process."""
    return [sys.executable, "-P", str(Path(__file__)), str(os.getpid()), module, *arguments]


def _tether(parent: int) -> None:
    """Ask the kernel for SIGTERM at the parent's death (prctl(2)); a parent that died before we asked counts too."""
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit("The process that started this one has ended.")


if __name__ == "__main__":
    _tether(int(sys.argv[1]))
    sys.argv = sys.argv[2:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
