from __future__ import annotations

import pytest

from shopbell_server.core.ids import Millis, StaffId, VisitId
from shopbell_server.core.serving.engagement import (
    Engagement,
    HandedOver,
    Helper,
    Outcome,
    Present,
    Released,
    Served,
    Serving,
    Taken,
)
from shopbell_server.core.serving.queue import Rank, Turn, turn

HERE = Millis(100)
SAM = Helper(staff=StaffId("sam"), role="advisor")
TIMES = {"since_ms": Millis(300), "touched_ms": Millis(400)}


def of(engagement: Engagement | None, reason: str | None = None) -> tuple[Rank, int]:
    found: Turn = turn(engagement, reason, HERE)
    return found.rank, found.since_ms


@pytest.mark.parametrize(
    ("reason", "rank"),
    [
        (None, Rank.WAITING),
        ("return", Rank.WAITING),
        ("pickup", Rank.PICKUP),
        ("appointment", Rank.APPOINTMENT),
    ],
)
def test_what_is_ready_and_what_was_promised_come_first(reason: str | None, rank: Rank) -> None:
    assert of(None, reason) == (rank, 100)
    assert of(Engagement(visit=VisitId("v"), version=1, state=Present()), reason) == (rank, 100)


@pytest.mark.parametrize("state", [HandedOver(at_ms=Millis(500)), Released(at_ms=Millis(500))])
def test_who_was_given_up_waits_from_then_on(state: HandedOver | Released) -> None:
    given_up = Engagement(visit=VisitId("v"), version=2, state=state)
    assert of(given_up) == (Rank.WAITING, 500)
    assert of(given_up, "pickup") == (Rank.PICKUP, 500)


@pytest.mark.parametrize(
    "state", [Present(), HandedOver(at_ms=Millis(500)), Released(at_ms=Millis(500))]
)
def test_who_asked_comes_before_all(state: Present | HandedOver | Released) -> None:
    asked = Engagement(visit=VisitId("v"), version=2, state=state, asked_ms=Millis(600))
    assert of(asked, "pickup") == (Rank.ASKED, 600)


def test_who_is_taken_or_served_comes_last() -> None:
    for state in (Taken(by=SAM, **TIMES), Serving(by=SAM, **TIMES)):
        held = Engagement(visit=VisitId("v"), version=2, state=state)
        assert of(held, "pickup") == (Rank.TAKEN, 300)
    served = Served(outcome=Outcome.ADVISED, at_ms=Millis(700))
    assert of(Engagement(visit=VisitId("v"), version=3, state=served)) == (Rank.SERVED, 700)
