"""Packets of the kernel's management socket become advertisements of ours, or nothing."""

from __future__ import annotations

import struct
from typing import Any, Final, SupportsIndex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbell_edge.core.ad_structures import parse
from shopbell_edge.core.advertisement import Advertisement
from shopbell_edge.core.frames import MOST_REMEMBERED, Foreign, recognise
from shopbell_edge.core.management import (
    EVENT_BYTES,
    GET_CONNECTIONS,
    PERMISSION_DENIED,
    Answer,
    Passed,
    answer,
    event_and_rssi,
    found_by,
    question,
    taking,
)
from shopbell_edge.core.retailer import Retailer
from tests.edge.core.ad_bytes import (
    ALTBEACON_FOB,
    EDDYSTONE_FOB,
    IBEACON_FOB,
    OURS,
    WITH_FOBS,
    payloads,
    with_fobs,
)
from tests.edge.core.management_events import complete, found, monitor_found, refused

IBEACON: Final = bytes.fromhex("02011a1aff4c0002156f2a1c5e9b7d4e03a1c40f5d2e8b7a61ad550f72c5")
SERVICE_DATA: Final = bytes.fromhex("1a21617a8b2e5d0fc4a1034e7d9b5e1c2a6f10cc29adc3d2de5cf4c5")
SERVICE_UUID: Final = bytes.fromhex("02011a110711cc4f42f45cded2c3ad29cc11e1b05b")
FOREIGN: Final = IBEACON[:9] + bytes(16) + IBEACON[25:]
NAME: Final = b"\x08\x09Kassa 1"
SHORT: Final = Retailer(uuid="0000fd6f-0000-1000-8000-00805f9b34fb", prefix="5bb0e111")
"""A retailer whose UUID has a form of 16 and one of 32 bits."""


def taken(packet: bytes, retailer: Retailer = OURS, controller: int = 0) -> Advertisement | Passed:
    buffer = bytearray(packet) + b"\xff" * 50  # left over from the packet before
    return taking(controller, retailer)(buffer, len(packet))


@pytest.mark.parametrize("ad", [IBEACON, SERVICE_DATA, SERVICE_UUID])
@pytest.mark.parametrize("event", [found, monitor_found])
def test_each_of_our_frames_is_heard(event: object, ad: bytes) -> None:
    assert callable(event)
    assert taken(event(ad, -61)) == parse(ad, -61)


def test_a_frame_is_found_behind_others_and_in_a_merged_scan_response() -> None:
    merged = FOREIGN + NAME + SERVICE_UUID[3:]
    assert taken(found(merged)) == parse(merged, -60)


def test_a_frame_without_flags_is_heard() -> None:
    assert taken(found(IBEACON[3:])) == parse(IBEACON[3:], -60)


def test_strangers_and_the_empty_are_foreign() -> None:
    for ad in (FOREIGN, NAME, b"", bytes.fromhex("07ff4c0010020b00")):
        assert taken(found(ad)) is Passed.FOREIGN


def test_bytes_of_ours_in_the_wrong_place_are_foreign() -> None:
    name = bytes([5, 0x09]) + bytes.fromhex("11e1b05b")
    assert taken(found(name)) is Passed.FOREIGN


class Watched(bytearray):
    """A buffer that counts what is taken out of it."""

    taken = 0

    def __getitem__(self, where: SupportsIndex | slice) -> Any:
        self.taken += 1
        return super().__getitem__(where)


def test_nothing_is_made_of_a_strangers() -> None:
    """It is searched where it lies: no copy of it, and nothing read from it, before it may be ours."""
    take = taking(0, OURS)
    strangers, ours = Watched(found(FOREIGN)), Watched(found(IBEACON))
    assert take(strangers, len(strangers)) is Passed.FOREIGN
    assert strangers.taken == 0
    assert isinstance(take(ours, len(ours)), Advertisement)
    assert ours.taken > 0, "it would have been seen"


def test_the_same_payload_is_heard_again_with_its_own_strength() -> None:
    take = taking(0, OURS)
    for rssi_dbm in (-61, -62, 127, -128):
        packet = bytearray(found(IBEACON, rssi_dbm))
        assert take(packet, len(packet)) == parse(IBEACON, rssi_dbm)


def test_it_forgets_what_it_remembers_before_that_is_too_much() -> None:
    take = taking(0, OURS)
    for token in (*range(MOST_REMEMBERED + 1), 0):
        ad = IBEACON[:-5] + token.to_bytes(4) + IBEACON[-1:]
        packet = bytearray(found(ad))
        assert take(packet, len(packet)) == parse(ad, -60)


