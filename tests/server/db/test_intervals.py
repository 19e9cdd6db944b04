from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from shopbell_server.core.evidence import Evidence, joined
from shopbell_server.core.ids import CardRef, Millis, PersonId, StoreId, ZoneId
from shopbell_server.core.recognition.code_uses import CodeUse
from shopbell_server.core.visits.intervals import gathered, truncated
from shopbell_server.ports.database import DatabaseRefusedError
from tests.server.db.rows import ANNA, BEN, EDGE, STORE, interval

if TYPE_CHECKING:
    from shopbell_server.core.evidence import Interval
    from shopbell_server.ports.database import Database, UnitOfWork

ELSEWHERE = StoreId("store-2")
EVER = (Millis(0), Millis(10**13))


def test_intervals_come_back_as_they_were_in_order(work: UnitOfWork) -> None:
    later = interval(5_000, 6_000, zone=None, loss_db=None)
    second = interval(1_000, 1_500, scanner="hci1")
    first = interval(1_000, 2_000, scanner="hci0")
    work.intervals.join([later, second, first])
    assert work.intervals.within(ANNA, STORE, *EVER) == [first, second, later]


def test_nothing_to_join_is_nothing(work: UnitOfWork) -> None:
    work.intervals.join([])
    assert work.intervals.within(ANNA, STORE, *EVER) == []


def test_the_same_stay_twice_in_one_call_is_joined(work: UnitOfWork) -> None:
    one = interval(1_000, 2_000, n=3)
    other = interval(1_000, 4_000, n=2, loss_db=40.0)
    work.intervals.join([one, other])
    assert work.intervals.within(ANNA, STORE, *EVER) == [joined(one, other)]


def test_within_is_what_touches(work: UnitOfWork) -> None:
    work.intervals.join([interval(1_000, 2_000), interval(3_000, 4_000)])

    def starts(from_ms: int, to_ms: int) -> list[int]:
        found = work.intervals.within(ANNA, STORE, Millis(from_ms), Millis(to_ms))
        return [each.key.first_ms for each in found]

    assert starts(2_000, 3_000) == [1_000, 3_000]
    assert starts(2_001, 2_999) == []
    assert starts(1_500, 1_600) == [1_000]


def test_within_is_of_one_person_in_one_store(work: UnitOfWork) -> None:
    work.intervals.join([interval(), interval(person=BEN), interval(store=ELSEWHERE)])
    assert work.intervals.within(ANNA, STORE, *EVER) == [interval()]


def test_within_each_is_of_several_people(work: UnitOfWork) -> None:
    late, early = interval(3_000, 4_000), interval(1_000, 2_000)
    bens = interval(1_000, 9_000, person=BEN)
    work.intervals.join([late, early, bens, interval(store=ELSEWHERE)])
    asked = (STORE, Millis(2_000), Millis(3_000))
    assert {
        person: list(each)
        for person, each in work.intervals.within_each([ANNA, BEN, PersonId("x")], *asked).items()
    } == {ANNA: [early, late], BEN: [bens]}
    assert work.intervals.within_each([], *asked) == {}


def test_known_stays_are_found_by_their_keys(work: UnitOfWork) -> None:
    here, bens = interval(1_000, 2_000), interval(1_000, 9_000, person=BEN)
    others = [interval(1_001), interval(1_000, scanner="x"), interval(1_000, store=ELSEWHERE)]
    work.intervals.join([here, bens])
    keys = [each.key for each in (here, bens, *others)]
    assert work.intervals.known(keys) == {here.key: here, bens.key: bens}
    assert work.intervals.known([]) == {}


def test_heard_since_is_of_everybody_in_one_store(work: UnitOfWork) -> None:
    anna = interval(1_000, 5_000)
    ben = interval(2_000, 6_000, person=BEN)
    work.intervals.join([ben, anna, interval(1_000, 4_999, scanner="x"), interval(store=ELSEWHERE)])
    assert work.intervals.heard_since(STORE, Millis(5_000)) == [anna, ben]


def test_removing_takes_what_begins_within(work: UnitOfWork) -> None:
    early, late = interval(1_000, 9_000), interval(5_000, 9_000)
    work.intervals.join([early, interval(2_000, 3_000), interval(3_000, 9_000), late])
    work.intervals.join([interval(2_000, 3_000, person=BEN)])
    work.intervals.remove_within(ANNA, STORE, Millis(2_000), Millis(3_000))
    assert work.intervals.within(ANNA, STORE, *EVER) == [early, late]
    assert len(work.intervals.within(BEN, STORE, *EVER)) == 1


def test_truncating_leaves_nothing_from_the_moment_on_in_any_store(work: UnitOfWork) -> None:
    hers = [
        interval(1_000, 1_999),
        interval(1_000, 2_000, scanner="a", n=1),
        interval(1_000, 9_000, scanner="b", n=100),
        interval(2_000, 3_000, scanner="c"),
        interval(1_500, 3_000, store=ELSEWHERE),
    ]
    bens = interval(1_000, 9_000, person=BEN)
    work.intervals.join([*hers, bens])
    work.intervals.truncate(ANNA, Millis(2_000))
    left = [
        *work.intervals.within(ANNA, STORE, *EVER),
        *work.intervals.within(ANNA, ELSEWHERE, *EVER),
    ]
    assert sorted(left, key=repr) == sorted(truncated(hers, Millis(2_000)), key=repr)
    assert work.intervals.within(BEN, STORE, *EVER) == [bens]


