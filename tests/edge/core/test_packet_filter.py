"""What the kernel lets through is all that is ours, and little else."""

from __future__ import annotations

from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopbell_edge.core.advertisement import Advertisement
from shopbell_edge.core.management import GET_CONNECTIONS, taking
from shopbell_edge.core.packet_filter import MOST_STRUCTURES, RAREST, next_sample, program
from shopbell_edge.core.retailer import Retailer
from tests.edge.core.ad_bytes import OURS, payloads
from tests.edge.core.bpf import passes
from tests.edge.core.management_events import complete, found, monitor_found
from tests.edge.core.test_management import FOREIGN, IBEACON, NAME, SERVICE_DATA, SERVICE_UUID

THEIRS: Final = Retailer(uuid="11111111-2222-3333-4444-555555555555", prefix="aaaaaaaa")
SHORT: Final = Retailer(uuid="0000fd6f-0000-1000-8000-00805f9b34fb", prefix="bbbbbbbb")
PROGRAM: Final = program(0, OURS, sample=16)


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


@given(st.binary(max_size=80))
def test_it_comes_to_an_end_whatever_is_in_the_packet(rest: bytes) -> None:
    assert passes(PROGRAM, b"\x12\0\0\0" + rest) in {True, False}
