from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbell_server.core.audit.unusual import (
    CUSTOMERS,
    DAYS,
    LONG_MS,
    LOOKERS,
    MOST_NUMBERS,
    Finding,
    Kind,
    Look,
    in_hours,
    since_visit,
    unusual,
)
from shopbell_server.core.ids import Millis, PersonId, StaffId, StoreId
from shopbell_server.core.units import DAY_MS

MONDAY = 1_795_392_000_000
"""Monday 23 November 2026, 00:00 UTC."""

USUAL = Look(
    number=1,
    at_ms=Millis(MONDAY),
    staff=StaffId("sam"),
    session="s1",
    role="advisor",
    person=PersonId("anna"),
    store=StoreId("ams"),
    back=False,
    since_visit_ms=0,
    colleague=False,
    own_store=True,
    in_hours=True,
)
BACK = replace(USUAL, back=True)


def kinds(*looks: Look) -> list[str]:
    return [each.kind.value for each in unusual(looks)]


def test_who_serves_who_is_there_is_in_no_report() -> None:
    assert unusual([replace(USUAL, number=number) for number in range(100)]) == ()
    assert unusual([replace(BACK, number=number) for number in range(100)]) == ()
    assert unusual([]) == ()


@pytest.mark.parametrize(
    ("look", "kind"),
    [
        (replace(USUAL, colleague=True), "colleague"),
        (replace(USUAL, own_store=False), "other_store"),
        (replace(USUAL, in_hours=False), "out_of_hours"),
        (replace(BACK, since_visit_ms=LONG_MS + 1), "long_after"),
        (replace(BACK, since_visit_ms=None), "long_after"),
    ],
)
def test_what_is_unusual_by_itself(look: Look, kind: str) -> None:
    assert kinds(look) == [kind]


def test_a_look_back_within_a_week_and_one_at_the_board_are_usual() -> None:
    assert kinds(replace(BACK, since_visit_ms=LONG_MS)) == []
    assert kinds(replace(USUAL, since_visit_ms=None)) == []


def test_one_session_is_one_finding_with_its_first_records() -> None:
    looks = [
        replace(USUAL, number=10 + number, at_ms=Millis(MONDAY + number), in_hours=False)
        for number in range(MOST_NUMBERS + 3)
    ]
    other = replace(USUAL, number=99, session="s2", role="manager", store=None, in_hours=False)
    assert unusual([*looks, other]) == (
        Finding(
            kind=Kind.OUT_OF_HOURS,
            count=MOST_NUMBERS + 3,
            records=tuple(range(10, 10 + MOST_NUMBERS)),
            first_ms=Millis(MONDAY),
            last_ms=Millis(MONDAY + MOST_NUMBERS + 2),
            roles=("advisor",),
            stores=(StoreId("ams"),),
        ),
        Finding(
            kind=Kind.OUT_OF_HOURS,
            count=1,
            records=(99,),
            first_ms=Millis(MONDAY),
            last_ms=Millis(MONDAY),
            roles=("manager",),
            stores=(),
        ),
    )


def test_who_looks_back_at_one_customer_day_after_day_is_found() -> None:
    days = [
        replace(BACK, number=day, at_ms=Millis(MONDAY + day * DAY_MS), session=f"s{day}")
        for day in range(DAYS)
    ]
    assert kinds(*days) == ["returned"]
    assert kinds(*days[1:]) == []
    # The board of three days, looks of three people, and of three customers: all usual.
    assert kinds(*(replace(each, back=False) for each in days)) == []
    assert kinds(*(replace(each, staff=StaffId(each.session)) for each in days)) == []
    assert kinds(*(replace(each, person=PersonId(each.session)) for each in days)) == []


def test_a_customer_at_whom_many_look_back_is_found() -> None:
    looks = [
        replace(BACK, number=number, staff=StaffId(f"staff-{number}"), session=f"s{number}")
        for number in range(LOOKERS)
    ]
    assert kinds(*looks) == ["many_lookers"]
    assert kinds(*looks[1:]) == []


def test_who_looks_back_at_very_many_is_found() -> None:
    looks = [
        replace(BACK, number=number, person=PersonId(f"p{number}"))
        for number in range(CUSTOMERS + 1)
    ]
    assert kinds(*looks) == ["many_customers"]
    assert kinds(*looks[1:]) == []


@pytest.mark.parametrize(
    ("minute", "opens", "closes", "inside"),
    [
        (359, 360, 1380, False),
        (360, 360, 1380, True),
        (1379, 360, 1380, True),
        (1380, 360, 1380, False),
        (1380, 1200, 120, True),
        (119, 1200, 120, True),
        (120, 1200, 120, False),
    ],
)
def test_hours_begin_and_end(minute: int, opens: int, closes: int, *, inside: bool) -> None:
    assert in_hours(minute, opens, closes) is inside


def test_the_last_visit_that_had_begun_counts() -> None:
    def ago(*visits: tuple[int, int]) -> int | None:
        return since_visit(Millis(100), [(Millis(a), Millis(b)) for a, b in visits])

    assert ago() is None
    assert ago((101, 120)) is None
    assert ago((10, 20), (30, 60), (101, 120)) == 40
    assert ago((10, 20), (90, 120)) == 0


@given(
    st.lists(
        st.builds(
            replace,
            st.just(USUAL),
            number=st.integers(1, 50),
            staff=st.sampled_from([StaffId("sam"), StaffId("joe")]),
            session=st.sampled_from(["1f", "2e"]),
            person=st.sampled_from([PersonId("anna"), PersonId("ben")]),
            back=st.booleans(),
            colleague=st.booleans(),
            in_hours=st.booleans(),
            own_store=st.booleans(),
            since_visit_ms=st.none() | st.integers(0, 2 * LONG_MS),
        ),
        max_size=30,
    )
)
def test_no_finding_names_anybody(looks: list[Look]) -> None:
    said = repr(unusual(looks))
    assert not any(name in said for name in ("sam", "joe", "anna", "ben", "1f", "2e"))
