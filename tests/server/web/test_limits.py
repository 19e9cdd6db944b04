from __future__ import annotations

import pytest

from shopbell_server.core.allowance import Allowance
from shopbell_server.web.limits import Limits
from shopbell_server.web.problems import ProblemError
from tests.server.web.shop import SetClock

ONE = Allowance(burst=1, per_minute=1)


def test_each_credential_has_its_own_allowance() -> None:
    limits = Limits(SetClock(), b"key")
    limits.draw(ONE, b"noor")
    limits.draw(ONE, b"ravi")
    with pytest.raises(ProblemError) as refused:
        limits.draw(ONE, b"noor")
    assert (refused.value.status, refused.value.headers) == (429, {"Retry-After": "60"})


def test_memory_is_bounded_and_the_oldest_goes_first() -> None:
    limits = Limits(SetClock(), b"key", most=2)
    for whose in (b"a", b"b", b"c"):
        limits.draw(ONE, whose)
    limits.draw(ONE, b"a")
    with pytest.raises(ProblemError):
        limits.draw(ONE, b"c")


def test_a_peer_is_known_by_nothing_that_says_its_address() -> None:
    one, other = Limits(SetClock(), b"key"), Limits(SetClock(), b"another")
    assert one.peer("192.0.2.7") == one.peer("::ffff:192.0.2.7")
    assert one.peer("192.0.2.7") != one.peer("192.0.2.8")
    assert one.peer("192.0.2.7") != other.peer("192.0.2.7")
