from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from shopbell_server.core.zones.side_json import as_json
from shopbell_server.core.zones.side_training import learned_sides
from tests.server.core.zones.doorways import INSIDE, recording

RUN = recording(1)


def test_the_same_runs_teach_the_same() -> None:
    assert as_json(learned_sides([RUN], INSIDE)) == as_json(learned_sides([RUN], INSIDE))


def test_every_carrier_is_learned_apart() -> None:
    model = learned_sides([RUN, replace(RUN, carrier="person"), RUN], INSIDE)
    assert [one.carrier for one in model.carriers] == ["person", "trolley"]


def test_moments_whose_truth_is_not_known_teach_nothing() -> None:
    lying = replace(
        RUN,
        rssi_dbm=np.vstack([RUN.rssi_dbm, np.full((50, len(INSIDE)), -30.0)]),
        at_s=np.concatenate([RUN.at_s, RUN.at_s[-1] + 0.1 * np.arange(1, 51)]),
        inside=np.concatenate([RUN.inside, np.full(50, -1)]),
    )
    assert as_json(learned_sides([lying], INSIDE)) == as_json(learned_sides([RUN], INSIDE))


@pytest.mark.parametrize("side", [0, 1, -1])
def test_a_carrier_must_have_been_on_both_sides(side: int) -> None:
    one_sided = replace(RUN, inside=np.full(len(RUN.inside), side))
    with pytest.raises(ValueError, match="'trolley' was not surveyed on both sides"):
        learned_sides([one_sided], INSIDE)


def test_nothing_can_be_learned_from_no_run() -> None:
    with pytest.raises(ValueError, match="no run"):
        learned_sides([], INSIDE)


def test_a_run_at_one_advert_a_second_teaches_too() -> None:
    model = learned_sides([recording(1, tick_s=1.0, seconds=120.0)], INSIDE)
    assert np.isfinite(model.carriers[0].weight).all()
