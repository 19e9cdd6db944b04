from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from shopbell_program.children import die_with_parent

ASK = (
    "import ctypes; told = ctypes.c_int(); "
    "ctypes.CDLL(None).prctl(2, ctypes.byref(told)); print(told.value)"
)
"""PR_GET_PDEATHSIG: which signal comes when the parent is gone."""


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone has it")
def test_a_child_is_ended_when_its_parent_is_gone() -> None:
    asked = [sys.executable, "-c", ASK]
    told = subprocess.run(
        asked,
        capture_output=True,
        text=True,
        check=True,
        preexec_fn=die_with_parent,  # it only calls prctl
    )
    assert int(told.stdout) == signal.SIGTERM
