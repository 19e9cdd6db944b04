"""What of an advertisement could be ours."""

from __future__ import annotations

from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from shopbell_edge.core.ad_structures import parse
from shopbell_edge.core.advertisement import Advertisement
from shopbell_edge.core.fixed_ids import APPLE
from shopbell_edge.core.frames import Foreign, recognise
from shopbell_edge.core.interest import Parts, look_for
from shopbell_edge.core.retailer import Retailer
from shopbell_edge.core.usual import UNUSUAL, interest_in
from tests.edge.core.ad_bytes import WITH_FOBS, payloads, with_fobs

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


def parts_of(advert: Advertisement) -> Parts | None:
    look = look_for(OURS, lambda parts: parts)
    return look(advert.manufacturer_data, advert.service_data, advert.service_uuids)


def of_parts(parts: Parts, rssi_dbm: int) -> Advertisement:
    """Return an advertisement that says `parts` and nothing else."""
    beacon, data, uuid = parts[:3]
    assert isinstance(beacon, bytes | None)
    assert isinstance(data, bytes | None)
    assert isinstance(uuid, str | None)
    return Advertisement(
        rssi_dbm,
        {} if beacon is None else {APPLE: beacon},
        {} if data is None else {OURS.uuid: data},
        [] if uuid is None else [uuid],
    )


@given(adverts)
def test_nothing_that_is_ours_is_overlooked(advert: Advertisement) -> None:
    if not isinstance(recognise(advert, OURS), Foreign):
        assert parts_of(advert) is not None


@given(adverts)
def test_the_parts_say_all_that_the_advertisement_said(advert: Advertisement) -> None:
    parts = parts_of(advert)
    if parts is not None:
        assert recognise(of_parts(parts, advert.rssi_dbm), OURS) == recognise(advert, OURS)


@given(with_fobs | payloads, st.integers(-127, 20))
def test_no_fob_is_overlooked_either(payload: bytes, rssi_dbm: int) -> None:
    advert = parse(payload, rssi_dbm)
    parts: list[Parts] = []
    look = look_for(WITH_FOBS, parts.append)
    look(advert.manufacturer_data, advert.service_data, advert.service_uuids)
    if not isinstance(recognise(advert, WITH_FOBS), Foreign):
        assert parts


@given(with_fobs, with_fobs)
def test_what_has_the_same_parts_is_the_same_people(one: bytes, other: bytes) -> None:
    found = []
    for payload in (one, other, one + other):
        advert = parse(payload, -60)
        parts = look_for(WITH_FOBS, lambda parts: parts)(
            advert.manufacturer_data, advert.service_data, advert.service_uuids
        )
        found += [] if parts is None else [(parts, recognise(advert, WITH_FOBS))]
    for parts, who in found:
        assert all(who == whom for these, whom in found if these == parts)


def test_where_there_are_no_fobs_nobody_looks_for_any() -> None:
    assert (
        parts_of(parse(bytes.fromhex("1716aafe00ee7e11c0ffee0ddba11dad0000000000010000"), -60))
        is None
    )


def test_other_frames_of_apple_are_not_of_interest() -> None:
    assert parts_of(Advertisement(-60, {APPLE: bytes.fromhex("1005031c0a2b3c")}, {}, [])) is None


def test_beacons_and_services_of_others_are_not_of_interest() -> None:
    for foreign in (
        Advertisement(-60, {APPLE: THEIRS.ibeacon_start + bytes(5)}, {}, []),
        Advertisement(-60, {}, {THEIRS.uuid: bytes(10)}, []),
        Advertisement(-60, {}, {}, ["0000fd6f-0000-1000-8000-00805f9b34fb"]),
    ):
        assert parts_of(foreign) is None


def test_who_knows_nobody_takes_a_closer_look_at_all_that_could_be_ours() -> None:
    look = interest_in(OURS)
    assert look({}, {OURS.uuid: b"\x10"}, []) is UNUSUAL
    assert look({}, {}, []) is None
