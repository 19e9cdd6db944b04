"""In how many ways the same is sent to a real kernel."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from tests.rigs.real_bluez.controller import Kind

FRAMES: Final = ("ibeacon_advert", "service_data_advert", "service_uuid_advert")

KINDS: Final[tuple[Kind, ...]] = ("phone", "beacon")

IN_SHORT: Final = {
    ("ibeacon_advert", "phone", True),
    ("service_data_advert", "beacon", False),
    ("service_uuid_advert", "phone", False),
}
"""Every frame, kind and form once; all twelve are in `make e2e-long`, a minute and a half each time."""

SENT: Final = [
    pytest.param(
        frame,
        kind,
        flags,
        id=f"{frame}-{kind}-{'flags' if flags else 'no flags'}",
        marks=() if (frame, kind, flags) in IN_SHORT else pytest.mark.long,
    )
    for frame, kind, flags in product(FRAMES, KINDS, (True, False))
]
"""Frame, kind of sender, and whether the structure of flags is there."""
