"""The system calls that are left to a process that parses images.

Owns: the list, each group with its reason, and the filter that the kernel takes (seccomp, classic BPF).
Never: installs it (`fence`).

What is not listed fails with EPERM and does not kill: a libc that tries something new must do without
it, as it does in any container. What somebody who broke a decoder would need is not here: nothing opens a
file, makes a socket, starts a program, signals another process or maps new code.
"""

from __future__ import annotations

import struct
from errno import ENOSYS, EPERM
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    Instruction = tuple[int, int, int, int]

AUDIT_ARCH: Final = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
"""The machines whose numbers we know, as the kernel names them to a filter."""

_COLUMN: Final = {"x86_64": 0, "aarch64": 1}

PLAIN: Final[dict[str, tuple[int | None, int | None]]] = {
    # What was opened before: the camera, the file that is handed over, the socket to the edge.
    "read": (0, 63),
    "pread64": (17, 67),
    "lseek": (8, 62),
    "write": (1, 64),
    "close": (3, 57),
    "fstat": (5, 80),
    "newfstatat": (262, 79),  # what newer libcs make of fstat: sizes and dates, no contents
    "sendto": (44, 206),
    "recvfrom": (45, 207),
    "sendmsg": (46, 211),
    "recvmsg": (47, 212),
    "poll": (7, None),  # 64-bit Arm has only the newer one
    "ppoll": (271, 73),
    "select": (23, None),  # the same
    "pselect6": (270, 72),
    # Memory.
    "munmap": (11, 215),
    "mremap": (25, 216),
    "madvise": (28, 233),
    "brk": (12, 214),
    # Threads, and waiting for them.
    "futex": (202, 98),
    "sched_yield": (24, 124),
    "sched_getaffinity": (204, 123),
    "set_robust_list": (273, 99),
    "rseq": (334, 293),
    "membarrier": (324, 283),
    # Time, and the alarm that ends a picture which takes too long.
    "clock_gettime": (228, 113),
    "clock_getres": (229, 114),
    "clock_nanosleep": (230, 115),
    "nanosleep": (35, 101),
    "gettimeofday": (96, 169),
    "setitimer": (38, 103),
    "getrusage": (98, 165),
    # Its own signals, and the end.
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "sigaltstack": (131, 132),
    "restart_syscall": (219, 128),
    "getpid": (39, 172),
    "gettid": (186, 178),
    "getrandom": (318, 278),
    "exit": (60, 93),
    "exit_group": (231, 94),
}

JUDGED: Final = {
    "mmap": (9, 222),
    "mprotect": (10, 226),
    "ioctl": (16, 29),
    "clone": (56, 220),
    "clone3": (435, 435),
    "tgkill": (234, 131),
}
"""Calls that depend on what they are asked for: see `_judged`."""

PROT_EXEC: Final = 4
CLONE_THREAD: Final = 0x10000
VIDEO: Final = ord("V")
"""The type of every ioctl of Video4Linux; a terminal's (which can type for its owner) is `T`."""

_LOAD: Final = 0x20
_EQUAL: Final = 0x15
_ANY_BIT: Final = 0x45
_AND: Final = 0x54
_RETURN: Final = 0x06

_ALLOW: Final = 0x7FFF0000
_KILL: Final = 0x80000000
_FAIL: Final = 0x00050000

_NUMBER_AT: Final = 0
_MACHINE_AT: Final = 4


def program(machine: str, pid: int) -> bytes:
    """Return the filter for a process `pid` on `machine` (as `uname -m`), little-endian `sock_filter`s.

    Raises KeyError for a machine whose numbers we do not know.
    """
    return b"".join(struct.pack("<HBBI", *each) for each in _instructions(machine, pid))


def _instructions(machine: str, pid: int) -> Iterator[Instruction]:
    column = _COLUMN[machine]
    # A call by another architecture's numbers (32-bit on 64) would mean something else by them.
    yield from (
        (_LOAD, 0, 0, _MACHINE_AT),
        (_EQUAL, 1, 0, AUDIT_ARCH[machine]),
        (_RETURN, 0, 0, _KILL),
    )
    yield (_LOAD, 0, 0, _NUMBER_AT)
    for numbers in PLAIN.values():
        number = numbers[column]
        if number is not None:
            yield from ((_EQUAL, 0, 1, number), (_RETURN, 0, 0, _ALLOW))
    for name, both in JUDGED.items():
        block = list(_judged(name, pid))
        yield (_EQUAL, 0, len(block), both[column])
        yield from block
    yield (_RETURN, 0, 0, _FAIL | EPERM)


def _judged(name: str, pid: int) -> Iterator[Instruction]:
    """Yield what decides on a call; every way through it returns."""
    match name:
        case "mmap" | "mprotect":  # no new code
            yield (_LOAD, 0, 0, _argument(2))
            yield (_ANY_BIT, 0, 1, PROT_EXEC)
            yield (_RETURN, 0, 0, _FAIL | EPERM)
        case "ioctl":
            yield (_LOAD, 0, 0, _argument(1))
            yield (_AND, 0, 0, 0xFF00)
            yield (_EQUAL, 1, 0, VIDEO << 8)
            yield (_RETURN, 0, 0, _FAIL | EPERM)
        case "clone":  # a thread, no process
            yield (_LOAD, 0, 0, _argument(0))
            yield (_ANY_BIT, 1, 0, CLONE_THREAD)
            yield (_RETURN, 0, 0, _FAIL | EPERM)
        case "tgkill":  # abort() of a library signals itself
            yield (_LOAD, 0, 0, _argument(0))
            yield (_EQUAL, 1, 0, pid)
            yield (_RETURN, 0, 0, _FAIL | EPERM)
        case _:
            # clone3: its wishes are in memory, where no filter sees them. A libc without it takes clone.
            yield (_RETURN, 0, 0, _FAIL | ENOSYS)
            return
    yield (_RETURN, 0, 0, _ALLOW)


def _argument(number: int) -> int:
    """Return where the lower half of an argument lies in `seccomp_data`, little-endian."""
    return 16 + 8 * number
