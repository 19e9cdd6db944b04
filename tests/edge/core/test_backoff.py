from __future__ import annotations

from itertools import islice

from shopbell_edge.core.backoff import Backoff


def test_the_ceiling_doubles_until_it_stays() -> None:
    worst = Backoff(first_s=1, most_s=5).delays(lambda _low, high: high)
    assert list(islice(worst, 5)) == [1, 2, 4, 5, 5]


def test_a_wait_may_be_as_short_as_the_dice_say() -> None:
    lucky = Backoff(first_s=1, most_s=5).delays(lambda low, _high: low)
    assert list(islice(lucky, 3)) == [0, 0, 0]


def test_even_the_first_ceiling_is_at_most_the_highest() -> None:
    worst = Backoff(first_s=9, most_s=5).delays(lambda _low, high: high)
    assert next(worst) == 5
