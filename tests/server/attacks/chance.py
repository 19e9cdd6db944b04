"""How often something that happens by chance may happen in a test before it is no chance any more."""

from __future__ import annotations

from math import exp
from typing import Final

ERROR: Final = 1e-9
"""The probability with which chance breaks a bound: of having chosen a bad seed, for seeds are fixed."""


def at_most(expected: float) -> int:
    """Return the least count that a Poisson variable of that mean exceeds with a probability of ERROR.

    Rare events in many tries are a binomial variable, of which this is the limit.
    """
    count, term, left = 0, exp(-expected), exp(-expected)
    while 1.0 - left > ERROR:
        count += 1
        term *= expected / count
        left += term
    return count


def at_least(expected: float) -> int:
    """Return the greatest count below which such a variable stays with a probability below ERROR."""
    count, term, left = 0, exp(-expected), exp(-expected)
    while left < ERROR:
        count += 1
        term *= expected / count
        left += term
    return count
