from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from shopbell_server.core.dating import AHEAD_MS
from shopbell_server.core.ids import EdgeId, Millis, PersonId, StoreId
from shopbell_server.core.observations import (
    KEPT_MS,
    SHELF_MS,
    Observation,
    shelf_of,
    shelf_to_keep,
    shelves_ahead,
    shelves_of,
    strongest,
    taken_from_ms,
)

NOW = Millis(1_795_262_837_000)


def heard(at_ms: int = NOW, loss_db: float = 20.0, n: int = 3) -> Observation:
    return Observation(
        PersonId("ada"),
        StoreId("ams"),
        EdgeId("door"),
        "hci0",
        "service-uuid",
        Millis(at_ms),
        loss_db,
        n,
    )


some = st.lists(
    st.builds(heard, st.integers(1, 3), st.sampled_from([10.0, 20.0]), st.integers(1, 3)),
    max_size=8,
)


@given(some, st.randoms())
def test_order_and_repetition_change_nothing(reports: list[Observation], dice: object) -> None:
    shuffled = [*reports, *reports]
    dice.shuffle(shuffled)  # type: ignore[attr-defined]
    assert set(strongest(shuffled)) == set(strongest(reports))
    assert strongest(strongest(reports)) == strongest(reports)


def test_of_one_moment_the_greater_number_counts_and_then_the_smaller_loss() -> None:
    reports = [heard(n=2, loss_db=5.0), heard(loss_db=20.0), heard(loss_db=10.0), heard(at_ms=1)]
    assert strongest(reports) == [heard(loss_db=10.0), heard(at_ms=1)]


@given(st.integers(0, 10**13))
def test_what_is_put_on_a_shelf_is_put_there_an_hour_before_it_goes(at_ms: int) -> None:
    latest_ms = Millis(at_ms + KEPT_MS - 2 * SHELF_MS)
    assert taken_from_ms(latest_ms) == at_ms
    an_hour_later = Millis(latest_ms + SHELF_MS)
    assert shelf_of(at_ms) >= shelf_to_keep(Millis(an_hour_later - KEPT_MS))


@given(st.integers(0, 10**13))
def test_nothing_lies_for_longer_than_a_day(now_ms: int) -> None:
    kept = shelf_to_keep(Millis(now_ms - KEPT_MS)) * SHELF_MS
    assert now_ms - KEPT_MS <= kept < now_ms - KEPT_MS + SHELF_MS


def test_shelves_are_made_for_this_hour_and_the_next_two() -> None:
    night = Millis(int(datetime(2026, 11, 22, 23, 59, tzinfo=UTC).timestamp() * 1000))
    ahead = shelves_ahead(night)
    assert ahead[0] == shelf_of(night)
    assert ahead[-1] == shelf_of(night + 2 * SHELF_MS + AHEAD_MS)
    assert len(ahead) == 4


def test_observations_say_on_which_shelves_they_belong() -> None:
    assert shelves_of([heard(0), heard(SHELF_MS - 1), heard(SHELF_MS)]) == {0, 1}
