from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shopbell_edge.core.ad_structures import parse
from tests.shared import vectors


def test_the_bytes_of_the_vectors_come_apart() -> None:
    frames = vectors("signals.json")["frames"]
    beacon = parse(bytes.fromhex(frames["ibeacon_advert"]), -60)
    assert beacon.manufacturer_data[0x004C].hex().startswith("02156f2a1c5e")
    data = parse(bytes.fromhex(frames["service_data_advert"]), -60)
    assert data.service_data[frames["retailer_uuid"]].hex() == "10cc29adc3d2de5cf4c5"
    uuid = parse(bytes.fromhex(frames["service_uuid_advert"]), -60)
    assert uuid.service_uuids == [frames["service_uuid"]]


def test_rssi_is_passed_on() -> None:
    assert parse(b"", -93).rssi_dbm == -93


def test_short_uuids_are_completed_and_their_order_is_kept() -> None:
    heard = parse(bytes.fromhex("05030f180a1805046ffd000003026ffe"), -60)
    assert heard.service_uuids == [
        "0000180f-0000-1000-8000-00805f9b34fb",
        "0000180a-0000-1000-8000-00805f9b34fb",
        "0000fd6f-0000-1000-8000-00805f9b34fb",
        "0000fe6f-0000-1000-8000-00805f9b34fb",
    ]


def test_service_data_of_16_and_32_bits() -> None:
    heard = parse(bytes.fromhex("04166ffdaa062078563412bb"), -60)
    assert heard.service_data == {
        "0000fd6f-0000-1000-8000-00805f9b34fb": b"\xaa",
        "12345678-0000-1000-8000-00805f9b34fb": b"\xbb",
    }


def test_what_a_company_says_last_counts() -> None:
    assert parse(bytes.fromhex("04ff4c000104ff4c0002"), -60).manufacturer_data == {0x4C: b"\x02"}


def test_a_structure_that_is_cut_off_is_left_out() -> None:
    heard = parse(bytes.fromhex("04ff4c00011aff4c000215"), -60)
    assert heard.manufacturer_data == {0x4C: b"\x01"}


def test_a_length_of_zero_begins_the_padding() -> None:
    assert not parse(bytes.fromhex("0004ff4c0001"), -60).manufacturer_data


def test_structures_too_short_for_their_type_say_nothing() -> None:
    heard = parse(bytes.fromhex("02ff4c02166f04076f6f6f01ff0116"), -60)
    assert (heard.manufacturer_data, heard.service_data, heard.service_uuids) == ({}, {}, [])


def test_what_comes_after_255_bytes_is_ignored() -> None:
    filler = bytes.fromhex("020a00") * 85
    assert not parse(filler + bytes.fromhex("04ff4c0001"), -60).manufacturer_data


def test_names_and_other_types_are_ignored() -> None:
    heard = parse(bytes([8, 0x09]) + "\0../☃".encode() + bytes.fromhex("04ff4c0001"), -60)
    assert heard.manufacturer_data == {0x4C: b"\x01"}


@given(st.binary(max_size=600), st.integers(-128, 127))
def test_nothing_on_the_air_makes_it_raise(payload: bytes, rssi_dbm: int) -> None:
    heard = parse(payload, rssi_dbm)
    assert all(len(text) == 36 for text in [*heard.service_uuids, *heard.service_data])
    assert parse(payload[:255], rssi_dbm) == heard
