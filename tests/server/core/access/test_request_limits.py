from __future__ import annotations

from dataclasses import replace

import pytest

from shopbell_server.core.access.allowance import Allowance
from shopbell_server.core.access.request_limits import (
    AT_LEAST,
    AT_MOST,
    STANDARD,
    Limit,
    out_of_bounds,
)


@pytest.mark.parametrize("limit", Limit)
def test_every_kind_is_granted_something_and_that_may_be_set(limit: Limit) -> None:
    assert out_of_bounds(limit, STANDARD[limit]) is None


@pytest.mark.parametrize("limit", Limit)
def test_what_is_no_limit_is_refused(limit: Limit) -> None:
    for endless in ({"burst": 10_001}, {"per_minute": 60_001}):
        assert out_of_bounds(limit, replace(STANDARD[limit], **endless)) is not None


@pytest.mark.parametrize("limit", AT_LEAST)
def test_what_would_refuse_honest_people_is_refused(limit: Limit) -> None:
    least = AT_LEAST[limit]
    assert out_of_bounds(limit, least) is None
    assert out_of_bounds(limit, replace(least, burst=least.burst - 1)) is not None
    assert out_of_bounds(limit, replace(least, per_minute=least.per_minute - 1)) is not None


@pytest.mark.parametrize("limit", AT_MOST)
def test_what_protects_a_secret_or_months_of_rows_has_a_lower_ceiling(limit: Limit) -> None:
    most = AT_MOST[limit]
    assert out_of_bounds(limit, most) is None
    assert out_of_bounds(limit, replace(most, burst=most.burst + 1)) is not None


def test_the_answer_says_what_may_be() -> None:
    said = out_of_bounds(Limit.PASSWORD, Allowance(burst=1000, per_minute=5))
    assert said == "at_once must be 3 to 20, per_minute 1 to 20"
