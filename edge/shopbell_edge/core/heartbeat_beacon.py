"""The beacon that a store hangs up so that its scanners can be measured: by what it is known.

Owns: which advertisements are its own, and how often it must speak for silence to mean something.
Never: how well it is heard (`reception`), or a phone: its UUID is nobody else's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil
from typing import TYPE_CHECKING, Literal

from shopbell_edge.core.fixed_ids import APPLE
from shopbell_edge.core.frames import IBEACON_BYTES
from shopbell_edge.core.leave_timeout import SAFETY, hearing_time_ms
from shopbell_edge.core.retailer import Retailer
from shopbell_edge.core.usual import UNUSUAL

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from shopbell_edge.core.interest import Look
    from shopbell_edge.core.usual import Usual

Said = Literal["beacon", "bare"]
"""`bare`: the advertisement that it sends without the Flags structure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Beacon:
    """An iBeacon: `minor` with Flags, `bare_minor` without; None where it sends none without.

    Raises ValueError for a UUID that is none, or two minors that are the same.
    """

    uuid: str
    major: int
    minor: int
    bare_minor: int | None = None
    _start: bytes = field(init=False)

    def __post_init__(self) -> None:
        if self.minor == self.bare_minor:
            raise ValueError(
                f"minor and minor_without_flags are both {self.minor}; "
                "the two advertisements are told apart by them"
            )
        start = self.sought("ffffffff").ibeacon_start + self.major.to_bytes(2)
        object.__setattr__(self, "_start", start)

    def sought(self, prefix: str) -> Retailer:
        """Return by what radios are to let it pass; `prefix` is that of the retailer's service UUIDs."""
        return Retailer(uuid=self.uuid, prefix=prefix)

    def said(self, manufacturer_data: Mapping[int, bytes]) -> Said | None:
        """Return what of the beacon's this is; None for everybody else's."""
        apple = manufacturer_data.get(APPLE)
        if apple is None or len(apple) != IBEACON_BYTES or not apple.startswith(self._start):
            return None
        minor = int.from_bytes(apple[len(self._start) : -1])
        if minor == self.minor:
            return "beacon"
        return "bare" if minor == self.bare_minor else None


def beside(beacon: Beacon | None, look: Look[Usual]) -> Look[Usual]:
    """Return what finds the beacon's advertisements too: unusual ones, for whoever measures them."""
    if beacon is None:
        return look

    def both(
        manufacturer_data: Mapping[int, bytes],
        service_data: Mapping[str, bytes],
        service_uuids: Sequence[str],
    ) -> Usual | None:
        if APPLE in manufacturer_data and beacon.said(manufacturer_data) is not None:
            return UNUSUAL
        return look(manufacturer_data, service_data, service_uuids)

    return both


def too_rare(silent_ms: int, interval_ms: float, duty: float) -> str | None:
    """Return why silence of `silent_ms` means nothing beside a beacon of `interval_ms`; None if it does.

    `duty` is the share of the time in which the scanner listens, above 0 and at most 1.
    """
    hearing_ms = hearing_time_ms(interval_ms, duty)
    if silent_ms >= SAFETY * hearing_ms:
        return None
    most_ms = int(silent_ms / SAFETY * interval_ms / hearing_ms)
    return (
        f"the heartbeat beacon sends every {interval_ms / 1000:g} s, and a scan duty of {duty:g} hears it "
        f"within {hearing_ms / 1000:.1f} s with 99.99 %; after {silent_ms / 1000:g} s of silence, which may "
        f"be chance, the radio would be begun anew, where it should be after {SAFETY} x "
        f"{hearing_ms / 1000:.1f} s = {ceil(SAFETY * hearing_ms / 1000)} s; raise silent_s, or let the "
        f"beacon send every {most_ms} ms"
    )
