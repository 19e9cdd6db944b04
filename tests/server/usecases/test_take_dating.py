"""When what a batch tells is taken to have happened: clocks, anchors, and times that cannot be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from shopbell_server.core.ids import EdgeId
from shopbell_wire.messages import ClockAnchor, Refused, StreamStarted
from tests.server.usecases.floor import (
    BOOT,
    DAY,
    EDGES,
    MINUTE,
    NOW,
    SECOND,
    batch,
    synced,
    the_ack,
    unset,
)

if TYPE_CHECKING:
    from tests.server.usecases.floor import Floor

STARTED = StreamStarted(previous=None, previous_last_seq=None, software="0.1.0")


def test_how_long_a_batch_was_on_its_way_is_known_where_its_edge_knows_the_time(
    floor: Floor,
) -> None:
    late = batch(STARTED, clock=synced(NOW - 3 * SECOND))
    ahead = batch(STARTED, seq=2, clock=synced(NOW + SECOND))
    unknown = batch(STARTED, seq=3, clock=unset(DAY, 0))
    assert floor.take(late, ahead, unknown).lags_ms == [3 * SECOND, 0]
    assert floor.take(late).lags_ms == []


@pytest.mark.parametrize(
    ("first_ms", "last_ms"),
    [
        (0, NOW - SECOND),
        (NOW - SECOND, NOW + 5 * MINUTE + 1),
        (253_402_300_799_999, 253_402_300_799_999),
        (NOW - 8 * DAY - 1, NOW - 8 * DAY),
    ],
    ids=["1970", "ahead", "9999", "nine days old"],
)
def test_times_that_cannot_be_are_refused(floor: Floor, first_ms: int, last_ms: int) -> None:
    ada = floor.enrol("ada", 1)
    event = floor.presence(ada, first_ms, last_ms, token="0" * 16)
    assert the_ack(floor.take(batch(event))).refused == (
        Refused(seq=1, index=0, reason="implausible_time"),
    )


def test_a_stay_that_ends_before_it_begins_is_a_moment(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    floor.hear(floor.presence(ada, NOW - SECOND, NOW - MINUTE, phase="left"))
    (visit,) = floor.visits(ada)
    assert visit.session.start_ms == visit.session.end_ms == NOW - MINUTE
    assert visit.state == "candidate"


def test_an_anchor_dates_earlier_and_later_batches_of_its_boot(floor: Floor) -> None:
    ada, ben, eve = (floor.enrol(name, number) for number, name in enumerate("abe", 1))
    # The unset clock is a year behind; what it calls `behind` was a minute ago.
    behind = 365 * DAY
    seen = [
        floor.presence(
            each,
            NOW - 3 * MINUTE - behind,
            NOW - MINUTE - behind,
            frame="ibeacon",
            token=floor.token(each, NOW - MINUTE).id32,
        )
        for each in (ada, ben, eve)
    ]
    clock = unset(boottime_ms=9 * MINUTE, wall_ms=NOW - MINUTE - behind)
    anchor = ClockAnchor(boot=BOOT, boottime_ms=10 * MINUTE, wall_ms=NOW)
    too_early = floor.hear(seen[0])
    assert the_ack(too_early).refused
    group = floor.take(
        batch(seen[1], seq=1, clock=clock),
        batch(anchor, seq=2, clock=synced()),
    )
    assert the_ack(group).committed == ((1, 2),)
    floor.take(batch(seen[2], seq=3, clock=clock), now_ms=NOW + SECOND)
    assert not floor.visits(ada)
    for each in (ben, eve):
        (visit,) = floor.visits(each)
        assert (visit.session.start_ms, visit.session.end_ms) == (NOW - 3 * MINUTE, NOW - MINUTE)


def test_an_anchor_of_another_boot_dates_nothing(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    anchor = ClockAnchor(boot="f" * 32, boottime_ms=0, wall_ms=NOW)
    seen = floor.presence(ada, 0, MINUTE, frame="ibeacon", token=floor.token(ada).id32)
    floor.take(batch(anchor, seq=1), batch(seen, seq=2, clock=unset(MINUTE, MINUTE)))
    assert not floor.visits(ada)


def test_an_anchor_that_cannot_be_is_refused_and_dates_nothing(floor: Floor) -> None:
    wrong = ClockAnchor(boot=BOOT, boottime_ms=0, wall_ms=NOW + 9 * DAY)
    right = ClockAnchor(boot=BOOT, boottime_ms=MINUTE, wall_ms=NOW)
    ack = the_ack(floor.take(batch(wrong, seq=1), batch(right, seq=2)))
    assert ack.refused == (Refused(seq=1, index=0, reason="implausible_time"),)
    with floor.database.read() as work:
        (anchor,) = work.batches.anchors([(EdgeId(EDGES[0]), BOOT)]).values()
    assert anchor.wall_ms == NOW


def test_a_better_anchor_dates_what_comes_after_it_and_one_that_knows_nothing_only_asks(
    floor: Floor,
) -> None:
    ada, ben = floor.enrol("ada", 1), floor.enrol("ben", 2)
    clock = unset(boottime_ms=9 * MINUTE, wall_ms=9 * MINUTE)
    asks = ClockAnchor(boot=BOOT, boottime_ms=0, wall_ms=7, err_ms=253_402_300_799_999)
    worse = ClockAnchor(boot=BOOT, boottime_ms=10 * MINUTE, wall_ms=NOW + 4_000, err_ms=5_000)
    better = ClockAnchor(boot=BOOT, boottime_ms=10 * MINUTE, wall_ms=NOW + 10, err_ms=40)
    seen = [
        floor.presence(
            each,
            7 * MINUTE,
            8 * MINUTE,
            frame="ibeacon",
            token=floor.token(each, NOW - MINUTE).id32,
        )
        for each in (ada, ben)
    ]
    asked = floor.take(batch(asks, seq=1, clock=clock))
    assert the_ack(asked).refused == ()
    floor.take(batch(worse, seq=2), batch(seen[0], seq=3, clock=clock))
    floor.take(batch(better, seq=4), batch(seen[1], seq=5, clock=clock))
    floor.take(batch(worse, seq=6), now_ms=NOW + SECOND)
    for each, off_ms in ((ada, 4_000), (ben, 10)):
        (visit,) = floor.visits(each)
        assert visit.session.end_ms == NOW - 2 * MINUTE + off_ms
    with floor.database.read() as work:
        (anchor,) = work.batches.anchors([(EdgeId(EDGES[0]), BOOT)]).values()
    assert anchor.err_ms == 40


def test_an_unset_clock_is_dated_by_an_id64_and_by_nothing_else(floor: Floor) -> None:
    ada, ben = floor.enrol("ada", 1), floor.enrol("ben", 2)
    heard_ms = NOW - 5 * 3600 * SECOND
    clock = unset(boottime_ms=5 * MINUTE, wall_ms=5 * MINUTE)
    events = [
        floor.presence(ada, MINUTE, minutes * MINUTE, token=floor.token(ada, heard_ms).id64)
        for minutes in (2, 3, 4)
    ]
    id32 = floor.presence(
        ben, MINUTE, 4 * MINUTE, frame="ibeacon", token=floor.token(ben, heard_ms).id32
    )
    taken = floor.take(
        batch(*events[:2], id32, floor.shows_pass(ben, 4 * MINUTE), clock=clock),
        batch(events[2], seq=2, clock=clock),
    )
    assert the_ack(taken).refused == (Refused(seq=1, index=3, reason="undated_code"),)
    assert not floor.visits(ben)
    (visit,) = floor.visits(ada)
    window_ms = heard_ms // (900 * SECOND) * 900 * SECOND
    assert (visit.session.start_ms, visit.session.end_ms) == (window_ms, window_ms + 3 * MINUTE)
    assert visit.session.n == 20, "three reports of one stay"


def test_an_id64_of_the_day_before_yesterday_dates_nothing(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    seen = floor.presence(ada, 0, MINUTE, token=floor.token(ada, NOW - 25 * 3600 * SECOND).id64)
    floor.take(batch(seen, clock=unset(MINUTE, MINUTE)))
    assert floor.has_forgotten(ada, seen.token)
