from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbell_edge.core.ad_structures import parse
from shopbell_edge.core.fixed_ids import AltBeacon, FixedIds
from shopbell_edge.core.frames import Carrier, Foreign, recognise
from shopbell_edge.core.retailer import Retailer
from shopbell_sim.core import advert
from shopbell_sim.core.phone import mac32
from tests.shared import vectors

UUID = "6f2a1c5e-9b7d-4e03-a1c4-0f5d2e8b7a61"
PREFIX = "5bb0e111"
RETAILER = Retailer(uuid=UUID, prefix=PREFIX)

FOBS = Retailer(
    uuid=UUID,
    prefix=PREFIX,
    fixed=FixedIds(
        ibeacons=("c3a1f0de-5577-4a10-8d3e-91b2c4d6e8f0",),
        altbeacons=(AltBeacon(company=0x0118, uuid="d41b7e62-0f93-4c58-b6aa-2e7f9c1d3b45"),),
        namespaces=("7e11c0ffee0ddba11dad",),
    ),
)

hex4 = st.binary(min_size=4, max_size=4).map(bytes.hex)
hex8 = st.binary(min_size=8, max_size=8).map(bytes.hex)
powers = st.integers(-90, -30)


@pytest.fixture(name="on_air")
def _on_air() -> dict[str, Any]:
    frames: dict[str, Any] = vectors("signals.json")["frames"]
    return frames


def _token(of: dict[str, Any]) -> dict[str, str]:
    window = of["frames"]["at_s"] // 900
    number = of["frames"]["device_no"]
    return next(
        token
        for token in of["tokens"]
        if token["window"] == window and token["device_no"] == number
    )


def test_frames_are_byte_for_byte_those_of_the_vectors(on_air: dict[str, Any]) -> None:
    token = _token(vectors("signals.json"))
    mac = mac32(bytes.fromhex(on_air["device_key"]), token["id64"], on_air["at_s"] // 60)
    power = -59
    uuid, prefix = on_air["retailer_uuid"], on_air["retailer_prefix32"]
    beacon = advert.ibeacon(uuid, token["id32"], power)
    data = advert.service_data(uuid, token["id64"], power)
    services = advert.service_uuid(prefix, token["id64"], mac)
    assert beacon.payload.hex() == on_air["ibeacon_advert"]
    assert data.payload.hex() == on_air["service_data_advert"]
    assert services.payload.hex() == on_air["service_uuid_advert"]


@given(hex4, st.binary(min_size=6, max_size=6).map(bytes.hex), powers)
def test_an_edge_reads_fobs_back(last: str, instance: str, power: int) -> None:
    for said in (
        advert.fixed_ibeacon("c3a1f0de55774a108d3e91b2c4d6e8f0" + last, power),
        advert.altbeacon(0x0118, "d41b7e620f934c58b6aa2e7f9c1d3b45" + last, power),
        advert.eddystone_uid("7e11c0ffee0ddba11dad" + instance, power),
    ):
        (carrier,) = recognise(parse(said.payload, -60), FOBS)
        assert isinstance(carrier, Carrier)
        assert (carrier.frame, carrier.power_dbm) == (said.frame, power)
        assert {field.name: field.value.hex() for field in said.fields}["id"] == carrier.token


def test_fobs_fit_into_legacy_advertisements() -> None:
    assert len(advert.fixed_ibeacon("00" * 20, -59).payload) == 30
    assert len(advert.altbeacon(0, "00" * 20, -59).payload) == 28
    assert len(advert.eddystone_uid("00" * 16, -59).payload) == advert.LEGACY_BYTES


def test_service_data_with_flags_fills_a_legacy_advertisement() -> None:
    assert len(advert.service_data(UUID, "00" * 8, -59).payload) == advert.LEGACY_BYTES


@given(id32=hex4, power=powers, flags=st.sampled_from((0x06, 0x1A)))
def test_an_edge_reads_an_ibeacon_back(id32: str, power: int, flags: int) -> None:
    payload = advert.ibeacon(UUID, id32, power, flags=flags).payload
    assert recognise(parse(payload, -60), RETAILER) == (Carrier("ibeacon", id32, power),)  # type: ignore[arg-type]


@given(id64=hex8, power=powers)
def test_an_edge_reads_service_data_back(id64: str, power: int) -> None:
    payload = advert.service_data(UUID, id64, power).payload
    assert recognise(parse(payload, -60), RETAILER) == (Carrier("service-data", id64, power),)  # type: ignore[arg-type]


@given(id64=hex8, mac=hex4)
def test_an_edge_reads_a_service_uuid_back(id64: str, mac: str) -> None:
    payload = advert.service_uuid(PREFIX, id64, mac).payload
    found = recognise(parse(payload, -60), RETAILER)
    assert found == (Carrier("service-uuid", id64, None, mac),)  # type: ignore[arg-type]


@given(major=st.integers(0, 65_535), minor=st.integers(0, 65_535))
def test_a_strangers_beacon_is_foreign(major: int, minor: int) -> None:
    other = "00112233-4455-6677-8899-aabbccddeeff"
    payload = advert.foreign_ibeacon(other, major, minor, -59).payload
    assert recognise(parse(payload, -60), RETAILER) is Foreign.NOT_OURS
