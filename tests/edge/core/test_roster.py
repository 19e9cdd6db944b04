"""Who is here, by one scanner: comes, stays, moves and goes."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbell_edge.core.rules import Rules
from shopbell_edge.core.telling import LASTED, OFFLINE, PARTING
from shopbell_edge.core.units import Boottime
from shopbell_wire.messages import Presence
from tests.edge.core.advertisements import (
    APPLE,
    heard,
    ibeacon,
    service_data,
    service_uuid,
    uuid_of,
)
from tests.edge.core.roster_shop import (
    FAR_DBM,
    GONE_DBM,
    WALL_MS,
    Shop,
    open_shop,
    phases,
)


@pytest.fixture
def shop() -> Shop:
    return open_shop()


def test_a_customer_comes_stays_and_goes(shop: Shop) -> None:
    events = shop.stay_near(ibeacon(1), 60_000) + shop.wait(200_000)
    assert [(event.phase, event.last_ms - WALL_MS, event.n) for event in events] == [
        ("entered", 3_000, 3),
        ("present", 33_000, 33),
        ("present", 60_000, 60),
        ("inactive", 60_000, 60),
        ("left", 60_000, 60),
    ]
    assert {event.first_ms for event in events} == {WALL_MS + 1_000}
    assert [event.reason for event in events] == [
        "3 in 10 s",
        "30 s",
        "30 s",
        "unheard 60 s",
        "unheard 180 s",
    ]
    assert shop.roster.known == 0


def test_who_passes_by_outside_does_not_enter(shop: Shop) -> None:
    assert shop.stay_near(ibeacon(1, rssi_dbm=FAR_DBM), 60_000) == []
    assert (shop.roster.present, shop.roster.known) == (0, 1)
    shop.wait(11_000)
    assert shop.roster.known == 0


def test_who_comes_back_before_leaving_is_told_at_once(shop: Shop) -> None:
    shop.enter(ibeacon(1))
    assert phases(shop.wait(100_000)) == ["inactive"]
    (event,) = shop.hear(ibeacon(1))
    assert (event.phase, event.reason, event.first_ms) == ("present", "heard again", WALL_MS)


def test_too_weak_to_count_is_unheard_although_it_is_heard(shop: Shop) -> None:
    shop.enter(ibeacon(1))
    events = shop.stay_near(ibeacon(1, rssi_dbm=GONE_DBM), 200_000)
    assert phases(events) == ["inactive", "left"]
    assert events[-1].last_ms == WALL_MS


def test_while_the_broker_is_away_a_stay_is_told_once_a_minute(shop: Shop) -> None:
    shop.enter(ibeacon(1))
    assert len(shop.stay_near(ibeacon(1), 180_000, OFFLINE)) == 3


def test_who_walks_is_told_more_often(shop: Shop) -> None:
    shop.enter(ibeacon(1))
    events = [
        event
        for rssi_dbm in (-60, -85, -60, -85)
        for event in shop.stay_near(ibeacon(1, rssi_dbm=rssi_dbm), 15_000)
    ]
    moves = [event for event in events if event.reason != LASTED]
    assert [event.reason for event in moves] == ["moved more than 6 dB"] * 4


def test_a_stay_is_told_in_the_moment_in_which_it_has_lasted_long_enough_to_be_shown() -> None:
    shop = open_shop(Rules(shown_ms=20_000))
    events = shop.stay_near(ibeacon(1), 20_000) + shop.wait(1_000)
    assert phases(events) == ["entered"]
    (event,) = shop.hear(ibeacon(1))
    assert (event.phase, event.reason, event.n) == ("present", LASTED, 21)
    assert event.last_ms - event.first_ms >= 20_000
    assert LASTED not in [event.reason for event in shop.stay_near(ibeacon(1), 60_000)]


def test_but_not_before_it_was_heard_often_enough() -> None:
    shop = open_shop(Rules(shown_ms=4_000))
    shop.enter(ibeacon(1))
    shop.now_ms = 5_000
    assert shop.hear(ibeacon(1)) == []
    assert [event.n for event in shop.hear(ibeacon(1))] == [5]


def test_what_another_report_has_told_is_not_told_again() -> None:
    shop = open_shop(Rules(shown_ms=4_000))
    for _ in range(7):
        shop.hear(ibeacon(1, rssi_dbm=FAR_DBM))
        shop.now_ms += 1_000
    events = [event for _ in range(7) for event in shop.hear(ibeacon(1))]
    assert phases(events) == ["entered"]
    assert shop.hear(ibeacon(1)) == []


def test_at_parting_the_last_sightings_are_told(shop: Shop) -> None:
    shop.enter(ibeacon(1))
    shop.stay_near(ibeacon(1), 3_000)
    (event,) = shop.tick(PARTING)
    assert (event.n, event.last_ms) == (6, WALL_MS + 3_000)
    assert shop.tick(PARTING) == []


def test_a_frame_without_power_has_the_default() -> None:
    shop = open_shop(Rules(default_power_dbm=-54, scanner_offset_db=3.0))
    assert shop.enter(service_uuid(1, 2, rssi_dbm=-70)).loss_db.median == 19.0


def test_phones_that_send_with_different_power_are_equally_near(shop: Shop) -> None:
    loud = shop.enter(service_data(1, power_dbm=-50, rssi_dbm=-61))
    quiet = shop.enter(service_data(2, power_dbm=-70, rssi_dbm=-81))
    assert loud.loss_db == quiet.loss_db


def test_the_newest_mac_is_told_with_its_time(shop: Shop) -> None:
    entered = shop.enter(service_uuid(7, 0x11))
    assert (entered.token, entered.mac, entered.mac_ms) == (f"{7:016x}", "00000011", WALL_MS)
    shop.now_ms = 1_000
    shop.hear(heard(service_uuids=[uuid_of(7, 0x11), uuid_of(7, 0x22)]))
    (event,) = shop.tick(PARTING)
    assert (event.mac, event.mac_ms) == ("00000022", WALL_MS + 1_000)


def test_the_same_token_in_two_frames_is_two_stays(shop: Shop) -> None:
    one, other = shop.enter(service_data(1)), shop.enter(service_uuid(1, 2))
    assert one.token == other.token
    assert (one.frame, other.frame) == ("service-data", "service-uuid")
    assert shop.roster.present == 2


def test_results_are_counted_and_every_result_is_there_from_the_start(shop: Shop) -> None:
    assert set(shop.roster.counts.values()) == {0}
    shop.hear(ibeacon(1))
    shop.hear(ibeacon(1, rssi_dbm=127))
    shop.hear(heard(manufacturer_data={APPLE: b""}))
    shop.hear(heard())
    assert shop.roster.counts == {
        "ours": 1,
        "rssi": 1,
        "length": 1,
        "not_ours": 1,
        "version": 0,
        "malformed": 0,
    }


def test_nobody_leaves_while_the_scanner_is_blind(shop: Shop) -> None:
    shop.enter(ibeacon(1))
    shop.wait(30_000)
    shop.roster.blind(Boottime(shop.now_ms))
    assert shop.wait(600_000) == []
    shop.roster.hearing(Boottime(shop.now_ms))
    assert phases(shop.wait(29_000)) == []
    assert phases(shop.wait(1_000)) == ["inactive"]
    assert phases(shop.wait(119_000)) == []
    assert phases(shop.wait(1_000)) == ["left"]


def test_even_a_leaving_that_is_due_waits_for_the_end_of_blindness(shop: Shop) -> None:
    shop.enter(ibeacon(1))
    shop.now_ms = 200_000
    shop.roster.blind(Boottime(shop.now_ms))
    assert shop.tick() == []
    shop.roster.hearing(Boottime(shop.now_ms))
    assert phases(shop.tick()) == ["left"]


def test_what_grew_inactive_is_told_as_that_alone(shop: Shop) -> None:
    shop.enter(ibeacon(1))
    shop.hear(ibeacon(1))
    shop.now_ms = 100_000
    (event,) = shop.tick()
    assert (event.phase, event.n) == ("inactive", 4)


def test_blindness_that_is_found_out_late_counts_from_when_it_began(shop: Shop) -> None:
    shop.enter(ibeacon(1))
    shop.wait(59_000)
    shop.roster.blind(Boottime(10_000))
    shop.roster.hearing(Boottime(shop.now_ms))
    assert phases(shop.wait(49_000)) == []
    assert phases(shop.wait(1_000)) == ["inactive"]


def test_a_scanner_was_not_blind_when_it_heard(shop: Shop) -> None:
    shop.enter(ibeacon(1))
    shop.now_ms += 40_000
    shop.hear(heard())
    shop.roster.blind(Boottime(10_000))
    shop.now_ms += 500_000
    shop.roster.hearing(Boottime(shop.now_ms))
    assert phases(shop.wait(19_000)) == []
    assert phases(shop.wait(1_000)) == ["inactive"]


def test_reports_go_on_for_what_a_blind_scanner_hears_all_the_same(shop: Shop) -> None:
    shop.enter(ibeacon(1))
    shop.roster.blind(Boottime(0))
    assert phases(shop.stay_near(ibeacon(1), 60_000)) == ["present", "present"]


def test_a_flood_of_made_up_tokens_pushes_out_nobody_who_is_here() -> None:
    shop = open_shop(most_tokens=100)
    shop.enter(ibeacon(0))
    for made_up in range(1, 10_001):
        shop.hear(ibeacon(made_up))
        assert shop.roster.known <= 100
    assert shop.roster.pushed_out == 10_001 - 100
    assert shop.roster.present == 1
    shop.now_ms = 1_000
    assert shop.hear(ibeacon(0)) == []


def test_of_candidates_the_one_that_was_heard_longest_ago_goes_first() -> None:
    shop = open_shop(most_tokens=2)
    shop.hear(ibeacon(1))
    shop.hear(ibeacon(2))
    shop.hear(ibeacon(1))
    shop.hear(ibeacon(3))
    assert phases(shop.hear(ibeacon(1))) == ["entered"]


def test_of_stays_too_and_that_is_told() -> None:
    shop = open_shop(most_tokens=2)
    shop.enter(ibeacon(1))
    shop.enter(ibeacon(2))
    shop.now_ms = 1_000
    shop.hear(ibeacon(1))
    (event,) = shop.hear(ibeacon(3))
    assert (event.token, event.phase) == (f"{2:08x}", "left")
    assert event.reason == "pushed out: 2 tokens heard later"
    assert shop.roster.pushed_out == 1


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(-126, 0)), max_size=300))
def test_memory_does_not_grow_with_tokens_or_foreign_frames(said: list[tuple[int, int]]) -> None:
    shop = open_shop(most_tokens=20)
    for number, rssi_dbm in said:
        shop.now_ms += 100
        shop.hear(ibeacon(number % 90, rssi_dbm=rssi_dbm))
        shop.hear(heard(rssi_dbm, manufacturer_data={number: b"somebody else"}))
        assert shop.roster.known <= 20
        assert len(shop.roster.counts) == 6
    shop.wait(400_000)
    assert shop.roster.known == 0


act = st.one_of(
    st.tuples(st.just("hear"), st.integers(1, 3), st.integers(-100, -50)),
    st.tuples(st.just("wait"), st.integers(1, 90_000), st.just(0)),
    st.tuples(st.sampled_from(["blind", "hearing"]), st.just(0), st.just(0)),
)


def play(shop: Shop, acts: list[tuple[str, int, int]]) -> list[Presence]:
    """Do what is said; nobody may leave or grow silent while blind."""
    events, blind = [], False
    for kind, number, rssi_dbm in acts:
        if kind == "hear":
            events += shop.hear(ibeacon(number, rssi_dbm=rssi_dbm))
        elif kind == "wait":
            shop.now_ms += number
            ticked = shop.tick()
            assert not (blind and {"left", "inactive"} & set(phases(ticked)))
            events += ticked
        else:
            blind = kind == "blind"
            change = shop.roster.blind if blind else shop.roster.hearing
            change(Boottime(shop.now_ms))
    return events + shop.tick(PARTING)


@given(st.lists(act, max_size=120))
def test_the_events_of_a_stay_tell_one_interval(acts: list[tuple[str, int, int]]) -> None:
    events = play(open_shop(), acts)
    assert msgspec.json.decode(msgspec.json.encode(events), type=list[Presence]) == events
    by_token: dict[str, list[Presence]] = defaultdict(list)
    for event in events:
        assert event.first_ms <= event.last_ms
        by_token[event.token].append(event)
    for told in by_token.values():
        assert told[0].phase == "entered"
        for before, after in pairwise(told):
            assert (after.phase == "entered") == (before.phase == "left")
            if after.phase == "entered":
                assert after.first_ms >= before.last_ms
            else:
                assert after.first_ms == before.first_ms
                assert (after.last_ms, after.n) >= (before.last_ms, before.n)


@given(st.permutations(range(1, 7)), st.integers(-95, -60))
def test_the_order_of_tokens_within_a_moment_makes_no_difference(
    order: list[int], rssi_dbm: int
) -> None:
    def tell(numbers: list[int]) -> set[bytes]:
        shop, events = open_shop(), []
        for _ in range(40):
            shop.now_ms += 1000
            for number in numbers:
                events += shop.hear(ibeacon(number, rssi_dbm=rssi_dbm - number))
            events += shop.tick()
        return {msgspec.json.encode(event) for event in events}

    assert tell(order) == tell(sorted(order))


def test_when_the_store_closes_everybody_leaves_as_of_when_they_were_heard_last(shop: Shop) -> None:
    shop.enter(ibeacon(1))
    shop.now_ms += 5_000
    shop.hear(ibeacon(2))
    shop.roster.close()
    (event,) = shop.tick()
    assert (event.phase, event.reason, event.last_ms) == ("left", "closed", WALL_MS)
    assert shop.roster.known == 0
    assert phases([shop.enter(ibeacon(1))]) == ["entered"], "and may come again"
