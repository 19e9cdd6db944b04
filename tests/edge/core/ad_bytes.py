"""Advertising data at random: structures of ours and others', whole, cut off and nonsense."""

from __future__ import annotations

from typing import Final

from hypothesis import strategies as st

from shopbell_edge.core.retailer import Retailer

OURS: Final = Retailer(uuid="6f2a1c5e-9b7d-4e03-a1c4-0f5d2e8b7a61", prefix="5bb0e111")

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