def test_another_controllers_advertisements_and_other_events_are_none() -> None:
    assert taken(found(IBEACON, controller=1)) is Passed.NO_ADVERT
    assert taken(found(IBEACON, controller=256)) is Passed.NO_ADVERT
    assert taken(found(IBEACON, controller=1), controller=1) == parse(IBEACON, -60)
    assert taken(complete(GET_CONNECTIONS, 0)) is Passed.NO_ADVERT
    assert taken(b"") is Passed.NO_ADVERT


def test_a_length_that_does_not_fit_is_malformed() -> None:
    whole = found(IBEACON)
    assert taken(whole[:-1]) is Passed.MALFORMED
    assert taken(whole + b"\0") is Passed.MALFORMED
    assert taken(whole[:19]) is Passed.MALFORMED


def test_short_forms_of_a_standard_uuid_are_heard() -> None:
    for ad in (bytes.fromhex("0d166ffd10") + bytes(9), bytes.fromhex("0f206ffd000010") + bytes(9)):
        assert taken(found(ad), SHORT) == parse(ad, -60)


@given(payloads, st.integers(-128, 127))
def test_it_hears_what_the_frames_say_is_ours_and_nothing_else(ad: bytes, rssi_dbm: int) -> None:
    heard = taken(found(ad, rssi_dbm))
    whole = parse(ad, rssi_dbm)
    if isinstance(heard, Advertisement):
        assert heard == whole
    else:
        assert heard is Passed.FOREIGN
        assert isinstance(recognise(whole, OURS), Foreign)


@pytest.mark.parametrize("ad", [IBEACON_FOB, ALTBEACON_FOB, EDDYSTONE_FOB])
def test_fobs_are_heard_where_they_are_looked_for_and_nowhere_else(ad: bytes) -> None:
    assert taken(found(ad), WITH_FOBS) == parse(ad, -60)
    assert taken(found(ad), OURS) is Passed.FOREIGN


@given(with_fobs, st.integers(-128, 127))
def test_it_hears_what_the_frames_say_is_a_fobs(ad: bytes, rssi_dbm: int) -> None:
    heard = taken(found(ad, rssi_dbm), WITH_FOBS)
    whole = parse(ad, rssi_dbm)
    if isinstance(heard, Advertisement):
        assert heard == whole
    else:
        assert heard is Passed.FOREIGN
        assert isinstance(recognise(whole, WITH_FOBS), Foreign)


@given(st.binary(max_size=120) | st.binary(max_size=60).map(b"\x12\0\0\0".__add__))
def test_nothing_makes_it_raise(packet: bytes) -> None:
    assert isinstance(taken(packet), Advertisement | Passed)


@given(payloads, st.binary(min_size=6, max_size=6))
def test_the_address_makes_no_difference(ad: bytes, address: bytes) -> None:
    assert taken(found(ad, address=address)) == taken(found(ad))


@given(payloads, st.integers(-128, 127), st.integers(0, 0xFFFF), st.integers(0, 0xFFFF))
def test_event_and_strength_can_be_read_without_the_rest(
    ad: bytes, rssi_dbm: int, controller: int, another: int
) -> None:
    packet = found(ad, rssi_dbm, controller=controller)
    event, read_dbm = event_and_rssi(packet)
    assert (event == found_by(another)) is (controller == another)
    assert event == found_by(controller)
    assert read_dbm == rssi_dbm
    assert event_and_rssi(monitor_found(ad, controller=controller))[0] != found_by(controller)


def test_the_buffer_has_room_for_the_longest() -> None:
    assert len(monitor_found(bytes(2 * 1650))) < EVENT_BYTES


def test_questions_and_answers() -> None:
    assert question(GET_CONNECTIONS, 3) == bytes.fromhex("150003000000")
    for packet, status in (
        (complete(GET_CONNECTIONS, 3, more=b"\0\0"), 0),
        (refused(GET_CONNECTIONS, 3, PERMISSION_DENIED), PERMISSION_DENIED),
    ):
        said = answer(bytearray(packet) + bytes(50), len(packet))
        assert said == Answer(opcode=GET_CONNECTIONS, controller=3, status=status)


@pytest.mark.parametrize("packet", [b"", found(IBEACON), struct.pack("<HHH", 1, 0, 0)])
def test_what_is_no_answer(packet: bytes) -> None:
    assert answer(packet, len(packet)) is None
