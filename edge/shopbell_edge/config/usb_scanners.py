"""What no single key shows of the tables [[usb_scanners]]."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from shopbell_edge.config.feedback import feedback_faults
from shopbell_program.places import not_a_path
from shopbell_program.settings import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from shopbell_edge.config.tables import UsbScanner


def usb_faults(scanners: Sequence[UsbScanner]) -> Iterator[Fault]:
    """Yield what is wrong with `scanners`. A device need not be there: it may be plugged in later."""
    first: dict[str, int] = {}
    for index, each in enumerate(scanners):
        key = f"usb_scanners[{index}]"
        unusable = list(not_a_path(f"{key}.device", each.device))
        yield from unusable
        if not unusable and not PurePosixPath(each.device).is_absolute():
            yield Fault(
                key=f"{key}.device",
                problem=f'"{each.device}" is no whole path; write it from the /, as in /dev/serial/by-id/…',
            )
        if each.device in first:
            yield Fault(
                key=f"{key}.device",
                problem=f"the same as that of usb_scanners[{first[each.device]}]; a device has one reader",
            )
        first.setdefault(each.device, index)
        yield from feedback_faults(f"{key}.feedback", each.feedback, bell=True)
