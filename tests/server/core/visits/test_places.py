"""Zones of a stay where a floor plan says where she was."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from shopbell_server.core.consent.ledger import Span
from shopbell_server.core.ids import ZoneId
from shopbell_server.core.visits.places import counted, sessions_at
from shopbell_server.core.visits.sessions import sessions
from shopbell_server.core.zones.found import Place
from tests.server.core.stays import ADA, MINUTE, RULES, SECOND, STORE, acted, at, heard

if TYPE_CHECKING:
    from shopbell_server.core.evidence import Interval
    from shopbell_server.core.visits.sessions import Session

HOUR = 60 * MINUTE
STAY = heard(0, 20 * MINUTE)


def place(from_ms: int, to_ms: int, zone: str | None) -> Place:
    where = None if zone is None else ZoneId(zone)
    return Place(ADA, STORE, at(from_ms), at(to_ms), where)


def zones(evidence: list[Interval], *places: Place) -> list[tuple[str, int, int, int]]:
    """Return of the one session each zone, from when to when, and how long in all, in seconds from noon."""
    (session,) = sessions_at(evidence, places, RULES, {})
    return [
        (
            each.zone,
            (each.first_ms - at(0)) // SECOND,
            (each.last_ms - at(0)) // SECOND,
            each.dwell_ms // SECOND,
        )
        for each in session.zones
    ]


def test_without_places_all_is_as_it_was() -> None:
    assert sessions_at([STAY], (), RULES, {}) == sessions([STAY], RULES)
    elsewhere = place(-HOUR, -MINUTE, "till")
    assert sessions_at([STAY], [elsewhere], RULES, {}) == sessions([STAY], RULES)


def test_where_she_was_counts_instead_of_the_scanner() -> None:
    found = place(10 * SECOND, 5 * MINUTE, "till"), place(5 * MINUTE + 1, 20 * MINUTE, "shoes")
    assert zones([STAY], *found) == [("till", 0, 300, 300), ("shoes", 300, 1200, 899)]


def test_nothing_else_of_a_session_changes() -> None:
    (with_places,) = sessions_at([STAY], [place(0, MINUTE, "till")], RULES, {})
    (without,) = sessions([STAY], RULES)
    assert replace(with_places, zones=without.zones) == without


def test_a_short_absence_from_a_zone_is_no_time_in_it() -> None:
    found = (
        place(0, 2 * MINUTE, "till"),
        place(2 * MINUTE + 1, 4 * MINUTE, "shoes"),
        place(4 * MINUTE + 1, 20 * MINUTE, "till"),
    )
    dwelt = {zone: dwell_s for zone, _, _, dwell_s in zones([STAY], *found)}
    assert dwelt == {"till": 18 * 60 - 1, "shoes": 119}


def test_where_nobody_can_say_there_is_no_zone() -> None:
    assert zones([STAY], place(0, 20 * MINUTE, None)) == []


def test_scanners_that_are_not_on_the_plan_still_count_where_nothing_was_found() -> None:
    later = heard(25 * MINUTE, 30 * MINUTE, scanner="cellar", zone="cellar")
    inside = heard(2 * MINUTE, 3 * MINUTE, scanner="cellar", zone="cellar")
    nowhere = heard(26 * MINUTE, 27 * MINUTE, scanner="roof", zone=None)
    found = place(0, 20 * MINUTE, "till")
    assert zones([STAY, inside, later, nowhere], found) == [
        ("till", 0, 1200, 1200),
        ("cellar", 1500, 1800, 300),
    ]


def test_a_code_says_where_she_stood() -> None:
    code = acted(10 * MINUTE, zone="counter")
    assert ("counter", 600, 600, 0) in zones([STAY, code], place(0, 20 * MINUTE, "till"))


def test_each_visit_has_its_part() -> None:
    evidence = [STAY, heard(2 * HOUR, 2 * HOUR + 20 * MINUTE)]
    found: tuple[Session, ...] = sessions_at(evidence, [place(0, 3 * HOUR, "till")], RULES, {})
    assert [[time.dwell_ms for time in each.zones] for each in found] == [[20 * MINUTE]] * 2


PLACES = st.lists(
    st.builds(
        lambda start, length, zone: place(start * MINUTE, (start + length) * MINUTE, zone),
        st.integers(0, 19),
        st.integers(1, 9),
        st.sampled_from(["till", "shoes", None]),
    )
)


@given(PLACES, st.randoms(use_true_random=False))
def test_the_order_of_places_does_not_matter(places: list[Place], dice: object) -> None:
    shuffled = sorted(places, key=lambda _: dice.random())  # type: ignore[attr-defined]
    assert sessions_at([STAY], shuffled, RULES, {}) == sessions_at([STAY], places, RULES, {})


def test_of_people_who_are_joined_counts_when_all_allow_it() -> None:
    spans = Span(from_ms=at(0), to_ms=at(100)), Span(from_ms=at(200), to_ms=at(300))
    assert counted([place(50, 250, "till"), place(110, 190, "shoes")], spans) == [
        place(50, 99, "till"),
        place(200, 250, "till"),
    ]
