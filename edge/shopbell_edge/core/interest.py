"""Which advertisements are worth a closer look.

Owns: the question that is asked of every advertisement of every stranger, before anything is made of it.
Never: decides that something is ours (`frames` does), or allocates.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from shopbell_edge.core.frames import APPLE

if TYPE_CHECKING:
    from shopbell_edge.core.retailer import Retailer

Interested = Callable[[Mapping[int, bytes], Mapping[str, bytes], Sequence[str]], bool]
"""Whether manufacturer data, service data and service UUIDs may hold a frame of ours.

Quick, and without side effects. It may say yes wrongly; a wrong no would lose a customer.
"""


def interest_in(*retailers: Retailer) -> Interested:
    """Return the question for frames of `retailers`: true at least wherever `recognise` finds one."""
    starts = tuple(retailer.ibeacon_start for retailer in retailers)
    uuids = frozenset(retailer.uuid for retailer in retailers)
    prefixes = tuple(retailer.prefix for retailer in retailers)

    def interested(
        manufacturer_data: Mapping[int, bytes],
        service_data: Mapping[str, bytes],
        service_uuids: Sequence[str],
    ) -> bool:
        if APPLE in manufacturer_data and manufacturer_data[APPLE].startswith(starts):
            return True
        if service_data and not uuids.isdisjoint(service_data):
            return True
        for text in service_uuids:  # noqa: SIM110  any() would build a generator for each stranger
            if text.startswith(prefixes):
                return True
        return False

    return interested
