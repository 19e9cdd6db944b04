"""People in two stores at once, and hints under a spray: what staff see, whoever took in what."""

from __future__ import annotations

import random
from itertools import permutations
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopbell_server.core.audit import What
from shopbell_server.core.consent import Change, Purpose
from shopbell_server.core.ids import Millis
from shopbell_server.core.registry import Position, Store
from shopbell_server.core.spray import LEAST_TOKENS
from shopbell_server.usecases.visits_list import get_visit, list_visits
from shopbell_server.usecases.who_is_here import everybody, some, who_is_here
from shopbell_wire.messages import Loss, Presence
from tests.fakes.server import MemoryDatabase
from tests.server.usecases.floor import (
    DAY,
    EDGES,
    FAR_EDGE,
    MINUTE,
    NOW,
    OTHER_STORE,
    RULES,
    SECOND,
    STORE,
    Floor,
    batch,
)

if TYPE_CHECKING:
    from collections.abc import Collection

    from shopbell_server.core.ids import StoreId
    from shopbell_server.usecases.take import Message, Taken
    from shopbell_wire.messages import Event, Frame
    from tests.server.usecases.floor import Someone

BOTH = (STORE, OTHER_STORE)
AMSTERDAM = Position(latitude=52.37, longitude=4.89)
UTRECHT = Position(latitude=52.09, longitude=5.12)
"""35 km: twenty-one minutes at 100 km/h."""


@pytest.fixture
def anna(floor: Floor) -> Someone:
    return guest(floor, "anna", 1)


def guest(floor: Floor, name: str, number: int) -> Someone:
    someone = floor.enrol(name, number)
    floor.consents(someone, Change.GIVEN, NOW - 30 * DAY, Purpose.SHOW_TO_STAFF)
    return someone


def put_on_the_map(floor: Floor) -> None:
    with floor.database.begin() as work:
        for store, where in ((STORE, AMSTERDAM), (OTHER_STORE, UTRECHT)):
            work.registry.put_store(
                Store(id=store, name=store, timezone="Europe/Amsterdam", position=where)
            )
        work.commit()


def shown_in(floor: Floor, now_ms: int = NOW) -> set[StoreId]:
    """Return the stores that show somebody, the same on boards, in lists and by a visit's id."""
    found = set()
    for store in BOTH:
        board = who_is_here(
            floor.database, Millis(now_ms), RULES, store=store, viewer="advisor", before=None
        )
        page = list_visits(
            floor.database,
            Millis(now_ms),
            stores=[store],
            viewer="advisor",
            after=None,
            size=10_000,
        )
        assert board is not None
        rows = {row.visit for row in board.rows}
        listed = {each.visit.id for each in page.visits}
        with floor.database.read() as work:
            told = {each.id for each in work.visits.present(store, Millis(now_ms)) if each.reported}
        assert rows & told == listed & told
        for visit in told:
            one = get_visit(
                floor.database, Millis(now_ms), stores=[store], viewer="advisor", visit=visit
            )
            assert (one is not None) == (visit in rows)
        found |= {store} if board.rows else set()
    return found


def listed_in(floor: Floor, store: StoreId, now_ms: int) -> int:
    page = list_visits(
        floor.database, Millis(now_ms), stores=[store], viewer="advisor", after=None, size=100
    )
    return len(page.visits)


def heard(
    floor: Floor,
    someone: Someone,
    edge: str,
    *,
    until_ms: int = NOW - SECOND,
    lasting_ms: int = 3 * MINUTE,
    frame: Frame = "service-data",
    mac: bool = False,
    token_of_ms: int | None = None,
) -> Taken:
    """Take in that she was heard; by a token of another time, if somebody plays a recording."""
    token = None
    if token_of_ms is not None:
        hers = floor.token(someone, token_of_ms)
        token = hers.id32 if frame == "ibeacon" else hers.id64
    said = floor.presence(
        someone, until_ms - lasting_ms, until_ms, frame=frame, mac=mac, token=token
    )
    return floor.hear(said, edge=edge, now_ms=until_ms + SECOND)


