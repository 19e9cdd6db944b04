from __future__ import annotations

import re

import pytest

from shopbell_server.core.dating import AHEAD_MS
from shopbell_server.core.evidence import Evidence
from shopbell_server.core.ids import Millis, PersonId, StoreId, ZoneId
from shopbell_server.core.visits.app_reports import (
    OLDEST_MS,
    THE_APP,
    Spot,
    StoreBeacon,
    evidence_of,
    problem_with,
)
from shopbell_wire.messages import NAME_PATTERN

NOW = Millis(1_795_262_400_000)
DOOR = StoreBeacon(
    name="door",
    store=StoreId("ams-01"),
    spot=Spot(uuid="7e3b4c1a-0d5f-4c2e-9a61-2f8d5b7c9e04", major=1, minor=2),
    zone=ZoneId("entrance"),
)


@pytest.mark.parametrize(
    ("off_ms", "expected"),
    [
        (AHEAD_MS + 1, "ahead"),
        (AHEAD_MS, None),
        (0, None),
        (-OLDEST_MS, None),
        (-OLDEST_MS - 1, "old"),
    ],
)
def test_a_report_is_of_a_believable_time(off_ms: int, expected: str | None) -> None:
    assert problem_with(Millis(NOW + off_ms), NOW) == expected


@pytest.mark.parametrize(
    ("state", "carrier"), [("enter", "app"), ("inside", "app"), ("exit", "app-exit")]
)
def test_a_report_is_a_hint_of_one_moment(state: str, carrier: str) -> None:
    said = evidence_of(PersonId("ada"), DOOR, state, NOW)  # type: ignore[arg-type]  # by a parameter
    assert said.key == ("ada", "ams-01", THE_APP, "door", carrier, NOW)
    assert (said.last_ms, said.n, said.evidence, said.zone) == (NOW, 1, Evidence.HINT, "entrance")
    assert said.loss_db is None


def test_no_edge_can_be_taken_for_the_app() -> None:
    assert re.fullmatch(NAME_PATTERN, THE_APP) is None
