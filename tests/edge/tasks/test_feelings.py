from __future__ import annotations

from structlog.testing import capture_logs

from shopbell_edge.core.tally import Tally
from shopbell_edge.core.units import ScannerName
from shopbell_edge.ports import Health
from shopbell_edge.tasks.feelings import Feelings
from tests.fakes.clock import FakeClock


def test_a_camera_that_flaps_all_night_fills_no_journal_and_keeps_no_news_from_the_server() -> None:
    clock, told = FakeClock(), []
    feelings = Feelings(ScannerName("till"), clock, Tally(), lambda: told.append(1))
    with capture_logs() as lines:
        for _ in range(200):
            feelings.feel(Health(state="blind", reason="camera_lost", for_ms=0))
            clock.forward(2_000)
            feelings.feel(Health(state="hearing", reason="camera", for_ms=0))
            clock.forward(2_000)
    assert len(lines) == 2 * 8, "the 1st, 2nd, 4th … 128th time, and their ends"
    assert len(feelings.take()) == 400
    assert len(told) == 400
