from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbell_edge.core.heartbeat_beacon import Beacon, beside, too_rare
from shopbell_edge.core.retailer import Retailer
from shopbell_edge.core.usual import UNUSUAL, interest_in

UUID = "0d1f6a52-3c84-4b7e-9f10-6b2c8e4d7a93"
BEACON = Beacon(uuid=UUID, major=12, minor=1, bare_minor=2)


def ibeacon(uuid: str = UUID, major: int = 12, minor: int = 1) -> dict[int, bytes]:
    identity = bytes.fromhex(uuid.replace("-", "")) + major.to_bytes(2) + minor.to_bytes(2)
    return {0x004C: b"\x02\x15" + identity + b"\xc5"}


def test_it_is_known_with_and_without_flags() -> None:
    assert BEACON.said(ibeacon()) == "beacon"
    assert BEACON.said(ibeacon(minor=2)) == "bare"


@pytest.mark.parametrize(
    "other",
    [
        {},
        ibeacon(major=13),
        ibeacon(minor=3),
        ibeacon(uuid="6f2a1c5e-9b7d-4e03-a1c4-0f5d2e8b7a61"),
        {0x004C: ibeacon()[0x004C][:-1]},
        {0x0059: ibeacon()[0x004C]},
    ],
)
def test_everybody_else_is_not_it(other: dict[int, bytes]) -> None:
    assert BEACON.said(other) is None


def test_one_that_always_sends_flags_has_no_bare_advertisement() -> None:
    assert Beacon(uuid=UUID, major=12, minor=1).said(ibeacon(minor=2)) is None


def test_two_advertisements_of_one_minor_could_not_be_told_apart() -> None:
    with pytest.raises(ValueError, match="minor and minor_without_flags are both 7"):
        Beacon(uuid=UUID, major=1, minor=7, bare_minor=7)


def test_a_uuid_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="32 lower-case hexadecimal digits"):
        Beacon(uuid="beacon", major=1, minor=7)


def test_radios_let_it_pass_as_they_let_pass_a_retailers_frames() -> None:
    sought = BEACON.sought("5bb0e111")
    assert ibeacon()[0x004C].startswith(sought.ibeacon_start)


def test_who_looks_for_phones_finds_it_beside_them() -> None:
    phones = interest_in(Retailer(uuid="6f2a1c5e-9b7d-4e03-a1c4-0f5d2e8b7a61", prefix="5bb0e111"))
    look = beside(BEACON, phones)
    assert look(ibeacon(), {}, []) is UNUSUAL
    assert look(ibeacon(minor=2), {}, []) is UNUSUAL
    assert look(ibeacon(uuid="6f2a1c5e-9b7d-4e03-a1c4-0f5d2e8b7a61"), {}, []) is UNUSUAL
    assert look(ibeacon(minor=3), {}, []) is None
    assert look({}, {}, ["5bb0e111-0000-0000-0000-000000000001"]) is UNUSUAL
    assert look({}, {}, []) is None
    assert beside(None, phones) is phones


def test_a_second_is_often_enough_for_ninety_seconds_of_silence() -> None:
    assert too_rare(90_000, 1_000, 0.67) is None


def test_one_that_speaks_too_rarely_is_explained_with_the_arithmetic() -> None:
    said = too_rare(90_000, 2_000, 0.67)
    assert said is not None
    assert "every 2 s" in said
    assert "within 29.1 s with 99.99 %" in said
    assert "5 x 29.1 s = 146 s; raise silent_s, or let the beacon send every 1237 ms" in said


@given(
    silent_ms=st.integers(1_000, 3_600_000),
    interval_ms=st.integers(100, 10_240),
    duty=st.floats(0.05, 1.0),
)
def test_what_it_asks_for_is_enough(silent_ms: int, interval_ms: int, duty: float) -> None:
    said = too_rare(silent_ms, interval_ms, duty)
    if said is not None:
        assert (
            too_rare(int(said.split(" s; raise")[0].rsplit(" ", 1)[1]) * 1000, interval_ms, duty)
            is None
        )
        assert too_rare(silent_ms, int(said.split()[-2]), duty) is None
