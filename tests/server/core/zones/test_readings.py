from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopbell_server.core.zones.readings import (
    FRESH,
    HELD,
    HELD_TICKS,
    LISTENS_TICKS,
    QUIET,
    TICK_MS,
    ZERO_LOSS_DBM,
    heard_in,
    held,
    listening,
    listening_around,
    tick_of,
    worth,
)
from tests.server.core.zones.shop_plan import EDGE, NOON, loss_db, reports

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from shopbell_server.core.observations import Observation

FIRST = tick_of(NOON)
COLUMNS = {(EDGE, f"g{index}"): index for index in range(4)}


def test_a_moment_lies_in_the_tick_that_ends_after_it() -> None:
    assert FIRST * TICK_MS == NOON
    assert tick_of(NOON - 1) == tick_of(NOON - TICK_MS + 1) == FIRST
    assert tick_of(NOON + 1) == FIRST + 1


@settings(max_examples=30)
@given(st.permutations(reports(1, 1, [0, 0, 2, 9])))
def test_the_order_of_reports_does_not_matter(some: list[Observation]) -> None:
    heard = heard_in([some, []], COLUMNS, FIRST, FIRST + 3)
    assert heard.shape == (4, 2, 4)
    assert np.isnan(heard[:, 1]).all()
    assert np.isnan(heard[[1, 3], 0]).all()
    assert np.allclose(heard[[0, 2], 0, 1], ZERO_LOSS_DBM - loss_db(1, 1, 1))


def test_nothing_heard_is_nothing() -> None:
    assert np.isnan(heard_in([[]], COLUMNS, FIRST, FIRST)).all()


def test_reports_of_one_tick_count_together() -> None:
    near, far = reports(1, 1, [0], corners=[0])[0], reports(5, 3, [0], corners=[0])[0]
    heard = heard_in([[near, far]], COLUMNS, FIRST, FIRST)[0, 0, 0]
    assert heard == pytest.approx(ZERO_LOSS_DBM - (near.loss_db + far.loss_db) / 2)


def test_a_report_holds_until_the_next_one_for_a_while() -> None:
    heard = np.full((HELD_TICKS + 4, 1), np.nan)
    heard[1], heard[3] = -60, -70
    now = held(heard)[:, 0]
    assert np.isnan(now[0])
    assert now[1] == now[2] == -60
    assert (now[3 : 3 + HELD_TICKS] == -70).all()
    assert np.isnan(now[3 + HELD_TICKS :]).all()


def test_a_scanner_listens_while_it_hears_anybody() -> None:
    heard: NDArray[np.bool_] = np.zeros((2 * LISTENS_TICKS + 4, 1), dtype=np.bool_)
    heard[LISTENS_TICKS + 2] = True
    after = listening(heard)[:, 0]
    assert np.flatnonzero(after).tolist() == list(range(LISTENS_TICKS + 2, 2 * LISTENS_TICKS + 2))
    around = listening_around(heard)[:, 0]
    assert np.flatnonzero(around).tolist() == list(range(3, 2 * LISTENS_TICKS + 2))


def test_a_report_counts_most_when_it_comes_and_little_while_it_holds() -> None:
    heard = np.full((HELD_TICKS + 2, 1, 1), np.nan)
    heard[1] = -70.0
    counts = worth(heard, held(heard))[:, 0, 0].tolist()
    assert counts == [QUIET, FRESH, *[HELD] * (HELD_TICKS - 1), QUIET]
