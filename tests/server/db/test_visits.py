from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from shopbell_server.core.consent.ledger import Change, Purpose
from shopbell_server.core.ids import Millis, PersonId, StoreId, VisitId
from shopbell_server.core.recognition.conflict import Conflict
from shopbell_server.ports.database import DatabaseRefusedError
from shopbell_server.ports.visits import Due
from tests.server.db.rows import ANNA, BEN, STORE, add_store, enrol, entry, session, visit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from shopbell_server.core.visits.stored import Visit
    from shopbell_server.ports.database import UnitOfWork

ELSEWHERE = StoreId("store-2")


@pytest.fixture
def open_for_visits(work: UnitOfWork) -> UnitOfWork:
    add_store(work)
    add_store(work, ELSEWHERE)
    work.ledger.append([entry(1), entry(1, person=BEN)])
    return work


def ids(visits: Iterable[Visit]) -> list[str]:
    return [each.id for each in visits]


def test_a_visit_comes_back_whole(open_for_visits: UnitOfWork) -> None:
    stored = visit("v1", gone_ms=5_000)
    bare = replace(
        visit("v2", state="candidate"),
        session=replace(session(1, 1), kind="candidate", shown=None, best_act=None, zones=()),
    )
    open_for_visits.visits.put([stored, bare])
    assert open_for_visits.visits.get(VisitId("v1")) == stored
    assert open_for_visits.visits.get(VisitId("v2")) == bare
    assert open_for_visits.visits.get(VisitId("v3")) is None
    # `rule_version` is left out of the comparison of sessions.
    again = open_for_visits.visits.get(VisitId("v1"))
    assert again is not None
    assert again.session.rule_version == stored.session.rule_version


@pytest.mark.parametrize("recognised", [True, False])
def test_what_was_told_comes_back(open_for_visits: UnitOfWork, recognised: bool) -> None:  # noqa: FBT001
    open_for_visits.visits.put([replace(visit("v1", gone_ms=5_000), recognised=recognised)])
    again = open_for_visits.visits.get(VisitId("v1"))
    assert again is not None
    assert again.recognised is recognised


def test_putting_again_replaces(open_for_visits: UnitOfWork) -> None:
    changed = replace(visit("v1"), state="ended", revision=4, converted=True)
    open_for_visits.visits.put([visit("v1")])
    open_for_visits.visits.put([changed])
    assert open_for_visits.visits.of_person(ANNA) == [changed]


def test_touching_shares_a_moment(open_for_visits: UnitOfWork) -> None:
    visits = open_for_visits.visits
    visits.put([visit("b", 3_000, 4_000), visit("a", 1_000, 2_000)])
    visits.put([visit("c", 1_000, 9_000, person=BEN), visit("d", 1_000, 9_000, store=ELSEWHERE)])
    assert ids(visits.touching(ANNA, STORE, Millis(2_000), Millis(3_000))) == ["a", "b"]
    assert ids(visits.touching(ANNA, STORE, Millis(2_001), Millis(2_999))) == []


def test_touching_each_is_of_several_people(open_for_visits: UnitOfWork) -> None:
    visits = open_for_visits.visits
    visits.put([visit("b", 3_000, 4_000), visit("a", 1_000, 2_000), visit("c", 9_000, 9_500)])
    visits.put([visit("d", 1_000, 9_000, person=BEN), visit("e", 1_000, 9_000, store=ELSEWHERE)])
    asked = (STORE, Millis(2_000), Millis(3_000))
    found = visits.touching_each([ANNA, BEN, PersonId("x")], *asked)
    assert {person: ids(each) for person, each in found.items()} == {ANNA: ["a", "b"], BEN: ["d"]}
    assert visits.touching_each([], *asked) == {}


def test_what_is_removed_is_gone(open_for_visits: UnitOfWork) -> None:
    visits = open_for_visits.visits
    visits.put([visit("a"), visit("b", 3_000, 4_000), visit("c", 5_000, 6_000)])
    visits.remove({VisitId("a"), VisitId("c"), VisitId("none")})
    visits.remove([])
    assert ids(visits.of_person(ANNA)) == ["b"]


def test_present_are_those_still_on_the_board(open_for_visits: UnitOfWork) -> None:
    visits = open_for_visits.visits
    visits.put(
        [
            visit("late", 2_000, 2_500, gone_ms=9_000),
            visit("held", 1_000, 1_000, gone_ms=5_000, person=BEN),
            visit("gone", 100, 200, gone_ms=4_999),
            visit("hidden", 300, 400),
            visit("ended", 500, 600, gone_ms=9_000, state="ended"),
            visit("candidate", 700, 800, gone_ms=9_000, state="candidate"),
            visit("elsewhere", 1_000, 2_000, gone_ms=9_000, store=ELSEWHERE),
        ]
    )
    assert ids(visits.present(STORE, Millis(5_000))) == ["candidate", "held", "late"]
    assert ids(visits.present_of([ANNA], STORE, Millis(5_000))) == ["candidate", "late"]
    assert ids(visits.present_of([BEN, ANNA], STORE, Millis(5_000))) == [
        "candidate",
        "held",
        "late",
    ]
    assert ids(visits.present_of([BEN], STORE, Millis(5_001))) == []
    assert ids(visits.present_of([], STORE, Millis(0))) == []


