from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shopbell_sim.core.ether.fading import fading_db, lost_in_runs, scattered


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_what_is_scattered_has_mean_power_one() -> None:
    field = scattered(rng(), np.full(4000, 1.0), 3)

    assert np.mean(np.abs(field) ** 2) == pytest.approx(1, rel=0.05)


@pytest.mark.parametrize(("age", "kept"), [(0.0, 1.0), (0.5, 0.607), (2.0, 0.135)])
def test_fading_is_forgotten_with_age(age: float, kept: float) -> None:
    field = scattered(rng(), np.full(20_000, age), 4)

    alike = np.mean(field[1:] * np.conj(field[:-1])) / np.mean(np.abs(field) ** 2)
    assert alike.real == pytest.approx(kept, abs=0.03)


@pytest.mark.parametrize(("rician_db", "sd_db"), [(-40.0, 5.57), (2.0, 4.2), (8.0, 2.5)])
def test_a_steady_ray_makes_fading_less(rician_db: float, sd_db: float) -> None:
    field = scattered(rng(), np.full(20_000, 50.0), 1)

    fading = fading_db(field, np.full(field.shape, rician_db))

    assert np.mean(10 ** (fading / 10)) == pytest.approx(1, rel=0.05)
    assert np.std(fading) == pytest.approx(sd_db, abs=0.5)


@given(st.integers(0, 10_000), st.floats(0.05, 0.9), st.floats(1, 4), st.integers(0, 400))
def test_as_many_packets_are_judged_as_there_are(
    seed: int, share: float, run: float, count: int
) -> None:
    assert lost_in_runs(rng(seed), count, share, run).shape == (count,)


@pytest.mark.parametrize(("share", "run"), [(0.12, 1.5), (0.3, 3.0)])
def test_packets_are_lost_as_often_and_in_such_runs_as_asked(share: float, run: float) -> None:
    lost = lost_in_runs(rng(), 200_000, share, run)

    lengths = [len(list(each)) for is_lost, each in itertools.groupby(lost) if is_lost]
    assert lost.mean() == pytest.approx(share, rel=0.05)
    assert np.mean(lengths) == pytest.approx(run, rel=0.05)


def test_nothing_need_be_lost() -> None:
    assert not lost_in_runs(rng(), 100, 0.0, 1.5).any()
