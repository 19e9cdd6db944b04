"""Fobs, cards and old apps are known by what is listed, and by nothing else."""

from __future__ import annotations

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbell_edge.core.ad_structures import parse
from shopbell_edge.core.advertisement import Advertisement
from shopbell_edge.core.fixed_ids import APPLE, EDDYSTONE, MOST, AltBeacon, FixedIds
from shopbell_edge.core.frames import Carrier, Foreign, recognise
from shopbell_edge.core.retailer import Retailer
from shopbell_edge.core.units import TokenHex
from tests.edge.core.ad_bytes import (
    ALTBEACON_FOB,
    ALTBEACON_ID,
    EDDYSTONE_FOB,
    EDDYSTONE_ID,
    FIXED,
    IBEACON_FOB,
    IBEACON_ID,
    OURS,
    RADIUS,
    WITH_FOBS,
    with_fobs,
)
from tests.edge.core.advertisements import heard, ibeacon

FOBS: Final = [
    pytest.param(IBEACON_FOB, IBEACON_ID, id="iBeacon"),
    pytest.param(ALTBEACON_FOB, ALTBEACON_ID, id="AltBeacon"),
    pytest.param(EDDYSTONE_FOB, EDDYSTONE_ID, id="Eddystone-UID"),
]


def read(payload: bytes, rssi_dbm: int = -70) -> tuple[Carrier, ...] | Foreign:
    return recognise(parse(payload, rssi_dbm), WITH_FOBS)


def static(fixed_id: bytes, power_dbm: int = -59) -> Carrier:
    return Carrier("static", TokenHex(fixed_id.hex()), power_dbm)


@pytest.mark.parametrize(("payload", "fixed_id"), FOBS)
def test_each_kind_is_known_by_its_id_and_its_power_at_a_metre(
    payload: bytes, fixed_id: bytes
) -> None:
    assert read(payload) == (static(fixed_id),)


@pytest.mark.parametrize(("payload", "fixed_id"), FOBS)
def test_none_is_known_where_none_is_listed(payload: bytes, fixed_id: bytes) -> None:
    assert len(fixed_id) in {16, 20}
    assert recognise(parse(payload, -70), OURS) is Foreign.NOT_OURS


