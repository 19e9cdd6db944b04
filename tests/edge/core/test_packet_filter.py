"""What the kernel lets through is all that is ours, and little else."""

from __future__ import annotations

from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopbell_edge.core.advertisement import Advertisement
from shopbell_edge.core.fixed_ids import MOST, AltBeacon, FixedIds
from shopbell_edge.core.management import GET_CONNECTIONS, taking
from shopbell_edge.core.packet_filter import MOST_STRUCTURES, RAREST, next_sample, program
from shopbell_edge.core.retailer import Retailer
from tests.edge.core.ad_bytes import (
    ALTBEACON_FOB,
    EDDYSTONE_FOB,
    FIXED,
    IBEACON_FOB,
    OURS,
    WITH_FOBS,
    payloads,
    with_fobs,
)
from tests.edge.core.bpf import passes
from tests.edge.core.management_events import complete, found, monitor_found
from tests.edge.core.test_management import FOREIGN, IBEACON, NAME, SERVICE_DATA, SERVICE_UUID

THEIRS: Final = Retailer(uuid="11111111-2222-3333-4444-555555555555", prefix="aaaaaaaa")
SHORT: Final = Retailer(uuid="0000fd6f-0000-1000-8000-00805f9b34fb", prefix="bbbbbbbb")
SHORT_WITH_FOBS: Final = Retailer(uuid=SHORT.uuid, prefix=SHORT.prefix, fixed=FIXED)
PROGRAM: Final = program(0, OURS, sample=16)
FOB_PROGRAM: Final = program(0, WITH_FOBS, THEIRS, sample=16)


@pytest.mark.parametrize("event", [found, monitor_found])
@pytest.mark.parametrize("ad", [IBEACON, SERVICE_DATA, SERVICE_UUID, FOREIGN + NAME + IBEACON[3:]])
def test_ours_pass(event: object, ad: bytes) -> None:
    assert callable(event)
    assert passes(PROGRAM, event(ad))


@pytest.mark.parametrize("ad", [FOREIGN, NAME, b"", bytes.fromhex("07ff4c0010020b00"), b"\x1f\xff"])
def test_strangers_do_not(ad: bytes) -> None:
    assert not passes(PROGRAM, found(ad))


def test_one_stranger_in_sixteen_does() -> None:
    assert [passes(PROGRAM, found(NAME), random=n) for n in range(32)].count(True) == 2


def test_all_of_them_do_if_none_is_to_be_kept_back() -> None:
    assert all(passes(program(0, OURS, sample=1), found(NAME), random=n) for n in range(32))


def test_the_sample_follows_what_is_on_the_air() -> None:
    assert next_sample(1, passed=32, elapsed_s=15.9) == 4
    assert next_sample(RAREST, passed=1000, elapsed_s=1.0) == RAREST
    assert next_sample(16, passed=8, elapsed_s=30.0) == 16
    assert next_sample(16, passed=7, elapsed_s=30.0) == 4
    assert next_sample(1, passed=0, elapsed_s=30.0) == 1


@given(st.floats(0.01, 10_000), st.sampled_from([1, 4, 16, 64, 256, 1024, RAREST]))
def test_the_sample_settles_wherever_it_begins(strangers_s: float, sample: int) -> None:
    for _ in range(7):
        sample = next_sample(sample, passed=round(strangers_s / sample * 60), elapsed_s=60.0)
    again = next_sample(sample, passed=round(strangers_s / sample * 60), elapsed_s=60.0)
    assert again == sample


def test_other_controllers_advertisements_do_not() -> None:
    assert not passes(PROGRAM, found(IBEACON, controller=1))
    assert not passes(PROGRAM, found(IBEACON, controller=256))
    assert passes(program(256, OURS, sample=16), found(IBEACON, controller=256))


def test_other_events_pass() -> None:
    assert passes(PROGRAM, complete(GET_CONNECTIONS, 0))
    assert passes(PROGRAM, bytes.fromhex("050000000000"))


