"""Where an exception was raised, in words that may be logged.

Owns: file, line and function, and which of a group of exceptions is meant.
Never: its message or any value: a value in a message may be a token or a name.
"""

from __future__ import annotations

import traceback
from pathlib import Path


def leaf_of(error: BaseException) -> BaseException:
    """Return the first real error in a group of groups; any other one itself."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def place_of(error: BaseException) -> str:
    """Return the innermost place in our own code: "reconcile.py:71 reconcile"; "" if there is none."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if "shopbell_" in frame.filename:
            return f"{Path(frame.filename).name}:{frame.lineno} {frame.name}"
    return ""
