"""Advertising data at random: structures of ours and others', whole, cut off and nonsense."""

from __future__ import annotations

from typing import Final

from hypothesis import strategies as st

from shopbell_edge.core.fixed_ids import AltBeacon, FixedIds
from shopbell_edge.core.retailer import Retailer

OURS: Final = Retailer(uuid="6f2a1c5e-9b7d-4e03-a1c4-0f5d2e8b7a61", prefix="5bb0e111")

RADIUS: Final = 0x0118
FIXED: Final = FixedIds(
    ibeacons=("c3a1f0de-5577-4a10-8d3e-91b2c4d6e8f0", "c3a1f0de-5577-4a10-8d3e-91b2c4d6e8f1"),
    altbeacons=(
        AltBeacon(company=RADIUS, uuid="d41b7e62-0f93-4c58-b6aa-2e7f9c1d3b45"),
        AltBeacon(company=0x004C, uuid="d41b7e62-0f93-4c58-b6aa-2e7f9c1d3b46"),
    ),
    namespaces=("7e11c0ffee0ddba11dad", "7e11c0ffee0ddba11dae"),
)
WITH_FOBS: Final = Retailer(uuid=OURS.uuid, prefix=OURS.prefix, fixed=FIXED)

IBEACON_ID: Final = bytes.fromhex("c3a1f0de55774a108d3e91b2c4d6e8f000070001")
ALTBEACON_ID: Final = bytes.fromhex("d41b7e620f934c58b6aa2e7f9c1d3b4500000001")
EDDYSTONE_ID: Final = bytes.fromhex("7e11c0ffee0ddba11dad000000000001")
"""A fob's of each kind."""

IBEACON_FOB: Final = b"\x02\x01\x06\x1a\xff\x4c\0\x02\x15" + IBEACON_ID + b"\xc5"
ALTBEACON_FOB: Final = b"\x1b\xff\x18\x01\xbe\xac" + ALTBEACON_ID + b"\xc5\0"
EDDYSTONE_FOB: Final = (
    b"\x02\x01\x06\x03\x03\xaa\xfe\x17\x16\xaa\xfe\0\xee" + EDDYSTONE_ID + b"\0\0"
)
"""What they send: -59 dBm at 1 m; the last says -18 dBm at 0 m, which is the same."""

_UUID: Final = bytes.fromhex(OURS.uuid.replace("-", ""))[::-1]
_PREFIX: Final = bytes.fromhex(OURS.prefix)[::-1]


def structure(kind: int, value: bytes) -> bytes:
    return bytes([len(value) + 1, kind]) + value


def _of(kinds: list[int], values: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    return st.builds(structure, st.sampled_from(kinds), values)


_any = st.binary(max_size=28)
ours = st.one_of(
    _of([0xFF], st.binary(max_size=7).map((b"\x4c\0" + OURS.ibeacon_start).__add__)),
    _of([0x21], st.binary(max_size=12).map(_UUID.__add__)),
    _of([0x06, 0x07], st.binary(min_size=12, max_size=12).map(lambda rest: rest + _PREFIX)),
    _of([0x06, 0x07], st.binary(min_size=28, max_size=28).map(lambda rest: rest + _PREFIX)),
    _of([0x04, 0x05], st.just(_PREFIX)),
)
_made = st.sampled_from(
    [
        company.to_bytes(2, "little") + start
        for company, starts in FIXED.starts.items()
        for start in starts
    ]
)
_eddystone = st.builds(
    lambda frame, power, namespace, rest: bytes([frame, power]) + namespace + rest,
    st.sampled_from([0x00, 0x00, 0x00, 0x10, 0x20, 0x30]),
    st.integers(0, 255),
    st.sampled_from([*sorted(FIXED.eddystones), bytes(10)]),
    st.binary(min_size=5, max_size=9),
)
fobs = st.one_of(
    _of([0xFF], st.builds(bytes.__add__, _made, st.binary(min_size=4, max_size=7))),
    _of([0x16], _eddystone.map(b"\xaa\xfe".__add__)),
    _of([0x20], _eddystone.map(b"\xaa\xfe\0\0".__add__)),
    _of([0x21], _eddystone.map(bytes.fromhex("fb349b5f80000080001000 00aafe0000").__add__)),
)
_starts = st.sampled_from([b"\x4c\0", b"\x4c\0\x02\x15", b"\x59\0"])
others = st.one_of(
    _of([0x01, 0x09, 0x0A, 0x19], _any),
    _of([0xFF], st.builds(bytes.__add__, _starts, _any)),
    _of([0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x16, 0x20, 0x21], _any),
    _of([0x09], st.sampled_from([_UUID, _PREFIX, b"\x4c\0" + OURS.ibeacon_start])),
)
payloads = st.builds(
    lambda parts, rest: b"".join(parts) + rest,
    st.lists(others | ours | others, max_size=6),
    st.binary(max_size=4),
).map(lambda payload: payload[:254])
"""Up to 254 bytes; the last structure may be cut off."""

with_fobs = st.builds(
    lambda parts, rest: b"".join(parts) + rest,
    st.lists(fobs | fobs | ours | others, max_size=6),
    st.binary(max_size=4),
).map(lambda payload: payload[:254])
"""The same, where most of it is of fobs or nearly."""
