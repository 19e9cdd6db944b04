"""Fobs: two of the demo's customers wear one and leave their phones in their pockets.

Owns: which, what they send, and under which identifiers a retailer would have ordered them.
Never: whose an id is; each is registered with the server as any other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from shopbell_sim.core.advert import altbeacon, eddystone_uid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from shopbell_sim.core.advert import Advert

COMPANY: Final = 0x0118
"""Of who defined AltBeacon."""

ALTBEACON_UUID: Final = "d3300000-5b0e-4de3-8000-5be1100000f0"
NAMESPACE: Final = "d33000005b0e4de3800f"

INTERVAL_MS: Final = 1000.0
"""As fobs are delivered: a coin cell lasts two years."""

_POWER_DBM: Final = -59


@dataclass(frozen=True, slots=True, kw_only=True)
class Fob:
    """Sends `advert` for ever, wherever it is: nobody can switch it off."""

    id: str
    advert: Advert


def _altbeacon(number: int) -> Fob:
    fixed_id = ALTBEACON_UUID.replace("-", "") + f"{number:08x}"
    return Fob(id=fixed_id, advert=altbeacon(COMPANY, fixed_id, _POWER_DBM))


def _eddystone(number: int) -> Fob:
    fixed_id = NAMESPACE + f"{number:012x}"
    return Fob(id=fixed_id, advert=eddystone_uid(fixed_id, _POWER_DBM))


WORN: Final[Mapping[int, Fob]] = {3: _altbeacon(3), 8: _eddystone(8)}
"""By place among the demo's people: neither refuses to be recognised, nor changes her mind (`plan`)."""
