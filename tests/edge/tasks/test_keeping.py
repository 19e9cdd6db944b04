"""What finds no room is counted each time, and said ever more rarely."""

from __future__ import annotations

from structlog.testing import capture_logs

from shopbell_edge.core.tally import Tally
from shopbell_edge.tasks.keeping import keep
from tests.edge.events import presence, scan
from tests.fakes.clock import FakeClock
from tests.fakes.spool import MemorySpool


async def test_a_full_spool_is_said_at_each_doubling_with_what_was_given_up_so_far() -> None:
    clock, tally = FakeClock(), Tally()
    tally.dropped["token_pushed_out"] = 7
    spool = MemorySpool(clock.now(), room=0)
    with capture_logs() as logs:
        for n in range(20):
            assert not await keep(spool, clock, [presence(n)], tally)
        assert not await keep(spool, clock, [scan()], tally)
    assert [(line["event"], line["given_up"]) for line in logs] == [
        ("spool_full", given_up) for given_up in (1, 2, 4, 8, 16)
    ]
    assert (tally.dropped["spool_full"], tally.dropped["spool_full_scan"]) == (20, 1)
