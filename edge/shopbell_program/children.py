"""Processes that end with the one that started them."""

from __future__ import annotations

import ctypes
import signal
import sys
from typing import Final

_PR_SET_PDEATHSIG: Final = 1
"""From linux/prctl.h."""


def die_with_parent() -> None:
    """Have the kernel end this process when its parent is killed, so that none is left behind.

    To be called in a child before it begins (`preexec_fn`): all it does is prctl. On Linux alone.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
