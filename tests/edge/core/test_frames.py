from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbell_edge.core.ad_structures import parse
from shopbell_edge.core.advertisement import Advertisement
from shopbell_edge.core.frames import Carrier, Foreign, recognise
from shopbell_edge.core.retailer import Retailer
from shopbell_edge.core.units import TokenHex
from tests.edge.core.advertisements import (
    APPLE,
    RETAILER,
    UUID_BYTES,
    heard,
    ibeacon,
    service_data,
    service_uuid,
    uuid_of,
)
from tests.shared import vectors

OTHER_UUID = "0f5d2e8b-9b7d-4e03-a1c4-6f2a1c5e7a61"


def read(advertisement: Advertisement) -> tuple[Carrier, ...] | Foreign:
    return recognise(advertisement, RETAILER)


@pytest.mark.parametrize(
    ("advert", "expected"),
    [
        ("ibeacon_advert", Carrier("ibeacon", TokenHex("ad550f72"), -59)),
        ("service_data_advert", Carrier("service-data", TokenHex("cc29adc3d2de5cf4"), -59)),
        (
            "service_uuid_advert",
            Carrier("service-uuid", TokenHex("cc29adc3d2de5cf4"), None, "424fcc11"),
        ),
    ],
)
def test_the_bytes_of_the_vectors_are_recognised(advert: str, expected: Carrier) -> None:
    frames = vectors("signals.json")["frames"]
    retailer = Retailer(uuid=frames["retailer_uuid"], prefix=frames["retailer_prefix32"])
    assert recognise(parse(bytes.fromhex(frames[advert]), -70), retailer) == (expected,)


def test_manufacturer_data_of_no_length_is_dropped() -> None:
    assert read(heard(manufacturer_data={APPLE: b""})) is Foreign.LENGTH


@pytest.mark.parametrize("uuid", [UUID_BYTES, bytes(16)])
@pytest.mark.parametrize("after", [4, 6])
def test_an_ibeacon_of_22_or_24_bytes_is_dropped(uuid: bytes, after: int) -> None:
    payload = b"\x02\x15" + uuid + bytes(after)
    assert read(heard(manufacturer_data={APPLE: payload})) is Foreign.LENGTH


def test_an_ibeacon_of_somebody_else_is_foreign() -> None:
    payload = b"\x02\x15" + bytes(21)
    assert read(heard(manufacturer_data={APPLE: payload})) is Foreign.NOT_OURS


def test_what_else_apple_sends_is_foreign() -> None:
    assert (
        read(heard(manufacturer_data={APPLE: bytes.fromhex("1005031c2b3d4e")})) is Foreign.NOT_OURS
    )


@pytest.mark.parametrize("id32", [0, 0xFFFFFFFF])
def test_ids_that_belong_to_nobody_are_the_servers_to_refuse(id32: int) -> None:
    assert read(ibeacon(id32)) == (Carrier("ibeacon", TokenHex(f"{id32:08x}"), -59),)


@pytest.mark.parametrize(("sent_dbm", "read_dbm"), [(127, -30), (-128, -90), (0, -30), (-59, -59)])
def test_power_that_makes_no_sense_is_clamped(sent_dbm: int, read_dbm: int) -> None:
    for advertisement in (
        ibeacon(power_dbm=sent_dbm),
        service_data(1, power_dbm=sent_dbm),
    ):
        (carrier,) = tuple(read(advertisement))
        assert isinstance(carrier, Carrier)
        assert carrier.power_dbm == read_dbm


@pytest.mark.parametrize("rssi_dbm", [20, 127, -127, -128, 1])
def test_rssi_that_means_nothing_is_dropped(rssi_dbm: int) -> None:
    assert read(ibeacon(rssi_dbm=rssi_dbm)) is Foreign.RSSI
    assert read(service_data(1, rssi_dbm=rssi_dbm)) is Foreign.RSSI
    assert read(heard(rssi_dbm)) is Foreign.NOT_OURS


@pytest.mark.parametrize("size", [0, 1, 9, 11, 15, 17])
def test_service_data_of_another_length_is_dropped(size: int) -> None:
    payload = (b"\x10" + bytes(20))[:size]
    assert read(heard(service_data={RETAILER.uuid: payload})) is Foreign.LENGTH


def test_service_data_of_a_version_to_come_is_dropped() -> None:
    assert read(heard(service_data={RETAILER.uuid: b"\xf0" + bytes(9)})) is Foreign.VERSION


