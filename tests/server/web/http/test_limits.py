from __future__ import annotations

from types import MappingProxyType

import pytest

from shopbell_server.core.access.allowance import Allowance
from shopbell_server.core.access.request_limits import Allowances, Limit
from shopbell_server.web.http.limits import Limits
from shopbell_server.web.http.problems import ProblemError
from tests.server.web.shop import SetClock

ONE: Allowances = MappingProxyType(dict.fromkeys(Limit, Allowance(burst=1, per_minute=1)))


def test_each_credential_has_its_own_allowance() -> None:
    limits = Limits(SetClock(), b"key", ONE)
    limits.draw(Limit.DEVICE, b"noor")
    limits.draw(Limit.DEVICE, b"ravi")
    with pytest.raises(ProblemError) as refused:
        limits.draw(Limit.DEVICE, b"noor")
    assert (refused.value.status, refused.value.headers) == (429, {"Retry-After": "60"})


def test_one_credential_has_another_allowance_for_what_is_counted_apart() -> None:
    limits = Limits(SetClock(), b"key", ONE)
    limits.draw(Limit.DEVICE, b"noor")
    limits.draw(Limit.PRESENCE, b"noor")


def test_memory_is_bounded_and_the_oldest_goes_first() -> None:
    limits = Limits(SetClock(), b"key", ONE, most=2)
    for whose in (b"a", b"b", b"c"):
        limits.draw(Limit.DEVICE, whose)
    limits.draw(Limit.DEVICE, b"a")
    with pytest.raises(ProblemError):
        limits.draw(Limit.DEVICE, b"c")


def test_a_peer_is_known_by_nothing_that_says_its_address() -> None:
    one, other = Limits(SetClock(), b"key"), Limits(SetClock(), b"another")
    assert one.peer("192.0.2.7") == one.peer("::ffff:192.0.2.7")
    assert one.peer("192.0.2.7") != one.peer("192.0.2.8")
    assert one.peer("192.0.2.7") != other.peer("192.0.2.7")
