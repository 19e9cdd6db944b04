from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from shopbell_server.core.zones.hysteresis import LEAD, NOWHERE, chosen

shares = st.lists(st.floats(0.01, 1), min_size=3, max_size=3).map(
    lambda drawn: np.array([drawn]) / sum(drawn)
)


@given(probabilities=shares)
def test_the_first_zone_is_the_most_probable(probabilities: np.ndarray) -> None:
    assert chosen(np.array([NOWHERE]), probabilities)[0] == probabilities[0].argmax()


@given(probabilities=shares, shown=st.integers(0, 2))
def test_a_zone_stays_until_another_leads(probabilities: np.ndarray, shown: int) -> None:
    now = chosen(np.array([shown]), probabilities)[0]
    lead = probabilities[0].max() - probabilities[0, shown]
    assert now == (probabilities[0].argmax() if lead > LEAD else shown)
    assert chosen(np.array([now]), probabilities)[0] == now


def test_each_device_has_its_own() -> None:
    probabilities = np.array([[0.5, 0.5], [0.1, 0.9], [0.9, 0.1]])
    assert chosen(np.array([1, 0, NOWHERE]), probabilities).tolist() == [1, 1, 0]
