"""What the filter of system calls decides, call by call: run as the kernel runs it, for both machines."""

from __future__ import annotations

import struct
from errno import ENOSYS, EPERM

import pytest

from shopbell_edge.adapters.camera.syscalls import AUDIT_ARCH, JUDGED, PLAIN, program

PID = 4711
COLUMN = {"x86_64": 0, "aarch64": 1}
ALLOW, KILL, FAIL = 0x7FFF0000, 0x80000000, 0x00050000
REFUSED = FAIL | EPERM

READ, WRITE, EXEC = 1, 2, 4
"""PROT_… of mmap and mprotect."""

THREAD = 0x10000
"""CLONE_THREAD."""

MOST = 1_024
"""Above all numbers that Linux has given (some 470), and above those with which x32 begins again, at 512."""

NEVER = {
    *("open", "openat", "openat2", "creat", "open_by_handle_at", "dup", "dup2", "dup3", "fcntl"),
    *(
        "unlink",
        "unlinkat",
        "rename",
        "renameat",
        "renameat2",
        "link",
        "linkat",
        "symlink",
        "symlinkat",
    ),
    *(
        "mkdir",
        "mkdirat",
        "mknod",
        "mknodat",
        "truncate",
        "ftruncate",
        "chmod",
        "fchmodat",
        "chown",
    ),
    *("socket", "socketpair", "connect", "bind", "listen", "accept", "accept4"),
    *("execve", "execveat", "fork", "vfork", "kill", "tkill", "rt_sigqueueinfo", "pidfd_open"),
    *(
        "pidfd_send_signal",
        "pidfd_getfd",
        "ptrace",
        "process_vm_readv",
        "process_vm_writev",
        "kcmp",
    ),
    *(
        "prctl",
        "arch_prctl",
        "prlimit64",
        "setrlimit",
        "seccomp",
        "bpf",
        "perf_event_open",
        "userfaultfd",
    ),
    *(
        "io_uring_setup",
        "io_uring_enter",
        "memfd_create",
        "memfd_secret",
        "shmget",
        "shmat",
        "pkey_mprotect",
    ),
    *(
        "mount",
        "umount2",
        "unshare",
        "setns",
        "chroot",
        "pivot_root",
        "setuid",
        "setgid",
        "capset",
        "keyctl",
    ),
    *("init_module", "finit_module", "kexec_load", "reboot", "personality", "remap_file_pages"),
}
"""What who broke a decoder would reach for: a file, a network, a program, another process, new code."""


def decided(machine: str, number: int, *arguments: int, arch: int | None = None) -> int:
    """Return what the kernel is told to do about a call."""
    arch = AUDIT_ARCH[machine] if arch is None else arch
    data = struct.pack("<IIQ6Q", number, arch, 0, *(*arguments, *[0] * 6)[:6])
    lines = list(struct.iter_unpack("<HBBI", program(machine, PID)))
    place = held = 0
    while True:
        code, yes, no, value = lines[place]
        place += 1
        match code:
            case 0x20:
                (held,) = struct.unpack_from("<I", data, value)
            case 0x54:
                held &= value
            case 0x15:
                place += yes if held == value else no
            case 0x45:
                place += yes if held & value else no
            case 0x06:
                return int(value)
            case _:
                raise AssertionError(f"the kernel knows no {code:#x} here")


def judged(machine: str, name: str, *arguments: int) -> int:
    return decided(machine, JUDGED[name][COLUMN[machine]], *arguments)


def test_nothing_that_opens_sends_or_starts_anything_is_on_the_list() -> None:
    assert not NEVER & (PLAIN | JUDGED).keys()
    assert not PLAIN.keys() & JUDGED.keys(), "what is judged is not let through before"


@pytest.mark.parametrize("machine", COLUMN)
def test_what_is_not_on_the_list_is_refused(machine: str) -> None:
    plain = {numbers[COLUMN[machine]] for numbers in PLAIN.values()}
    named = plain | {numbers[COLUMN[machine]] for numbers in JUDGED.values()}
    for number in range(MOST):
        if number in plain:
            assert decided(machine, number) == ALLOW, number
        elif number not in named:
            assert decided(machine, number) == REFUSED, number


@pytest.mark.parametrize("machine", COLUMN)
def test_numbers_of_another_machine_end_the_process(machine: str) -> None:
    for arch in (0, 0x40000003, *AUDIT_ARCH.values()):
        if arch != AUDIT_ARCH[machine]:
            assert decided(machine, 0, arch=arch) == KILL


@pytest.mark.parametrize("name", ["mmap", "mprotect"])
@pytest.mark.parametrize("machine", COLUMN)
def test_memory_is_never_made_code(machine: str, name: str) -> None:
    for how in (0, READ, WRITE, READ | WRITE):
        assert judged(machine, name, EXEC, EXEC, how) == ALLOW
        assert judged(machine, name, 0, 0, how | EXEC) == REFUSED


@pytest.mark.parametrize("machine", COLUMN)
def test_a_camera_is_asked_and_a_terminal_is_not(machine: str) -> None:
    assert judged(machine, "ioctl", 3, 0xC0585609) == ALLOW, "VIDIOC_QUERYBUF"
    assert judged(machine, "ioctl", 0, 0x5412) == REFUSED, "TIOCSTI types for its owner"
    assert judged(machine, "ioctl", 0, 0x0056) == REFUSED, "the type is the second byte"


@pytest.mark.parametrize("machine", COLUMN)
def test_a_thread_begins_and_a_process_does_not(machine: str) -> None:
    assert judged(machine, "clone", THREAD | 0x3D0F00) == ALLOW
    assert judged(machine, "clone", 17) == REFUSED, "SIGCHLD: a fork"
    assert judged(machine, "clone3") == FAIL | ENOSYS, "so that a libc takes clone"


@pytest.mark.parametrize("machine", COLUMN)
def test_who_is_signalled_is_itself(machine: str) -> None:
    assert judged(machine, "tgkill", PID, 1, 6) == ALLOW
    assert judged(machine, "tgkill", PID + 1, PID, 6) == REFUSED
