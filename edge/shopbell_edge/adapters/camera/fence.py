"""What a process that parses images may still do: little, and nothing beside itself.

Owns: the limits of the decoder, set by itself once it has all that it needs.
Never: parses an image.

Everything here stays with the process for good: limits are lowered hard, and a filter cannot be taken off.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import resource
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Final

from shopbell_edge.adapters.camera.syscalls import program

if TYPE_CHECKING:
    from collections.abc import Iterator

_SET_PDEATHSIG: Final = 1
_SET_DUMPABLE: Final = 4
_SET_NO_NEW_PRIVS: Final = 38

_SECCOMP: Final = {"x86_64": 317, "aarch64": 277}
"""The number of seccomp(2), which no libc wraps."""
_SET_MODE_FILTER: Final = 1
_FILTER_FLAG_TSYNC: Final = 1
"""For the threads that libraries have started too."""

SPARE_FILES: Final = 4
"""Descriptors beyond those open: one for the file that is handed over, the rest for the interpreter."""

NICER: Final = 5
"""Steps of priority below the edge: a picture can wait for an advertisement, not the other way round."""

KILL_ME_FIRST: Final = 500
"""Half of all memory is added to its account when the kernel looks for somebody to kill: a decoder is
started again in a second, an edge has open stays."""


def stay_with(parent: int) -> None:
    """Die when the edge dies (or has died already), and leave it to the edge to say when else."""
    _prctl(_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)
    # Those of a terminal or of systemd go to the whole group; the edge ends us in its own time.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with contextlib.suppress(OSError):  # it is polite, and no part of the fence
        os.nice(NICER)
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(str(KILL_ME_FIRST))


def shut(more_memory: int) -> tuple[str, ...]:
    """Give up everything but computing with `more_memory` bytes beyond those in use.

    Returns which parts this kernel does not grant: `memory`, `files`, `processes`, `privileges`,
    `syscalls`. All others hold.
    """
    missing = [name for name, limit in _limits(more_memory) if not _lowered(limit)]
    # Nobody of the same user may look into it, and no dump of it ever holds a frame.
    if not (_prctl(_SET_NO_NEW_PRIVS, 1) and _prctl(_SET_DUMPABLE, 0)):
        missing.append("privileges")
    if not _filtered():
        missing.append("syscalls")
    return tuple(missing)


@contextlib.contextmanager
def at_most(cpu_s: float) -> Iterator[None]:
    """End this process, by SIGPROF, if what is done here takes more CPU time. The kernel sees to it."""
    signal.setitimer(signal.ITIMER_PROF, cpu_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _limits(more_memory: int) -> Iterator[tuple[str, tuple[int, int]]]:
    in_use = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    files = 1 + max(int(each.name) for each in Path("/proc/self/fd").iterdir())
    yield "memory", (resource.RLIMIT_AS, in_use + more_memory)
    yield "files", (resource.RLIMIT_NOFILE, files + SPARE_FILES)
    yield "files", (resource.RLIMIT_FSIZE, 0)
    yield "files", (resource.RLIMIT_CORE, 0)
    yield "processes", (resource.RLIMIT_NPROC, 0)


def _lowered(limit: tuple[int, int]) -> bool:
    which, most = limit
    try:
        resource.setrlimit(which, (most, most))
    except (OSError, ValueError):
        return False
    return True


def _filtered() -> bool:
    machine = platform.machine()
    if machine not in _SECCOMP:
        return False
    raw = program(machine, os.getpid())
    code = ctypes.create_string_buffer(raw, len(raw))
    libc = ctypes.CDLL(None, use_errno=True)
    filter_ = _Program(len(raw) // 8, ctypes.cast(code, ctypes.c_void_p))
    libc.syscall.restype = ctypes.c_long
    done: int = libc.syscall(
        ctypes.c_long(_SECCOMP[machine]),
        ctypes.c_ulong(_SET_MODE_FILTER),
        ctypes.c_ulong(_FILTER_FLAG_TSYNC),
        ctypes.byref(filter_),
    )
    return done == 0


class _Program(ctypes.Structure):
    """`struct sock_fprog`."""

    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def _prctl(option: int, value: int) -> bool:
    libc = ctypes.CDLL(None, use_errno=True)
    zero = ctypes.c_ulong(0)
    done: int = libc.prctl(ctypes.c_int(option), ctypes.c_ulong(value), zero, zero, zero)
    return done == 0