def test_an_interval_that_ends_before_it_begins_is_refused(sql_work: UnitOfWork) -> None:
    with pytest.raises(DatabaseRefusedError, match="ck_intervals_in_order"):
        sql_work.intervals.join([interval(2_000, 1_000)])


def use(card: str = "c1", step: int = 7, at_ms: int = 1) -> CodeUse:
    return CodeUse(
        card=CardRef(card), step=step, at_ms=Millis(at_ms), store=STORE, edge=EDGE, scanner="cam0"
    )


def test_one_scan_of_each_code_counts(work: UnitOfWork) -> None:
    assert work.intervals.code_use(CardRef("c1"), 7) is None
    for each in (use(at_ms=2), use(step=8), use("c2"), use(at_ms=1)):
        work.intervals.put_code_use(each)
    assert work.intervals.code_use(CardRef("c1"), 7) == use(at_ms=1)
    assert work.intervals.code_use(CardRef("c1"), 8) == use(step=8)
    assert work.intervals.code_use(CardRef("c2"), 7) == use("c2")
    assert work.intervals.code_use(CardRef("c2"), 8) is None


def test_intervals_are_removed_by_their_keys_and_no_others(work: UnitOfWork) -> None:
    one, other = interval(1_000, 2_000), interval(1_000, 2_000, scanner="till")
    work.intervals.join([one, other])
    work.intervals.remove([])
    work.intervals.remove([one.key, one.key._replace(carrier="pass")])
    assert work.intervals.within(ANNA, STORE, *EVER) == [other]


reports = some.lists(
    some.builds(
        lambda first, length, n, evidence, zone, loss, scanner: interval(
            first, first + length, n=n, zone=zone, loss_db=loss, scanner=scanner
        )._replace(evidence=evidence),
        first=some.sampled_from([1_000, 2_000]),
        length=some.integers(0, 3),
        n=some.integers(1, 9),
        evidence=some.sampled_from(list(Evidence)),
        # Beside letters of each size in bytes: an order by language or by UTF-16 would differ.
        zone=some.none() | some.sampled_from(["A", "a", "b", "é", "\uffee", "\U0001f45f"]),
        loss=some.none() | some.floats(0, 120),
        scanner=some.sampled_from(["hci0", "hci1"]),
    ),
    max_size=8,
)


@given(reports=reports, more=some.data())
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_joining_in_any_order_and_any_batches_is_what_the_core_says(
    database: Database, reports: list[Interval], more: some.DataObject
) -> None:
    shuffled = more.draw(some.permutations(reports))
    cut = more.draw(some.integers(0, len(reports)))
    with database.begin() as work:
        work.intervals.join(shuffled[:cut])
        work.intervals.join(shuffled[cut:])
        work.intervals.join(shuffled[:1])
        stored = work.intervals.within(ANNA, STORE, *EVER)
    assert tuple(stored) == gathered(reports)


def test_between_equals_the_greater_zone_counts(work: UnitOfWork) -> None:
    each = [interval(zone=zone) for zone in ("B", None, "a")]
    for one in each:
        work.intervals.join([one])
    assert work.intervals.within(ANNA, STORE, *EVER) == [reduce(joined, each)]
    assert work.intervals.within(ANNA, STORE, *EVER)[0].zone == ZoneId("a")


def test_stores_in_which_there_is_evidence_of_somebody_are_known(work: UnitOfWork) -> None:
    work.intervals.join([interval(), interval(5_000, 6_000), interval(store=ELSEWHERE, person=BEN)])
    assert work.intervals.stores_of([ANNA]) == {STORE}
    assert work.intervals.stores_of([ANNA, BEN]) == {STORE, ELSEWHERE}
    assert work.intervals.stores_of([PersonId("nobody")]) == frozenset()
    assert work.intervals.stores_of([]) == frozenset()


def test_spans_of_several_people_come_page_by_page(work: UnitOfWork) -> None:
    work.intervals.join(
        [
            interval(1_000, 2_000),
            interval(1_000, 9_000, person=BEN),
            interval(1_000, 3_000, scanner="hci1"),
            interval(4_000, 5_000, person=BEN),
            interval(6_000, 6_000),
            interval(7_000, 8_000, store=ELSEWHERE),
            interval(7_500, 8_000, person=PersonId("nobody")),
        ]
    )
    both = [ANNA, BEN]
    assert work.intervals.spans(both, STORE, Millis(-1), 2) == [(1_000, 9_000), (4_000, 5_000)]
    assert work.intervals.spans(both, STORE, Millis(4_000), 2) == [(6_000, 6_000)]
    assert work.intervals.spans([ANNA], STORE, Millis(0), 9) == [(1_000, 3_000), (6_000, 6_000)]
    assert work.intervals.spans(both, STORE, Millis(6_000), 2) == []
