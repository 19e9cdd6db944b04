"""A handheld scanner, taken for a moment and given back."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from shopbell_edge.adapters.usb_scanner.reader import why_away
from shopbell_edge.core.doctor.readers import UsbSeen

if TYPE_CHECKING:
    from collections.abc import Callable

    from shopbell_edge.adapters.usb_scanner.reader import Attached


def tried_scanner(scanner: str, attach: Callable[[], Attached]) -> UsbSeen:
    """Return whether it could be had for us alone. What it was reading meanwhile is lost."""
    try:
        attached = attach()
    except OSError as away:
        return UsbSeen(scanner=scanner, problem=why_away(away))
    with contextlib.suppress(OSError):  # it may be pulled out just now
        attached.close()
    return UsbSeen(scanner=scanner, problem="")
