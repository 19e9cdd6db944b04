"""Fobs, cards and old apps: beacons whose id never changes, and by what a retailer's are known.

Owns: the identifiers under which fixed ids are sent, and where in an advertisement such an id is.
Never: whose an id is, or that it may be followed: only the server knows whom it was given to.

Three frames carry one, all without a version, a check or a proof, so that each is known by an identifier of
its own, which nothing else of the retailer may have: the UUID of an iBeacon, the first 16 of an AltBeacon's
20 bytes (a UUID to whoever orders them), the namespace of an Eddystone-UID.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

APPLE: Final = 0x004C
"""Company id under which iBeacons are sent."""

IBEACON_HEADER: Final = b"\x02\x15"
"""Apple's frame type 2 and the length of the rest, 21: an iBeacon."""

ALTBEACON_HEADER: Final = b"\xbe\xac"
"""The beacon code of an AltBeacon (AltBeacon 1.0), which may be of any company."""

_WHOLE_BYTES: Final = {IBEACON_HEADER: 23, ALTBEACON_HEADER: 24}
"""Header 2, id 20, power at 1 m 1; an AltBeacon has one more that is its maker's to use."""

EDDYSTONE: Final = "0000feaa-0000-1000-8000-00805f9b34fb"
"""The service under whose data Eddystone's frames are."""

EDDYSTONE_UID: Final = 0x00
"""The frame with an id; 0x10 is a URL, 0x20 a beacon's own state, 0x30 an id that changes."""

_EDDYSTONE_BYTES: Final = frozenset({18, 20})
"""Frame 1, power at 0 m 1, namespace 10, instance 6; two more, reserved, which some leave out."""

METRE_DB: Final = 41
"""What is lost over the first metre: Eddystone says the power at 0 m, all others that at 1 m (its text)."""

LONG_BYTES: Final = 21
"""An id of 20 bytes and the power at 1 m."""

MOST: Final = 4
"""Identifiers of each kind. A retailer orders all its fobs under one; and each is 11 lines in each of the
twelve rounds of the kernel's filter, whose jumps skip no more than 255."""

_UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.ASCII)
_NAMESPACE: Final = re.compile(r"[0-9a-f]{20}", re.ASCII)


def uuid_bytes(text: str, key: str = "uuid") -> bytes:
    """Return a UUID as it is on the air; ValueError, naming `key`, if `text` is none."""
    if not _UUID.fullmatch(text):
        raise ValueError(
            f"{key} is {text!r}; write 32 lower-case hexadecimal digits, grouped 8-4-4-4-12"
        )
    return bytes.fromhex(text.replace("-", ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class AltBeacon:
    """Those of one `company` whose ids begin with `uuid`."""

    company: int
    uuid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedIds:
    """UUIDs of iBeacons, AltBeacons, namespaces (20 hex digits) of Eddystone-UIDs; lower case, MOST of each.

    Raises ValueError, saying which and what is allowed, for anything else, and for none at all.
    """

    ibeacons: tuple[str, ...] = ()
    altbeacons: tuple[AltBeacon, ...] = ()
    namespaces: tuple[str, ...] = ()
    starts: Mapping[int, tuple[bytes, ...]] = field(init=False, compare=False)
    """Of the manufacturer data of each company, how that of one of these begins: 18 bytes."""
    eddystones: frozenset[bytes] = field(init=False, compare=False)
    """The namespaces, 10 bytes each."""

    def __post_init__(self) -> None:
        for name in ("ibeacons", "altbeacons", "namespaces"):
            if len(getattr(self, name)) > MOST:
                raise ValueError(f"{len(getattr(self, name))} {name}; {MOST} at most")
        if not (self.ibeacons or self.altbeacons or self.namespaces):
            raise ValueError(
                "neither ibeacons nor altbeacons nor namespaces; give one, or leave it out"
            )
        starts: dict[int, tuple[bytes, ...]] = {}
        sent = [
            (f"ibeacons[{index}]", APPLE, IBEACON_HEADER, uuid)
            for index, uuid in enumerate(self.ibeacons)
        ]
        sent += [
            (f"altbeacons[{index}].uuid", each.company, ALTBEACON_HEADER, each.uuid)
            for index, each in enumerate(self.altbeacons)
        ]
        for key, company, header, uuid in sent:
            start = header + uuid_bytes(uuid, key)
            starts[company] = (*starts.get(company, ()), start)
        for index, namespace in enumerate(self.namespaces):
            if not _NAMESPACE.fullmatch(namespace):
                raise ValueError(
                    f"namespaces[{index}] is {namespace!r}; write 20 lower-case hexadecimal digits"
                )
        object.__setattr__(self, "starts", starts)
        object.__setattr__(self, "eddystones", frozenset(map(bytes.fromhex, self.namespaces)))

    @property
    def uuids(self) -> tuple[str, ...]:
        """Return the UUIDs of all that have one."""
        return (*self.ibeacons, *(each.uuid for each in self.altbeacons))

    def found(
        self, manufacturer_data: Mapping[int, bytes], service_data: Mapping[str, bytes]
    ) -> tuple[bytes, ...]:
        """Return what of these is said, () for nothing: whole frames, less what may change in them.

        LONG_BYTES are an id of 20 bytes and the power at 1 m, any other length the power at 0 m and an id
        of 16.
        """
        said: tuple[bytes, ...] = ()
        if manufacturer_data:
            for company, starts in self.starts.items():
                payload = manufacturer_data.get(company)
                if (
                    payload is not None
                    and payload.startswith(starts)
                    and len(payload) == _WHOLE_BYTES[payload[:2]]
                ):
                    said = (*said, payload[2:23])
        if service_data and self.eddystones:
            payload = service_data.get(EDDYSTONE)
            if (
                payload is not None
                and len(payload) in _EDDYSTONE_BYTES
                and payload[0] == EDDYSTONE_UID
                and payload[2:12] in self.eddystones
            ):
                said = (*said, payload[1:18])
        return said
