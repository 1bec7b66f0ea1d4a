"""The last lock: from here on the process computes, reads and writes what it holds open; the kernel refuses the rest.

The rule it keeps: a list of what is allowed, not of what is forbidden, so that no file, process, signal, socket or
limit can be reached, by root neither. Linux seccomp (``man 2 seccomp``); on a machine of another kind, or a kernel
without it, the limits of ``limits.py`` are in force alone.
"""

import ctypes
import os
import struct
import sys

_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _FILTER = 38, 22, 2
_LOAD_WORD, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x15, 0x06  # classic BPF, <linux/bpf_common.h>
_NUMBER, _ARCHITECTURE = 0, 4  # offsets in struct seccomp_data
_ALLOW, _REFUSE, _KILL = 0x7FFF0000, 0x00050001, 0x80000000  # _REFUSE answers EPERM
_ARCHITECTURES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}
"""AUDIT_ARCH of a machine, and its column below."""
_ALLOWED = {
    "read": (0, 63),
    "pread64": (17, 67),
    "readv": (19, 65),
    "write": (1, 64),
    "writev": (20, 66),
    "close": (3, 57),
    "lseek": (8, 62),
    "fstat": (5, 80),
    "brk": (12, 214),
    "mmap": (9, 222),
    "mremap": (25, 216),
    "munmap": (11, 215),
    "mprotect": (10, 226),
    "madvise": (28, 233),
    "futex": (202, 98),
    "sched_yield": (24, 124),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "sigaltstack": (131, 132),
    "restart_syscall": (219, 128),
    "clock_gettime": (228, 113),
    "clock_getres": (229, 114),
    "gettimeofday": (96, 169),
    "getrusage": (98, 165),
    "sysinfo": (99, 179),
    "getpid": (39, 172),
    "gettid": (186, 178),
    "getrandom": (318, 278),
    "exit": (60, 93),
    "exit_group": (231, 94),
}
"""System calls by their numbers on x86_64 and aarch64 (``<asm/unistd.h>``)."""


class _Program(ctypes.Structure):
    """struct sock_fprog."""

    _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_char_p))


def seal() -> bool:
    """Lock this process for good; everything it needs must be imported and open. False where the kernel cannot."""
    machine = os.uname().machine
    if machine not in _ARCHITECTURES or sys.maxsize < 2**32:
        return False
    code = _filter(*_ARCHITECTURES[machine])
    program = _Program(len(code) // 8, code)
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    return bool(libc.prctl(_PR_SET_SECCOMP, _FILTER, ctypes.byref(program), 0, 0) == 0)


def _filter(architecture: int, column: int) -> bytes:
    """The rules as the kernel wants them: the right machine, then a jump to the end for each number allowed."""
    numbers = [row[column] for row in _ALLOWED.values()]
    checks = [_rule(_JUMP_IF_EQUAL, number, if_true=len(numbers) - place) for place, number in enumerate(numbers)]
    return b"".join(
        (
            _rule(_LOAD_WORD, _ARCHITECTURE),
            _rule(_JUMP_IF_EQUAL, architecture, if_true=1),
            _rule(_RETURN, _KILL),
            _rule(_LOAD_WORD, _NUMBER),
            *checks,
            _rule(_RETURN, _REFUSE),
            _rule(_RETURN, _ALLOW),
        )
    )


def _rule(code: int, value: int, *, if_true: int = 0) -> bytes:
    """struct sock_filter."""
    return struct.pack("=HBBI", code, if_true, 0, value)
