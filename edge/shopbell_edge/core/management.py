"""The kernel's Bluetooth management protocol, as far as hearing needs it.

Owns: the bytes of the two events that carry advertisements, and of a question and its answer.
Never: an address (the bytes that hold one are skipped), or a scan: bluetoothd has it begun and ended.

Numbers are little-endian. A packet is event (2 bytes), controller (2), length of the rest (2), the rest.
Nearly every advertisement is a stranger's: it is searched as it lies in the buffer, and nothing is made
of it. What the same phone says again and again is taken apart once.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from struct import Struct
from typing import TYPE_CHECKING, Final

from shopbell_edge.core.ad_structures import BASE_UUID, parse
from shopbell_edge.core.advertisement import Advertisement
from shopbell_edge.core.fixed_ids import APPLE, EDDYSTONE
from shopbell_edge.core.frames import MOST_REMEMBERED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from shopbell_edge.core.retailer import Retailer

DEVICE_FOUND: Final = 0x0012
"""An advertisement, with its scan response behind it where the kernel waited for one."""

MONITOR_FOUND: Final = 0x002F
"""The same while somebody's advertisement monitor is registered; two bytes (its handle) come first."""

GET_CONNECTIONS: Final = 0x0015
"""Changes nothing, and is answered only to those who may hear advertisements: the kernel tells both by the
same mark on the socket."""

PERMISSION_DENIED: Final = 0x14

EVENT_BYTES: Final = 4_096
"""Room for the longest event: 22 bytes, and an extended advertisement of 1 650 with its scan response."""

HEADER: Final = Struct("<HHH")
_COMMAND_COMPLETE: Final = 0x0001
_COMMAND_STATUS: Final = 0x0002
_ANSWER: Final = Struct("<HHHHB")
"""Header, the question's number, status."""

FOUND_AT: Final = {DEVICE_FOUND: 20, MONITOR_FOUND: 22}
"""Where the advertising data begins: header 6, handle 2 (monitor only), address 6, its type 1, RSSI 1,
flags 4, length 2."""

_RSSI_BEFORE: Final = 7
"""So many bytes before the advertising data; flags and length lie between."""


event_and_rssi: Final = Struct(f"<I{FOUND_AT[DEVICE_FOUND] - _RSSI_BEFORE - 4}xb").unpack_from
"""Reads event and controller, as one number, and the RSSI that a Device Found event has, in dBm."""


class Passed(Enum):
    """Why a packet went no further."""

    FOREIGN = "not_ours"
    MALFORMED = "malformed_event"
    NO_ADVERT = "no_advert"
    """Another event, or another controller's."""


OVERFLOW: Final = "overflow"
"""Of packets that nobody saw: the kernel had no room for them, for they were read too late."""


Take = Callable[[bytearray, int], "Advertisement | Passed"]
"""What the first bytes of a buffer, so many, hold. Never raises; makes nothing of what is not ours."""


Content = tuple["Mapping[int, bytes]", "Mapping[str, bytes]", "Sequence[str]"]
"""What an advertisement says, but for how strongly it was heard."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the kernel said to a question."""

    opcode: int
    controller: int
    status: int


def question(opcode: int, controller: int) -> bytes:
    """Return the packet that asks something that needs no parameters."""
    return HEADER.pack(opcode, controller, 0)


def found_by(controller: int) -> int:
    """Return what a Device Found event of `controller` begins with, as `event_and_rssi` says it."""
    return controller << 16 | DEVICE_FOUND


def answer(packet: bytes | bytearray, size: int) -> Answer | None:
    """Return the answer in the first `size` bytes of `packet`, None if it is something else."""
    if size < _ANSWER.size:
        return None
    event, controller, _, opcode, status = _ANSWER.unpack_from(packet)
    if event not in {_COMMAND_COMPLETE, _COMMAND_STATUS}:
        return None
    return Answer(opcode=opcode, controller=controller, status=status)


