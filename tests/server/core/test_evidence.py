from __future__ import annotations

from functools import reduce
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from shopbell_server.core.evidence import Evidence, EvidenceName, Interval, Report, joined, told
from shopbell_server.core.ids import Millis, ZoneId
from tests.server.core.stays import heard

STAY = heard(0, 1_000)
REPORTS = st.builds(
    lambda last, n, evidence, zone, loss: STAY._replace(
        last_ms=Millis(STAY.key.first_ms + last),
        n=n,
        evidence=evidence,
        zone=None if zone is None else ZoneId(zone),
        loss_db=loss,
    ),
    last=st.integers(0, 5),
    n=st.integers(1, 9),
    evidence=st.sampled_from(Evidence),
    zone=st.sampled_from([None, "a", "b"]),
    loss=st.none() | st.sampled_from([10.0, 20.0, 30.0]),
)


@given(REPORTS, REPORTS, REPORTS)
def test_reports_of_a_stay_are_a_lattice(one: Interval, two: Interval, three: Interval) -> None:
    assert joined(one, one) == one
    assert joined(one, two) == joined(two, one)
    assert joined(joined(one, two), three) == joined(one, joined(two, three))


@given(st.lists(REPORTS, min_size=1, max_size=6), st.sampled_from([None, ZoneId("a")]))
def test_reports_taken_together_say_what_they_say_one_by_one(
    stays: list[Interval], zone: ZoneId | None
) -> None:
    reports = [
        Report(last_ms=each.last_ms, n=each.n, evidence=each.evidence, loss_db=each.loss_db)
        for each in stays
    ]
    assert told(STAY.key, zone, reports) == reduce(
        joined, [each._replace(zone=zone) for each in stays]
    )


def test_how_near_she_is_is_what_the_later_report_says() -> None:
    near = STAY._replace(loss_db=5.0)
    far = STAY._replace(last_ms=Millis(STAY.last_ms + 1), loss_db=40.0)
    assert joined(near, far).loss_db == 40.0


def test_at_one_moment_the_nearer_counts() -> None:
    assert joined(STAY._replace(loss_db=40.0), STAY._replace(loss_db=5.0)).loss_db == 5.0


def test_each_row_of_the_ladder_is_written_in_one_way() -> None:
    assert [each.written for each in Evidence] == list(get_args(EvidenceName))