def test_more_structures_than_are_looked_at_pass() -> None:
    assert not passes(PROGRAM, found(b"\x02\x0a\x00" * (MOST_STRUCTURES - 1)))
    assert passes(PROGRAM, found(b"\x02\x0a\x00" * MOST_STRUCTURES))


def test_several_retailers_may_share_it() -> None:
    both = program(0, THEIRS, OURS, SHORT, sample=16)
    for ad in (IBEACON, SERVICE_DATA, SERVICE_UUID, bytes.fromhex("05166ffd1000")):
        assert passes(both, found(ad))
    assert not passes(both, found(FOREIGN))


@settings(max_examples=500)
@given(payloads, st.sampled_from([found, monitor_found]), st.integers(0, 255))
def test_nothing_that_is_ours_is_kept_back(ad: bytes, event: object, cut: int) -> None:
    assert callable(event)
    packet = event(ad)[: 24 + cut]
    heard = taking(0, OURS)(bytearray(packet), len(packet))
    if isinstance(heard, Advertisement):
        assert passes(PROGRAM, packet)


@pytest.mark.parametrize("ad", [IBEACON_FOB, ALTBEACON_FOB, EDDYSTONE_FOB])
def test_fobs_pass_where_they_are_looked_for_and_nowhere_else(ad: bytes) -> None:
    assert passes(FOB_PROGRAM, found(ad))
    assert not passes(PROGRAM, found(ad))


@pytest.mark.parametrize(
    "ad",
    [
        ALTBEACON_FOB[:6] + bytes(16) + ALTBEACON_FOB[22:],
        ALTBEACON_FOB.replace(b"\x18\x01", b"\x18\x02"),
        EDDYSTONE_FOB.replace(b"\x7e\x11", b"\x7e\x12"),
        EDDYSTONE_FOB.replace(b"\xaa\xfe\0", b"\xaa\xfe\x20"),
        EDDYSTONE_FOB.replace(b"\x16\xaa\xfe", b"\x16\xab\xfe"),
        bytes.fromhex("0d16aafe1000026578616d706c65"),
    ],
)
def test_other_peoples_fobs_do_not(ad: bytes) -> None:
    assert not passes(FOB_PROGRAM, found(ad))


@settings(max_examples=500)
@given(with_fobs, st.sampled_from([WITH_FOBS, SHORT_WITH_FOBS]), st.integers(0, 255))
def test_no_fob_of_ours_is_kept_back(ad: bytes, retailer: Retailer, cut: int) -> None:
    packet = found(ad)[: 22 + cut]
    heard = taking(0, retailer)(bytearray(packet), len(packet))
    if isinstance(heard, Advertisement):
        assert passes(program(0, retailer, sample=16), packet)


def test_as_many_kinds_of_fobs_as_may_be_fit_into_the_kernel() -> None:
    uuids = [f"c3a1f0de-5577-4a10-8d3e-91b2c4d6e8f{n}" for n in range(MOST)]
    many = FixedIds(
        ibeacons=tuple(uuids),
        altbeacons=tuple(AltBeacon(company=n, uuid=uuid) for n, uuid in enumerate(uuids)),
        namespaces=tuple(f"7e11c0ffee0ddba11da{n}" for n in range(MOST)),
    )
    whole = program(0, Retailer(uuid=OURS.uuid, prefix=OURS.prefix, fixed=many), THEIRS, sample=16)
    assert passes(whole, found(EDDYSTONE_FOB[:-9] + b"\xa3" + EDDYSTONE_FOB[-8:]))
    assert not passes(whole, found(FOREIGN))


@given(st.binary(max_size=80))
def test_it_comes_to_an_end_whatever_is_in_the_packet(rest: bytes) -> None:
    assert passes(PROGRAM, b"\x12\0\0\0" + rest) in {True, False}
