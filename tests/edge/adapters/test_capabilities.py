"""The programs that the daemon starts have none of its capabilities."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

PARENT = """
import ctypes, subprocess, sys
from shopbell_edge.adapters.capabilities import keep_capabilities

libc = ctypes.CDLL(None, use_errno=True)
header = (ctypes.c_uint32 * 2)(0x20080522, 0)
net_bind = 1 << 10
sets = (ctypes.c_uint32 * 6)(net_bind, net_bind, net_bind, 0, 0, 0)
libc.prctl(8, 1, 0, 0, 0)  # keep them as another user
libc.setresgid(65534, 65534, 65534) or libc.setresuid(65534, 65534, 65534)
if libc.capset(header, sets) or libc.prctl(47, 2, 10, 0, 0):
    sys.exit(77)  # it was not there to be given
if sys.argv[1] == "keep":
    keep_capabilities()
def effective(text):
    return next(line.split()[1] for line in text.splitlines() if line.startswith("CapEff"))
child = subprocess.run(["cat", "/proc/self/status"], capture_output=True, text=True, check=True)
print(int(effective(open("/proc/self/status").read()), 16), int(effective(child.stdout), 16))
"""


def capabilities(what: str) -> tuple[int, int]:
    """Return those of a process that was given one, and of a program that it started."""
    done = subprocess.run(
        [sys.executable, "-c", PARENT, what], check=False, capture_output=True, text=True
    )
    if done.returncode == 77:
        pytest.skip("this user has no capability to give")
    assert done.returncode == 0, done.stderr
    own, childs = done.stdout.split()
    return int(own), int(childs)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has a capability to give")
def test_what_the_daemon_may_the_programs_that_it_starts_may_not() -> None:
    one = 1 << 10
    assert capabilities("give") == (one, one), "as systemd hands them on"
    assert capabilities("keep") == (one, 0)
