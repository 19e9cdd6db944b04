from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from shopbell_server.core.consent.ledger import Purpose
from shopbell_sim.core import plan
from shopbell_sim.core.floor import DEMO_FLOOR

TODAY = datetime(2026, 11, 21, tzinfo=UTC)
EDGES = ("door", "floor", "till")


def test_the_same_dice_give_the_same_people() -> None:
    assert plan.people(Random(5), 40) == plan.people(Random(5), 40)


@given(seed=st.integers(), count=st.integers(1, 99))
def test_people_are_apart_and_the_first_is_known(seed: int, count: int) -> None:
    people = plan.people(Random(seed), count)
    assert len({person.who for person in people}) == count
    assert people[0].recognised
    assert not people[0].changes_mind


@given(seed=st.integers())
def test_purposes_are_the_servers_and_need_recognition(seed: int) -> None:
    for person in plan.people(Random(seed), 40):
        assert person.gives <= {purpose.value for purpose in Purpose}
        assert not person.gives or person.recognised


def test_some_of_forty_refuse_and_some_change_their_mind() -> None:
    people = plan.people(Random(1), 40)
    assert sum(not person.recognised for person in people) == 4
    assert sum(person.changes_mind for person in people) >= 2


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000), days=st.integers(1, 60))
def test_the_past_is_past_and_one_visit_a_day(seed: int, days: int) -> None:
    people = plan.people(Random(seed), 20)
    past = list(plan.past_visits(Random(seed), people, EDGES, TODAY, days=days))
    assert all(visit.end < TODAY for visit in past)
    assert all(visit.start >= TODAY - timedelta(days=days) for visit in past)
    assert all(
        timedelta(minutes=3) <= visit.end - visit.start <= timedelta(minutes=22) for visit in past
    )
    assert all(visit.start.weekday() != 6 for visit in past)
    known = {person.who for person in people if person.recognised}
    assert {visit.who for visit in past} <= known
    assert len({(visit.who, visit.start.date()) for visit in past}) == len(past)
    assert all(visit.edge == "till" for visit in past if visit.evidence == "pass")


@given(seed=st.integers())
def test_errands_stay_in_the_shop(seed: int) -> None:
    errand = plan.errand(Random(seed), DEMO_FLOOR)
    assert all(DEMO_FLOOR.zone_at(look.at) == "floor" for look in errand.looks)
    assert DEMO_FLOOR.is_outside(errand.comes_from)
    assert DEMO_FLOOR.is_outside(errand.goes_to)
    assert errand.looks


@given(seed=st.integers(), present=st.integers(0, 40))
def test_somebody_always_comes_again(seed: int, present: int) -> None:
    assert plan.arrival_gap_s(Random(seed), present) >= 0
