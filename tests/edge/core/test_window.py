from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shopbell_edge.core.frames import HEARABLE_DBM
from shopbell_edge.core.rules import POWERS_DBM
from shopbell_edge.core.units import Boottime
from shopbell_edge.core.window import LOSSES_DB, MOST_SIGHTINGS, Window


def test_what_is_older_is_not_asked_for() -> None:
    window = Window()
    for at, bare_db in ((100, 1), (200, 2), (300, 3)):
        window.add(Boottime(at), bare_db)
    assert window.losses(200) == [2.0, 3.0]
    assert window.losses(200, 0.5) == [2.5, 3.5]
    assert list(window.sightings(201)) == [(300, 3)]
    assert (window.last, window.n) == (300, 3)


def test_every_loss_that_can_be_heard_has_room() -> None:
    assert POWERS_DBM[0] - HEARABLE_DBM[-1] in LOSSES_DB
    assert POWERS_DBM[-1] - HEARABLE_DBM[0] in LOSSES_DB


@given(
    st.lists(
        st.tuples(st.integers(0, 1000), st.sampled_from(LOSSES_DB)),
        min_size=MOST_SIGHTINGS - 2,
        max_size=200,
    ),
    st.integers(0, 10**12),
)
def test_it_keeps_the_latest_and_counts_all(steps: list[tuple[int, int]], start_ms: int) -> None:
    window, at, all_heard = Window(), start_ms, []
    for gap_ms, bare_db in steps:
        at += gap_ms
        window.add(Boottime(at), bare_db)
        all_heard.append((at, bare_db))
    assert list(window.sightings(0)) == all_heard[-MOST_SIGHTINGS:]
    assert (window.n, window.last) == (len(all_heard), at)