def test_service_data_of_somebody_else_is_foreign() -> None:
    assert read(heard(service_data={OTHER_UUID: b"\x10" + bytes(9)})) is Foreign.NOT_OURS


def test_a_wrong_mac_is_the_servers_to_judge() -> None:
    (carrier,) = tuple(read(service_uuid(1, 0xDEADBEEF)))
    assert carrier == Carrier("service-uuid", TokenHex(f"{1:016x}"), None, "deadbeef")


def test_a_prefix_in_the_wrong_byte_order_is_foreign() -> None:
    assert read(heard(service_uuids=["11e1b05b" + OTHER_UUID[8:]])) is Foreign.NOT_OURS


@pytest.mark.parametrize("rest", ["", "-", "-1234", OTHER_UUID[8:-1], OTHER_UUID[8:].upper()])
def test_a_service_uuid_in_no_known_writing_is_dropped(rest: str) -> None:
    assert read(heard(service_uuids=[RETAILER.prefix + rest])) is Foreign.MALFORMED


def test_of_several_service_uuids_of_ours_the_last_counts() -> None:
    many = heard(service_uuids=[uuid_of(1, 1), OTHER_UUID, uuid_of(2, 2), OTHER_UUID])
    assert read(many) == (Carrier("service-uuid", TokenHex(f"{2:016x}"), None, "00000002"),)


def test_each_frame_of_an_advertisement_counts() -> None:
    merged = heard(
        manufacturer_data=dict(ibeacon(7).manufacturer_data),
        service_data=dict(service_data(8).service_data),
        service_uuids=list(service_uuid(9, 10).service_uuids),
    )
    assert read(merged) == (
        Carrier("ibeacon", TokenHex(f"{7:08x}"), -59),
        Carrier("service-data", TokenHex(f"{8:016x}"), -59),
        Carrier("service-uuid", TokenHex(f"{9:016x}"), None, f"{10:08x}"),
    )


def test_a_frame_that_cannot_be_read_does_not_spoil_the_one_beside_it() -> None:
    beside = heard(
        manufacturer_data=dict(ibeacon(7).manufacturer_data),
        service_data={RETAILER.uuid: b"\x10"},
    )
    assert read(beside) == (Carrier("ibeacon", TokenHex(f"{7:08x}"), -59),)


def test_of_fifty_companies_only_apples_word_is_read() -> None:
    payload = ibeacon(7).manufacturer_data[APPLE]
    assert (
        read(heard(manufacturer_data=dict.fromkeys(range(100, 150), payload))) is Foreign.NOT_OURS
    )
    crowd = {n: payload if n == APPLE else b"" for n in range(50, 100)}
    assert read(heard(manufacturer_data=crowd)) == read(ibeacon(7))


starts = st.sampled_from([b"", b"\x02\x15", b"\x02\x15" + UUID_BYTES, b"\x10"])
payloads = st.builds(bytes.__add__, starts, st.binary(max_size=30))
texts = st.one_of(
    st.text(max_size=40), st.builds(lambda rest: RETAILER.prefix + rest, st.text(max_size=40))
)


@given(
    st.integers(-1000, 1000),
    st.dictionaries(st.one_of(st.just(APPLE), st.integers(0, 65535)), payloads, max_size=5),
    st.dictionaries(st.one_of(st.just(RETAILER.uuid), texts), payloads, max_size=5),
    st.lists(texts, max_size=5),
)
def test_nothing_on_the_air_makes_it_raise(
    rssi_dbm: int, companies: dict[int, bytes], services: dict[str, bytes], uuids: list[str]
) -> None:
    found = read(Advertisement(rssi_dbm, companies, services, uuids))
    if isinstance(found, tuple):
        assert found
        for carrier in found:
            assert len(carrier.token) == (8 if carrier.frame == "ibeacon" else 16)
            assert len(carrier.mac) == (8 if carrier.frame == "service-uuid" else 0)
            int(carrier.token + carrier.mac, 16)


def test_even_an_rssi_that_is_no_number_is_only_dropped() -> None:
    beacon = ibeacon(7)
    nothing: int = None  # type: ignore[assignment]  # some radios have no better word for "unknown"
    assert read(Advertisement(nothing, beacon.manufacturer_data, {}, [])) is Foreign.RSSI
