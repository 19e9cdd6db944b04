"""Which advertisements are worth a closer look."""

from __future__ import annotations

from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from shopbell_edge.core.advertisement import Advertisement
from shopbell_edge.core.frames import APPLE, Foreign, recognise
from shopbell_edge.core.interest import interest_in
from shopbell_edge.core.retailer import Retailer

OURS: Final = Retailer(uuid="6f2a1c5e-9b7d-4e03-a1c4-0f5d2e8b7a61", prefix="5bb0e111")
THEIRS: Final = Retailer(uuid="11111111-2222-3333-4444-555555555555", prefix="aaaaaaaa")

apple_data = st.binary(max_size=30) | st.binary(max_size=8).map(OURS.ibeacon_start.__add__)
uuid_texts = st.uuids().map(str) | st.uuids().map(lambda uuid: OURS.prefix + str(uuid)[8:])
adverts = st.builds(
    Advertisement,
    rssi_dbm=st.integers(-127, 20),
    manufacturer_data=st.dictionaries(st.sampled_from([APPLE, 0x0059]), apple_data),
    service_data=st.dictionaries(uuid_texts | st.just(OURS.uuid), st.binary(max_size=12)),
    service_uuids=st.lists(uuid_texts, max_size=3),
)


@given(adverts)
def test_nothing_that_is_ours_is_overlooked(advert: Advertisement) -> None:
    interested = interest_in(OURS)(
        advert.manufacturer_data, advert.service_data, advert.service_uuids
    )
    if not isinstance(recognise(advert, OURS), Foreign):
        assert interested


def test_other_frames_of_apple_are_not_of_interest() -> None:
    assert not interest_in(OURS)({APPLE: bytes.fromhex("1005031c0a2b3c")}, {}, [])


def test_beacons_and_services_of_others_are_not_of_interest() -> None:
    foreign = interest_in(OURS)
    assert not foreign({APPLE: THEIRS.ibeacon_start + bytes(5)}, {}, [])
    assert not foreign({}, {THEIRS.uuid: bytes(10)}, [])
    assert not foreign({}, {}, ["0000fd6f-0000-1000-8000-00805f9b34fb"])


def test_several_retailers_may_share_an_edge() -> None:
    interested = interest_in(OURS, THEIRS)
    assert interested({APPLE: THEIRS.ibeacon_start + bytes(5)}, {}, [])
    assert interested({}, {OURS.uuid: b""}, [])
    assert interested({}, {}, [f"{THEIRS.prefix}-0000-0000-0000-000000000000"])
