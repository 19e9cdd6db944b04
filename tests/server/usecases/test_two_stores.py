"""People in two stores at once: what staff see, whoever took in what."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING

import pytest

from shopbell_server.core.audit.chain import What
from shopbell_server.core.ids import Millis
from tests.fakes.server import MemoryDatabase
from tests.server.usecases.floor import (
    EDGES,
    FAR_EDGE,
    MINUTE,
    NOW,
    OTHER_STORE,
    SECOND,
    STORE,
    Floor,
    batch,
)
from tests.server.usecases.two_stores import (
    BOTH,
    guest,
    heard,
    listed_in,
    put_on_the_map,
    shown_in,
)

if TYPE_CHECKING:
    from shopbell_server.core.ids import StoreId
    from shopbell_wire.messages import Frame
    from tests.server.usecases.floor import Someone


@pytest.fixture
def anna(floor: Floor) -> Someone:
    return guest(floor, "anna", 1)


def test_one_phone_heard_by_three_edges_of_a_store_is_one_visit(
    floor: Floor, anna: Someone
) -> None:
    for edge in EDGES:
        assert heard(floor, anna, edge).conflicts == []
    assert len(floor.visits(anna)) == 1
    assert shown_in(floor) == {STORE}


def test_equal_sightings_in_two_stores_at_once_are_both_hidden(floor: Floor, anna: Someone) -> None:
    heard(floor, anna, EDGES[0])
    taken = heard(floor, anna, FAR_EDGE)
    assert taken.conflicts == [(STORE, OTHER_STORE)]
    assert taken.changed == {STORE: {anna.person}, OTHER_STORE: {anna.person}}
    assert shown_in(floor) == set()
    assert listed_in(floor, STORE, NOW + 60 * MINUTE - 2 * SECOND) == 0
    assert listed_in(floor, STORE, NOW + 60 * MINUTE) == 1
    assert listed_in(floor, OTHER_STORE, NOW + 60 * MINUTE) == 1


def test_the_conflict_is_told_once(floor: Floor, anna: Someone) -> None:
    heard(floor, anna, EDGES[0])
    told = [
        *heard(floor, anna, FAR_EDGE).conflicts,
        *heard(floor, anna, FAR_EDGE, lasting_ms=2 * MINUTE).conflicts,
        *heard(floor, anna, EDGES[1]).conflicts,
    ]
    assert told == [(STORE, OTHER_STORE)]
    with floor.database.read() as work:
        acts = [each.act for each in work.audit.records(0)]
    assert [(act.what, act.person) for act in acts] == [(What.TWO_STORES_AT_ONCE, anna.person)] * 2
    assert {act.store for act in acts} == set(BOTH)
    assert {act.about for act in acts} == {act.why for act in acts}


def test_only_the_weaker_of_two_is_hidden(floor: Floor, anna: Someone) -> None:
    heard(floor, anna, EDGES[0], mac=True, frame="service-uuid")
    assert heard(floor, anna, FAR_EDGE).conflicts == [(STORE, OTHER_STORE)]
    assert shown_in(floor) == {STORE}


def test_a_pass_is_never_hidden_and_brings_back_whoever_shows_it(
    floor: Floor, anna: Someone
) -> None:
    heard(floor, anna, EDGES[0], mac=True, frame="service-uuid")
    heard(floor, anna, FAR_EDGE, mac=True, frame="service-uuid")
    assert shown_in(floor) == set()
    floor.hear(floor.shows_pass(anna), edge=EDGES[1])
    assert shown_in(floor) == {STORE}
    floor.hear(floor.shows_pass(anna, NOW - 40 * SECOND), edge=FAR_EDGE)
    assert shown_in(floor) == {STORE, OTHER_STORE}


def test_two_minutes_apart_is_not_at_once(floor: Floor, anna: Someone) -> None:
    heard(floor, anna, EDGES[0], until_ms=NOW - 5 * MINUTE - 2 * SECOND)
    taken = heard(floor, anna, FAR_EDGE, until_ms=NOW - SECOND, lasting_ms=3 * MINUTE - SECOND)
    assert taken.conflicts == []
    assert shown_in(floor) == {STORE, OTHER_STORE}


def test_nobody_travels_faster_than_a_car_between_stores_on_the_map(
    floor: Floor, anna: Someone
) -> None:
    put_on_the_map(floor)
    heard(floor, anna, EDGES[0], until_ms=NOW - 20 * MINUTE)
    taken = heard(floor, anna, FAR_EDGE, lasting_ms=2 * MINUTE)
    assert taken.conflicts == [(STORE, OTHER_STORE)]
    assert shown_in(floor) == set()


def test_somebody_who_drives_is_shown_where_she_arrives(floor: Floor, anna: Someone) -> None:
    put_on_the_map(floor)
    heard(floor, anna, EDGES[0], until_ms=NOW - 30 * MINUTE)
    assert heard(floor, anna, FAR_EDGE, lasting_ms=2 * MINUTE).conflicts == []
    assert shown_in(floor) == {OTHER_STORE}


def test_what_would_not_be_shown_hides_nobody(floor: Floor, anna: Someone) -> None:
    """One token that is hers by chance, or played for a moment, in another store."""
    heard(floor, anna, EDGES[0], frame="ibeacon")
    assert heard(floor, anna, FAR_EDGE, frame="ibeacon", lasting_ms=30 * SECOND).conflicts == []
    assert shown_in(floor) == {STORE}


def test_one_store_alone_asks_nothing(floor: Floor, anna: Someone) -> None:
    with floor.database.begin() as work:
        edges = work.registry.edges()
        (far,) = (edge for edge in edges.values() if edge.store == OTHER_STORE)
        work.registry.put_edge(type(far)(id=far.id, store=STORE, active=True, zones=far.zones))
        work.commit()
    heard(floor, anna, EDGES[0])
    assert heard(floor, anna, FAR_EDGE).conflicts == []
    assert shown_in(floor) == {STORE}


@pytest.mark.parametrize("frame", ["ibeacon", "service-data"])
@pytest.mark.parametrize(
    ("after_min", "stores"),
    [
        # She is in the store when it is played elsewhere: neither is believed.
        (0, set()),
        # She left: the recording is of this quarter of an hour or the last two minutes' grace, and counts.
        (14, {OTHER_STORE}),
        # It is of a window that is over: nobody.
        (20, set()),
    ],
)
def test_a_recording_played_in_another_store(
    floor: Floor, anna: Someone, frame: Frame, after_min: int, stores: set[StoreId]
) -> None:
    window_ms = NOW - NOW % (15 * MINUTE)
    recorded_ms = window_ms + 90 * SECOND
    heard(floor, anna, EDGES[0], until_ms=recorded_ms, lasting_ms=70 * SECOND, frame=frame)
    played_ms = recorded_ms + after_min * MINUTE
    taken = heard(
        floor,
        anna,
        FAR_EDGE,
        until_ms=played_ms,
        lasting_ms=70 * SECOND,
        frame=frame,
        token_of_ms=recorded_ms,
    )
    assert taken.conflicts == ([(STORE, OTHER_STORE)] if after_min == 0 else [])
    assert shown_in(floor, played_ms + SECOND) == stores
    # On the map it is too fast whenever it is still accepted.
    put_on_the_map(floor)
    assert shown_in(floor, played_ms + SECOND) == set()
    assert bool(floor.visits(anna)[-1].store == OTHER_STORE) == (after_min < 20)


def test_a_mac_is_stale_in_a_recording_so_she_is_shown_and_not_it(
    floor: Floor, anna: Someone
) -> None:
    heard(floor, anna, EDGES[0], mac=True, frame="service-uuid")
    played = floor.presence(anna, NOW - 2 * MINUTE, NOW - SECOND, frame="service-uuid")
    floor.hear(played, edge=FAR_EDGE)
    assert shown_in(floor) == {STORE}


def test_who_withdrew_leaves_no_conflict_behind(floor: Floor, anna: Someone) -> None:
    heard(floor, anna, EDGES[0])
    heard(floor, anna, FAR_EDGE)
    with floor.database.begin() as work:
        found = work.visits.of_person(anna.person)
        assert len(found) == 2
        work.visits.remove([each.id for each in found])
        work.intervals.truncate(anna.person, Millis(0))
        work.observations.truncate(anna.person, Millis(0))
        work.commit()
    assert anna.person not in floor.rows(
        *("enrolments", "phones", "stamps", "device_tokens", "cards", "issued", "issued_windows"),
        *("ledger", "consent_entries", "profiles", "identifiers"),
        *("facts", "facts_told", "deliveries", "audit", "audit_records"),
    )


ROUTES = [
    (EDGES[0], "service-data", NOW - 4 * MINUTE, NOW - 2 * MINUTE),
    (FAR_EDGE, "ibeacon", NOW - 3 * MINUTE, NOW - SECOND),
    (EDGES[1], "ibeacon", NOW - 8 * MINUTE, NOW - 6 * MINUTE),
]


def test_the_order_of_arrival_and_the_worker_change_nothing() -> None:
    outcomes = set()
    for order in permutations(range(3)):
        for one_worker in (True, False):
            floor = Floor(MemoryDatabase())
            anna = guest(floor, "anna", 1)
            for at in order:
                edge, frame, first_ms, last_ms = ROUTES[at]
                said = floor.presence(anna, first_ms, last_ms, frame=frame)  # type: ignore[arg-type]  # a frame
                intake = floor.intake if one_worker else floor.worker(str(at))
                intake.take([batch(said, edge=edge, seq=at + 1)], Millis(NOW))
            outcomes.add(frozenset(shown_in(floor)))
    assert outcomes == {frozenset({STORE})}
