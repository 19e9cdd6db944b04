"""By what a retailer's frames are known on the air.

Owns: the identifiers that a retailer's phones and fobs send, in the forms in which frames carry them.
Never: a secret. These identifiers are public; they say whose a frame is, not that it is true.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from shopbell_edge.core.fixed_ids import IBEACON_HEADER, uuid_bytes

if TYPE_CHECKING:
    from shopbell_edge.core.fixed_ids import FixedIds

_PREFIX: Final = re.compile(r"[0-9a-f]{8}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retailer:
    """`uuid` of iBeacons and service data, `prefix` (8 hex digits) of service UUIDs; lower case.

    Raises ValueError, saying which and what is allowed, for anything else.
    """

    uuid: str
    prefix: str
    fixed: FixedIds | None = None
    """Of its fobs and cards, where it has any that are to be heard."""
    ibeacon_start: bytes = field(init=False)
    """The first 18 bytes of the manufacturer data of an iBeacon of this retailer."""

    def __post_init__(self) -> None:
        start = IBEACON_HEADER + uuid_bytes(self.uuid)
        if not _PREFIX.fullmatch(self.prefix):
            raise ValueError(f"prefix is {self.prefix!r}; write 8 lower-case hexadecimal digits")
        if self.prefix.startswith("0000"):
            # 0000xxxx is how the 16-bit services of every heart-rate strap read in 128 bits.
            raise ValueError(
                f"prefix is {self.prefix!r}; it may not begin with 0000, as standard services do"
            )
        if self.fixed is not None and self.uuid in self.fixed.uuids:
            raise ValueError(
                f"uuid is {self.uuid!r}, and that of fixed ids too; nobody could tell a fob from a phone, "
                "so give one of them another"
            )
        object.__setattr__(self, "ibeacon_start", start)
