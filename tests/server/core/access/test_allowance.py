from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shopbell_server.core.access.allowance import Allowance, Bucket, Granted, Wait, draw, draw_until
from shopbell_server.core.ids import Millis

RULE = Allowance(burst=3, per_minute=60)


def at(ms: int) -> Millis:
    return Millis(ms)


def test_a_burst_and_then_one_a_second() -> None:
    bucket: Bucket | None = None
    for _ in range(3):
        drawn = draw(bucket, RULE, at(0))
        assert isinstance(drawn, Granted)
        bucket = drawn.bucket
    assert draw(bucket, RULE, at(0)) == Wait(retry_after_s=1)
    assert draw(bucket, RULE, at(999)) == Wait(retry_after_s=1)
    assert isinstance(draw(bucket, RULE, at(1000)), Granted)


def test_waiting_as_long_as_told_is_enough() -> None:
    slow = Allowance(burst=1, per_minute=5)
    drawn = draw(None, slow, at(0))
    assert isinstance(drawn, Granted)
    wait = draw(drawn.bucket, slow, at(0))
    assert wait == Wait(retry_after_s=12)
    assert isinstance(draw(drawn.bucket, slow, at(12_000)), Granted)


def test_a_clock_that_goes_back_gives_nothing_and_takes_nothing() -> None:
    bucket = Bucket(left=1.0, at_ms=at(5000))
    drawn = draw(bucket, RULE, at(0))
    assert isinstance(drawn, Granted)
    assert drawn.bucket.left == 0.0


@given(st.lists(st.integers(0, 5_000), min_size=1, max_size=200))
def test_never_more_than_the_burst_and_the_rate(gaps_ms: list[int]) -> None:
    bucket: Bucket | None = None
    now_ms = granted = 0
    for gap_ms in gaps_ms:
        now_ms += gap_ms
        drawn = draw(bucket, RULE, at(now_ms))
        if isinstance(drawn, Granted):
            bucket = drawn.bucket
            granted += 1
    assert granted <= RULE.burst + (now_ms - gaps_ms[0]) * RULE.per_minute / 60_000 + 1e-6


def test_a_kept_bucket_gives_a_burst_and_then_its_rate() -> None:
    full = at(0)
    for _ in range(3):
        drawn = draw_until(full, RULE, at(5_000))
        assert not isinstance(drawn, Wait)
        full = drawn
    assert full == 8_000
    assert draw_until(full, RULE, at(5_000)) == Wait(retry_after_s=1)
    assert draw_until(full, RULE, at(6_000)) == 9_000


def test_a_kept_bucket_is_never_emptier_than_empty() -> None:
    wait = draw_until(at(10**12), RULE, at(0))
    assert wait == Wait(retry_after_s=1)


@given(
    st.lists(st.integers(0, 40_000), min_size=1, max_size=100),
    st.integers(1, 10),
    st.integers(1, 1000),
)
def test_a_kept_bucket_never_gives_more_than_the_burst_and_the_rate_over_any_time(
    gaps_ms: list[int], burst: int, per_minute: int
) -> None:
    allowance = Allowance(burst=burst, per_minute=per_minute)
    full, now_ms = at(0), 10**9
    granted: list[int] = []
    for gap_ms in gaps_ms:
        now_ms += gap_ms
        drawn = draw_until(full, allowance, at(now_ms))
        if isinstance(drawn, Wait):
            assert not isinstance(
                draw_until(full, allowance, at(now_ms + drawn.retry_after_s * 1000)), Wait
            )
        else:
            full = drawn
            granted.append(now_ms)
    for first, began_ms in enumerate(granted):
        for count, ended_ms in enumerate(granted[first:], 1):
            assert count <= burst + (ended_ms - began_ms) * per_minute / 60_000 + 1e-6