# ------------------------------------------------------------------ two stores


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
        work.commit()
    assert anna.person not in floor.rows(
        *("enrolments", "stamps", "device_tokens", "cards", "issued", "issued_windows"),
        *("ledger", "consent_entries", "profiles", "external_ids"),
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


# ------------------------------------------------------------------ spray


def strangers(count: int, seed: int, began_ms: int = NOW - 2 * MINUTE) -> list[Event]:
    """Return that tokens at random began to be heard, each once."""
    chance = random.Random(seed)
    return [
        Presence(
            scanner="hci0",
            frame="ibeacon",
            token=f"{chance.getrandbits(32):08x}",
            phase="entered",
            first_ms=began_ms + at,
            last_ms=began_ms + at + SECOND,
            n=3,
            loss_db=Loss(median=14.0, p10=11.0, last=13.0),
            reason="3 in 10 s",
        )
        for at in range(count)
    ]


def spray(floor: Floor, edge: str, count: int = 5_000, began_ms: int = NOW - 2 * MINUTE) -> None:
    floor.take(*sprayed(edge, count, began_ms))


def sprayed(edge: str, count: int = 5_000, began_ms: int = NOW - 2 * MINUTE) -> list[Message]:
    return [
        batch(*strangers(min(200, count - at), at, began_ms), edge=edge, stream=f"{at:032x}")
        for at in range(0, count, 200)
    ]


def test_five_thousand_random_tokens_hide_the_hints_of_their_edge_while_they_last(
    floor: Floor, anna: Someone
) -> None:
    heard(floor, anna, EDGES[0], frame="ibeacon")
    assert shown_in(floor) == {STORE}
    spray(floor, EDGES[0])
    assert shown_in(floor) == set()
    assert shown_in(floor, NOW + 4 * MINUTE) == {STORE}


def test_a_spray_silences_nobody_else(floor: Floor, anna: Someone) -> None:
    """Signals of that edge, hints of others, codes: all are shown as before."""
    ben, cleo, dora, ella = (
        guest(floor, name, number) for number, name in enumerate(("ben", "cleo", "dora", "ella"), 2)
    )
    heard(floor, anna, EDGES[0])
    heard(floor, ben, EDGES[0], mac=True, frame="service-uuid")
    heard(floor, cleo, EDGES[0], frame="ibeacon")
    floor.hear(floor.shows_pass(cleo))
    heard(floor, dora, EDGES[1], frame="ibeacon")
    heard(floor, ella, EDGES[0], frame="ibeacon")
    spray(floor, EDGES[0])
    board = who_is_here(
        floor.database, Millis(NOW), RULES, store=STORE, viewer="advisor", before=None
    )
    assert board is not None
    hers = {person.person: floor.visits(person)[0].id for person in (anna, ben, cleo, dora)}
    assert {row.visit for row in board.rows} == set(hers.values())


def test_a_spray_in_one_store_hides_nobody_in_another(floor: Floor, anna: Someone) -> None:
    """Even where a token of it is hers and is repeated for long enough to be shown."""
    heard(floor, anna, EDGES[0], frame="ibeacon")
    spray(floor, FAR_EDGE)
    assert heard(floor, anna, FAR_EDGE, frame="ibeacon").conflicts == []
    assert shown_in(floor) == {STORE}


@pytest.mark.parametrize(("count", "stores"), [(LEAST_TOKENS - 1, {STORE}), (LEAST_TOKENS, set())])
def test_a_few_strangers_are_no_spray(
    floor: Floor, anna: Someone, count: int, stores: set[StoreId]
) -> None:
    heard(floor, anna, EDGES[0], frame="ibeacon")
    spray(floor, EDGES[0], count)
    assert shown_in(floor) == stores


def test_people_who_may_not_be_known_are_no_spray(floor: Floor, anna: Someone) -> None:
    """Phones of the staff, and of people who never consented."""
    heard(floor, anna, EDGES[0], frame="ibeacon")
    crowd = [floor.enrol(f"s{n}", 100 + n, staff=True) for n in range(LEAST_TOKENS // 2)]
    crowd += [floor.enrol(f"n{n}", 900 + n, given_ms=None) for n in range(LEAST_TOKENS // 2)]
    floor.hear(
        *(
            floor.presence(each, NOW - 2 * MINUTE, frame="ibeacon", phase="entered")
            for each in crowd
        )
    )
    assert shown_in(floor) == {STORE}


def test_strangers_fobs_are_no_spray(floor: Floor, anna: Someone) -> None:
    heard(floor, anna, EDGES[0], frame="ibeacon")
    fobs = [
        floor.presence(anna, NOW - MINUTE, frame="static", phase="entered", token=f"{n:040x}")
        for n in range(LEAST_TOKENS)
    ]
    floor.hear(*fobs)
    assert shown_in(floor) == {STORE}


def test_a_batch_that_comes_again_is_not_counted_again(floor: Floor, anna: Someone) -> None:
    heard(floor, anna, EDGES[0], frame="ibeacon")
    messages = sprayed(EDGES[0], LEAST_TOKENS - 1)
    for _ in range(3):
        floor.take(*messages)
    assert shown_in(floor) == {STORE}


@settings(max_examples=15, deadline=None)
@given(
    order=st.permutations(range(3)), workers=st.lists(st.sampled_from("ab"), min_size=3, max_size=3)
)
def test_a_spray_counts_across_workers_in_any_order(order: list[int], workers: list[str]) -> None:
    floor = Floor(MemoryDatabase())
    anna = guest(floor, "anna", 1)
    each = {name: floor.worker(name) for name in "ab"}
    hers = floor.presence(anna, frame="ibeacon")
    said: list[list[Message]] = [
        [batch(hers, seq=1)],
        sprayed(EDGES[0], LEAST_TOKENS // 2),
        [batch(*strangers(LEAST_TOKENS // 2, 7, NOW - 3 * MINUTE), stream="e" * 32, seq=1)],
    ]
    for at, name in zip(order, workers, strict=True):
        each[name].take(said[at], Millis(NOW))
    assert shown_in(floor) == set()


# ------------------------------------------------------------------ boards that follow


def same_withheld(floor: Floor, persons: Collection[Someone]) -> None:
    """Assert that reading a few says the same as reading everybody."""
    for store in BOTH:
        whole = everybody(floor.database, Millis(NOW), RULES, store=store, before=None)
        assert whole is not None
        few = some(
            floor.database, Millis(NOW), RULES, store=store, persons=[p.person for p in persons]
        )
        for person in persons:
            guest_of = whole.guests.get(person.person)
            withheld = {} if guest_of is None else guest_of.stored.withheld
            assert few[person.person].withheld == withheld


def test_a_board_that_follows_changes_withholds_the_same(floor: Floor, anna: Someone) -> None:
    ben = guest(floor, "ben", 2)
    heard(floor, anna, EDGES[0])
    heard(floor, anna, FAR_EDGE)
    heard(floor, ben, EDGES[0], frame="ibeacon")
    spray(floor, EDGES[0])
    same_withheld(floor, [anna, ben])