@pytest.mark.parametrize(("payload", "fixed_id"), FOBS)
def test_one_bit_of_another_identifier_makes_it_a_strangers(
    payload: bytes, fixed_id: bytes
) -> None:
    at = payload.index(fixed_id)
    for bit in range(80):
        other = bytearray(payload)
        other[at + bit // 8] ^= 1 << bit % 8
        if (
            bytes(other[at : at + 16]).hex()
            in {
                *(each.replace("-", "") for each in FIXED.uuids),
            }
            or bytes(other[at : at + 10]) in FIXED.eddystones
        ):
            continue  # the other one that is listed
        assert read(bytes(other)) is Foreign.NOT_OURS


@pytest.mark.parametrize(("payload", "fixed_id"), FOBS)
def test_all_that_is_cut_off_is_a_strangers(payload: bytes, fixed_id: bytes) -> None:
    assert fixed_id in payload
    for size in range(len(payload)):
        assert isinstance(read(payload[:size]), Foreign)


@pytest.mark.parametrize("size", [*range(256)])
def test_data_of_any_other_length_is_a_strangers(size: int) -> None:
    apple, made, eddystone = (
        (whole + bytes(256))[:size]
        for whole in (IBEACON_FOB[7:], ALTBEACON_FOB[4:], EDDYSTONE_FOB[11:])
    )
    for advert, lengths in (
        (heard(manufacturer_data={APPLE: apple}), {23}),
        (heard(manufacturer_data={RADIUS: made}), {24}),
        (heard(service_data={EDDYSTONE: eddystone}), {18, 20}),
    ):
        assert isinstance(recognise(advert, WITH_FOBS), tuple) == (size in lengths)


@pytest.mark.parametrize("frame", [0x10, 0x20, 0x30, 0x40, 0xFF])
def test_eddystones_other_frames_are_strangers(frame: int) -> None:
    data = bytes([frame, 0xEE]) + EDDYSTONE_ID + b"\0\0"
    assert recognise(heard(service_data={EDDYSTONE: data}), WITH_FOBS) is Foreign.NOT_OURS


def test_an_altbeacon_of_another_company_is_a_strangers() -> None:
    data = ALTBEACON_FOB[4:]
    assert recognise(heard(manufacturer_data={0x0059: data}), WITH_FOBS) is Foreign.NOT_OURS


def test_an_altbeacon_may_say_apples_number() -> None:
    fixed_id = ALTBEACON_ID[:15] + b"\x46" + ALTBEACON_ID[16:]
    data = b"\xbe\xac" + fixed_id + b"\xc5\0"
    assert recognise(heard(manufacturer_data={APPLE: data}), WITH_FOBS) == (static(fixed_id),)


def test_what_its_maker_or_the_future_puts_behind_an_id_makes_no_difference() -> None:
    for payload, end in ((ALTBEACON_FOB, b"\x64"), (EDDYSTONE_FOB, b"\x12\x34")):
        other = payload[: -len(end)] + end
        assert read(other) == read(payload)
        assert _said(other) == _said(payload)


def _said(payload: bytes) -> tuple[bytes, ...]:
    advert = parse(payload, -70)
    return FIXED.found(advert.manufacturer_data, advert.service_data)


@pytest.mark.parametrize(
    ("byte", "power_dbm"), [(0xEE, -59), (0x14, -30), (0x80, -90), (0x00, -41), (0x7F, -30)]
)
def test_eddystone_says_its_power_at_0_m_and_nonsense_is_clamped(byte: int, power_dbm: int) -> None:
    data = bytes([0, byte]) + EDDYSTONE_ID
    assert recognise(heard(service_data={EDDYSTONE: data}), WITH_FOBS) == (
        static(EDDYSTONE_ID, power_dbm),
    )


def test_strength_that_means_nothing_is_dropped() -> None:
    assert read(ALTBEACON_FOB, 127) is Foreign.RSSI


def test_one_id_in_two_frames_is_one_sighting() -> None:
    fixed = FixedIds(
        ibeacons=FIXED.ibeacons, altbeacons=(AltBeacon(company=1, uuid=FIXED.ibeacons[0]),)
    )
    retailer = Retailer(uuid=OURS.uuid, prefix=OURS.prefix, fixed=fixed)
    both = {APPLE: b"\x02\x15" + IBEACON_ID + b"\xc5", 1: b"\xbe\xac" + IBEACON_ID + b"\xc4\0"}
    assert recognise(heard(manufacturer_data=both), retailer) == (static(IBEACON_ID, -60),)


def test_a_fob_beside_a_phone_spoils_neither() -> None:
    phone = ibeacon(7)
    data = {**phone.manufacturer_data, RADIUS: ALTBEACON_FOB[4:]}
    advert = heard(manufacturer_data=data)
    assert recognise(advert, WITH_FOBS) == (
        static(ALTBEACON_ID),
        Carrier("ibeacon", TokenHex("00000007"), -59),
    )


@given(st.integers(-127, 20), with_fobs)
def test_a_fob_is_what_a_phone_cannot_be(rssi_dbm: int, payload: bytes) -> None:
    advert = parse(payload, rssi_dbm)
    with_them, without = recognise(advert, WITH_FOBS), recognise(advert, OURS)
    carriers = with_them if isinstance(with_them, tuple) else ()
    phones = tuple(each for each in carriers if each.frame != "static")
    assert phones == (without if isinstance(without, tuple) else ())
    for each in carriers:
        if each.frame == "static":
            assert len(each.token) in {32, 40}
            assert bytes.fromhex(each.token) in payload


junk = st.binary(max_size=40)


@given(
    st.integers(-1000, 1000),
    st.dictionaries(st.sampled_from([APPLE, RADIUS, 0, 65535]), junk),
    st.dictionaries(st.sampled_from([EDDYSTONE, OURS.uuid, ""]), junk),
)
def test_nothing_makes_it_raise(
    rssi_dbm: int, companies: dict[int, bytes], services: dict[str, bytes]
) -> None:
    recognise(Advertisement(rssi_dbm, companies, services, []), WITH_FOBS)


UUID: Final = FIXED.ibeacons[0]


@pytest.mark.parametrize(
    ("made", "says"),
    [
        (lambda: FixedIds(ibeacons=(UUID.upper(),)), r"ibeacons\[0\] is 'C3A1F0DE"),
        (
            lambda: FixedIds(altbeacons=(AltBeacon(company=1, uuid="x"),)),
            r"altbeacons\[0\].uuid is 'x'",
        ),
        (lambda: FixedIds(namespaces=("7E11C0FFEE0DDBA11DAD",)), r"namespaces\[0\] is '7E11"),
        (lambda: FixedIds(namespaces=("7e11",)), "20 lower-case hexadecimal digits"),
        (lambda: FixedIds(ibeacons=(UUID,) * (MOST + 1)), f"{MOST + 1} ibeacons; {MOST} at most"),
        (FixedIds, "give one, or leave it out"),
    ],
)
def test_what_is_no_identifier_is_refused(made: object, says: str) -> None:
    assert callable(made)
    with pytest.raises(ValueError, match="(?s).*" + says):
        made()


def test_a_fob_may_not_be_sold_as_a_phone() -> None:
    with pytest.raises(ValueError, match="nobody could tell a fob from a phone"):
        Retailer(uuid=UUID, prefix="5bb0e111", fixed=FIXED)
