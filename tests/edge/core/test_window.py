from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shopbell_edge.core.units import Boottime
from shopbell_edge.core.window import MOST_SIGHTINGS, Window


def test_what_is_older_is_not_asked_for() -> None:
    window = Window()
    for at, loss_db in ((100, 1.0), (200, 2.0), (300, 3.0)):
        window.add(Boottime(at), loss_db)
    assert window.losses(200) == [2.0, 3.0]
    assert window.sightings(201) == [(300, 3.0)]
    assert window.last_ms == 300


@given(st.lists(st.integers(0, 1000), min_size=MOST_SIGHTINGS - 2, max_size=200))
def test_it_keeps_the_latest_and_never_more_than_its_bound(gaps: list[int]) -> None:
    window, at, all_heard = Window(), 0, []
    for n, gap in enumerate(gaps):
        at += gap
        window.add(Boottime(at), float(n))
        all_heard.append((at, float(n)))
    assert window.sightings(0) == all_heard[-MOST_SIGHTINGS:]
    assert len(window) <= MOST_SIGHTINGS
