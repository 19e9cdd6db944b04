"""What of an advertisement could be ours.

Owns: the question that is asked of every advertisement of every stranger, before anything is made of it.
Never: decides that something is ours (`frames` does).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, TypeVar

from shopbell_edge.core.fixed_ids import APPLE

if TYPE_CHECKING:
    from shopbell_edge.core.fixed_ids import FixedIds
    from shopbell_edge.core.retailer import Retailer

Parts = tuple[bytes | str | None, ...]
"""All of an advertisement that can make a frame of ours: Apple's data, the retailer's service data, of the
service UUIDs with the retailer's prefix the newest, None for what is not there; then what is said of fixed
ids. At least one is.

A phone repeats them for as long as it keeps its token; whatever else it says makes no difference.
"""

Found = TypeVar("Found")

Look = Callable[[Mapping[int, bytes], Mapping[str, bytes], Sequence[str]], Found | None]
"""What is made of manufacturer data, service data and service UUIDs; None where nothing of them is ours.

Quick, and without side effects. It may find something wrongly; a wrong None would lose a customer.
"""


def look_for(retailer: Retailer, found: Callable[[Parts], Found]) -> Look[Found]:
    """Return what calls `found` with the parts: at least wherever `recognise` finds a frame of `retailer`."""
    look = _look_for_phones(retailer, found)
    return look if retailer.fixed is None else _also_for(retailer, retailer.fixed, look, found)


def _look_for_phones(retailer: Retailer, found: Callable[[Parts], Found]) -> Look[Found]:
    start, uuid, prefix = retailer.ibeacon_start, retailer.uuid, retailer.prefix

    def look(
        manufacturer_data: Mapping[int, bytes],
        service_data: Mapping[str, bytes],
        service_uuids: Sequence[str],
    ) -> Found | None:
        beacon = data = newest = None
        if APPLE in manufacturer_data and manufacturer_data[APPLE].startswith(start):
            beacon = manufacturer_data[APPLE]
        if service_data and uuid in service_data:
            data = service_data[uuid]
        for text in service_uuids:
            if text.startswith(prefix):
                newest = text
        if beacon is None and data is None and newest is None:
            return None
        return found((beacon, data, newest))

    return look


def _also_for(
    retailer: Retailer, fixed: FixedIds, otherwise: Look[Found], found: Callable[[Parts], Found]
) -> Look[Found]:
    """Return a look for fixed ids too. One of its own: where there are none nobody pays for it."""
    of_phones = _look_for_phones(retailer, lambda parts: parts)
    said_of = fixed.found

    def look(
        manufacturer_data: Mapping[int, bytes],
        service_data: Mapping[str, bytes],
        service_uuids: Sequence[str],
    ) -> Found | None:
        said = said_of(manufacturer_data, service_data)
        if not said:
            return otherwise(manufacturer_data, service_data, service_uuids)
        beside = of_phones(manufacturer_data, service_data, service_uuids) or _NO_PHONE
        return found((*beside, *said))

    return look


_NO_PHONE: Final = (None, None, None)
