"""What an input device is asked by: the numbers of the kernel, where there is no device to try them on."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

from shopbell_edge.adapters.usb_scanner.input_device import EV_SND, EVIOCGRAB, SND_BELL

HEADERS: Final = Path("/usr/include/linux")

WRITE: Final = 1
INT_BYTES: Final = 4
"""Of `_IOW(…, int)`, on every 64-bit machine that we run on."""


@pytest.fixture
def told() -> str:
    """Return what the kernel's headers say of input devices."""
    files = [HEADERS / "input.h", HEADERS / "input-event-codes.h"]
    if not all(file.exists() for file in files):
        pytest.skip("the kernel's headers (linux-libc-dev) are not here")
    return "".join(file.read_text() for file in files)


def test_it_is_grabbed_by_the_kernels_own_number(told: str) -> None:
    """Another would grab nothing, and the console would go on hearing what customers hold up."""
    grab = re.search(r"#define EVIOCGRAB\s+_IOW\('E', (0x[0-9a-f]+), int\)", told)
    assert grab is not None
    assert WRITE << 30 | INT_BYTES << 16 | ord("E") << 8 | int(grab[1], 16) == EVIOCGRAB


@pytest.mark.parametrize(("name", "number"), [("EV_SND", EV_SND), ("SND_BELL", SND_BELL)])
def test_it_beeps_by_the_kernels_own_numbers(told: str, name: str, number: int) -> None:
    defined = re.search(rf"#define {name}\s+(0x[0-9a-f]+)", told)
    assert defined is not None
    assert int(defined[1], 16) == number
