"""By what a retailer's frames are known on the air.

Owns: the two identifiers that every phone of a retailer sends, in the forms in which frames carry them.
Never: a secret. These identifiers are public; they say whose a frame is, not that it is true.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

IBEACON_HEADER: Final = b"\x02\x15"
"""Apple's frame type 2 and the length of the rest, 21: an iBeacon."""

_UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.ASCII)
_PREFIX: Final = re.compile(r"[0-9a-f]{8}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retailer:
    """`uuid` of iBeacons and service data, `prefix` (8 hex digits) of service UUIDs; lower case.

    Raises ValueError, saying which and what is allowed, for anything else.
    """

    uuid: str
    prefix: str
    ibeacon_start: bytes = field(init=False)
    """The first 18 bytes of the manufacturer data of an iBeacon of this retailer."""

    def __post_init__(self) -> None:
        if not _UUID.fullmatch(self.uuid):
            raise ValueError(
                f"uuid is {self.uuid!r}; write 32 lower-case hexadecimal digits, grouped 8-4-4-4-12"
            )
        if not _PREFIX.fullmatch(self.prefix):
            raise ValueError(f"prefix is {self.prefix!r}; write 8 lower-case hexadecimal digits")
        if self.prefix.startswith("0000"):
            # 0000xxxx is how the 16-bit services of every heart-rate strap read in 128 bits.
            raise ValueError(
                f"prefix is {self.prefix!r}; it may not begin with 0000, as standard services do"
            )
        start = IBEACON_HEADER + bytes.fromhex(self.uuid.replace("-", ""))
        object.__setattr__(self, "ibeacon_start", start)