def taking(controller: int, *retailers: Retailer) -> Take:  # noqa: C901  one test after the other, in line: it runs for each
    """Return what takes packets of `controller` (the 0 of `hci0`) apart, for frames of `retailers`.

    What the kernel hands over is one advertisement, so nothing accumulates: of an address that sends two
    frames in turn each comes by itself. A merged scan response is read as part of its advertisement, one
    that comes separately as an advertisement of its own.
    """
    found = HEADER.pack(DEVICE_FOUND, controller, 0)[:4]
    monitored = HEADER.pack(MONITOR_FOUND, controller, 0)[:4]
    found_at, monitored_at = FOUND_AT[DEVICE_FOUND], FOUND_AT[MONITOR_FOUND]
    # One search for all: three by `find` take twice as long, and slicing first longer still.
    maybe_ours = re.compile(b"|".join(_traces(retailers)), re.DOTALL).search
    foreign, malformed, no_advert = Passed.FOREIGN, Passed.MALFORMED, Passed.NO_ADVERT

    known: dict[bytes, Content] = {}
    make = tuple.__new__  # what a NamedTuple's own does, in half the time

    def take(buffer: bytearray, size: int) -> Advertisement | Passed:  # noqa: C901  as above
        if buffer.startswith(found):
            at = found_at
        elif buffer.startswith(monitored):
            at = monitored_at
        else:
            return no_advert
        if maybe_ours(buffer, at, size) is None:
            return foreign if size >= at else malformed
        payload = bytes(buffer[at:size])
        content = known.get(payload)
        if content is None:
            if buffer[at - 2] + 256 * buffer[at - 1] != len(payload):
                return malformed
            content = _content_of(payload, retailers)
            if content is None:
                return foreign
            if len(known) == MOST_REMEMBERED:
                known.clear()
            known[payload] = content
        rssi_dbm = buffer[at - _RSSI_BEFORE]
        if rssi_dbm > 127:  # noqa: PLR2004  two's complement of a byte
            rssi_dbm -= 256
        return make(Advertisement, (rssi_dbm, *content))

    return take


def _content_of(payload: bytes, retailers: tuple[Retailer, ...]) -> Content | None:
    """Return what `payload` says if there may be a frame of `retailers` in it."""
    _, manufacturer_data, service_data, service_uuids = parse(payload, 0)
    apple = manufacturer_data.get(APPLE, b"")
    for retailer in retailers:
        if (
            apple.startswith(retailer.ibeacon_start)
            or retailer.uuid in service_data
            or any(text.startswith(retailer.prefix) for text in service_uuids)
            or (
                retailer.fixed is not None and retailer.fixed.found(manufacturer_data, service_data)
            )
        ):
            return (manufacturer_data, service_data, service_uuids)
    return None


def _traces(retailers: tuple[Retailer, ...]) -> Iterator[bytes]:
    """Yield patterns of which every advertisement with a frame of `retailers` holds some."""
    for retailer in retailers:
        yield re.escape(b"\xff" + APPLE.to_bytes(2, "little") + retailer.ibeacon_start)
        yield from map(re.escape, _service_data(retailer.uuid))
        yield re.escape(bytes.fromhex(retailer.prefix)[::-1])
        if retailer.fixed is None:
            continue
        for company, starts in retailer.fixed.starts.items():
            for start in starts:
                yield re.escape(b"\xff" + company.to_bytes(2, "little") + start)
        for namespace in retailer.fixed.eddystones:
            for service in _service_data(EDDYSTONE):
                # Between the frame's type and its namespace is the power, which may be any.
                yield re.escape(service) + b"\0." + re.escape(namespace)


def _service_data(uuid: str) -> Iterator[bytes]:
    """Yield how the service data of `uuid` begins in each of the forms that it has."""
    on_air = bytes.fromhex(uuid.replace("-", ""))[::-1]
    yield b"\x21" + on_air
    if uuid.endswith(BASE_UUID):
        yield b"\x20" + on_air[-4:]
        yield b"\x16" + on_air[-4:-2]