def test_due_are_those_whose_time_has_passed_longest_first(open_for_visits: UnitOfWork) -> None:
    visits = open_for_visits.visits
    enrol(open_for_visits)
    visits.put(
        [
            visit("a", 1, 2, due_ms=500),
            visit("b", 3, 4, due_ms=100, state="candidate"),
            visit("c", 5, 6, due_ms=300, store=ELSEWHERE),
            visit("d", 7, 8, due_ms=501),
            visit("e", 9, 10, due_ms=100, state="ended"),
        ]
    )
    due = [Due(Millis(at), VisitId(it), ANNA) for at, it in ((100, "b"), (300, "c"), (500, "a"))]
    assert visits.claim_due(Millis(501), 10) == due
    assert visits.claim_due(Millis(501), 2) == due[:2]
    assert visits.claim_due(Millis(501), 2, due[0]) == due[1:]
    assert visits.claim_due(Millis(501), 2, due[2]) == []
    assert visits.claim_due(Millis(100), 10) == []


def test_what_was_due_is_asked_again(open_for_visits: UnitOfWork) -> None:
    visits = open_for_visits.visits
    visits.put([visit("a", 1, 2, due_ms=500), visit("b", 3, 4, due_ms=100), visit("c", 5, 6)])
    named = [VisitId(each) for each in ("a", "b", "c", "gone")]
    assert ids(visits.still_due(named, Millis(501))) == ["b", "a"]
    assert ids(visits.still_due(named[:1], Millis(501))) == ["a"]
    assert ids(visits.still_due([], Millis(501))) == []


def test_pages_follow_one_another_without_a_gap(open_for_visits: UnitOfWork) -> None:
    visits = open_for_visits.visits
    # Ids that an order by language would sort otherwise.
    same_start = [visit(name, 5_000, 6_000, person=BEN) for name in ("a", "B", "c", "D")]
    visits.put([visit("new", 9_000, 9_500), visit("old", 1_000, 2_000), *same_start])
    visits.put(
        [visit("x", 7_000, 7_001, state="candidate"), visit("y", 8_000, 8_001, store=ELSEWHERE)]
    )
    seen: list[str] = []
    cursor: tuple[Millis, VisitId] | None = None
    while page := visits.page([STORE], cursor, 2):
        seen += ids(page)
        cursor = (page[-1].session.start_ms, page[-1].id)
    assert seen == ["new", "c", "a", "D", "B", "old"]
    assert ids(visits.page([STORE, ELSEWHERE], None, 2)) == ["new", "y"]
    assert ids(visits.page([], None, 2)) == []


def test_a_visit_of_somebody_who_never_consented_is_refused(work: UnitOfWork) -> None:
    add_store(work)
    with pytest.raises(DatabaseRefusedError):
        work.visits.put([visit("v1")])


@pytest.mark.parametrize(
    "useless",
    [
        entry(person=BEN),
        entry(purpose=Purpose.SHOW_TO_STAFF),
        entry(change=Change.WITHDRAWN),
        entry(at_ms=2_001),
    ],
    ids=["somebody else's", "another purpose", "a refusal", "after the end"],
)
def test_no_other_entry_makes_up_for_it(work: UnitOfWork, useless: object) -> None:
    add_store(work)
    work.ledger.append([useless])  # type: ignore[list-item]
    with pytest.raises(DatabaseRefusedError):
        work.visits.put([visit("v1")])


def test_a_consent_in_the_middle_of_a_visit_is_enough(work: UnitOfWork) -> None:
    add_store(work)
    work.ledger.append([entry(at_ms=2_000, change=Change.RENEWED)])
    work.visits.put([visit("v1", 1_000, 2_000)])
    assert work.visits.get(VisitId("v1")) is not None


def test_a_visit_cannot_be_given_to_somebody_who_never_consented(work: UnitOfWork) -> None:
    add_store(work)
    work.ledger.append([entry()])
    work.visits.put([visit("v1")])
    with pytest.raises(DatabaseRefusedError):
        work.visits.put([visit("v1", person=BEN)])


def test_a_visit_in_an_unknown_store_is_refused(work: UnitOfWork) -> None:
    work.ledger.append([entry()])
    with pytest.raises(DatabaseRefusedError):
        work.visits.put([visit("v1")])


def test_who_was_in_several_stores(open_for_visits: UnitOfWork) -> None:
    visits = open_for_visits.visits
    visits.put([visit("a", 1_000, 2_000), visit("b", 1_000, 3_000, store=ELSEWHERE)])
    visits.put([visit("c", 1_000, 9_000, person=BEN), visit("d", 5_000, 9_000, person=BEN)])
    assert visits.in_several_stores([ANNA, BEN, PersonId("nobody")], Millis(2_000)) == {ANNA}
    assert visits.in_several_stores([ANNA, BEN], Millis(2_001)) == frozenset()
    assert visits.in_several_stores([BEN], Millis(0)) == frozenset()
    assert visits.in_several_stores([], Millis(0)) == frozenset()


def test_a_conflict_is_new_once_until_it_is_forgotten(open_for_visits: UnitOfWork) -> None:
    found = Conflict(one=visit("a"), other=visit("b", store=ELSEWHERE), at_ms=Millis(2_000))
    another = replace(found, other=visit("c", store=ELSEWHERE))
    visits = open_for_visits.visits
    assert visits.first_conflict(found, Millis(3_000))
    assert not visits.first_conflict(replace(found, at_ms=Millis(2_500)), Millis(4_000))
    assert visits.first_conflict(another, Millis(5_000))
    assert visits.drop_conflicts(Millis(5_000)) == 1
    assert visits.first_conflict(found, Millis(6_000))
    assert not visits.first_conflict(another, Millis(6_000))
