from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from shopbell_server.core.confidence import Confidence
from shopbell_server.core.evidence import Evidence
from shopbell_server.core.ids import ZoneId
from shopbell_server.core.visits.intervals import apart
from shopbell_server.core.visits.showing import (
    APP_REPORT,
    CODE,
    HEARD_BRIEFLY,
    HEARD_LONG_ENOUGH,
    PASS,
    TWO_SCANNERS,
    Glimpse,
    best_act,
    confidence_of,
    first_shown,
    held_until,
    last_act,
    scanners_of,
)
from shopbell_server.core.visits.stretches import spans_of, union
from tests.server.core.stays import MINUTE, RULES, SECOND, acted, at, heard

if TYPE_CHECKING:
    from shopbell_server.core.evidence import Interval

ENTRANCE = ZoneId("entrance")


def shown_of(evidence: list[Interval]) -> Glimpse | None:
    acts, radio = apart(evidence)
    return first_shown(acts, radio, union(spans_of(radio), RULES.left_shown_ms), RULES)


def test_a_code_is_shown_at_once() -> None:
    assert shown_of([acted(7)]) == Glimpse(
        at_ms=at(7), carrier="pass", evidence=Evidence.PASS, zone=ENTRANCE
    )


def test_radio_is_shown_after_a_minute_and_five_sightings() -> None:
    shown = shown_of([heard(0, 61 * SECOND, n=5)])
    assert shown == Glimpse(
        at_ms=at(60 * SECOND), carrier="service-data", evidence=Evidence.SIGNAL, zone=ENTRANCE
    )
    assert shown_of([heard(0, 61 * SECOND, n=4)]) is None
    assert shown_of([heard(0, 59_999, n=50)]) is None


def test_radio_is_described_by_the_best_that_was_heard_by_then() -> None:
    evidence = [
        heard(0, 2 * MINUTE),
        heard(0, 2 * MINUTE, carrier="ibeacon", evidence=Evidence.HINT),
        heard(61 * SECOND, 2 * MINUTE, carrier="service-uuid", evidence=Evidence.FRESH),
    ]
    shown = shown_of(evidence)
    assert shown is not None
    assert shown.carrier == "service-data"


def test_what_could_be_shown_first_counts() -> None:
    radio = heard(0, 5 * MINUTE)
    early, late = acted(30 * SECOND), acted(2 * MINUTE)
    assert shown_of([radio, early]) == shown_of([early])
    assert shown_of([radio, late]) == shown_of([radio])


@pytest.mark.parametrize(
    ("evidence", "confidence", "reasons"),
    [
        ([acted(0)], Confidence.HIGH, (PASS,)),
        ([heard(0, 1), heard(0, 1, scanner="till")], Confidence.HIGH, (TWO_SCANNERS,)),
        ([acted(0), heard(0, 1)], Confidence.HIGH, (PASS, TWO_SCANNERS)),
        ([acted(0, carrier="number", evidence=Evidence.HINT)], Confidence.MEDIUM, (CODE,)),
        ([acted(0, carrier="app", evidence=Evidence.HINT)], Confidence.MEDIUM, (APP_REPORT,)),
        ([heard(0, MINUTE)], Confidence.MEDIUM, (HEARD_LONG_ENOUGH,)),
        ([heard(0, SECOND)], Confidence.LOW, (HEARD_BRIEFLY,)),
    ],
)
def test_confidence_has_its_reasons(
    evidence: list[Interval], confidence: Confidence, reasons: tuple[str, ...]
) -> None:
    acts, _ = apart(evidence)
    best = max(each.evidence for each in evidence)
    found = confidence_of(best, scanners_of(evidence), acts, shown_of(evidence))
    assert found == (confidence, reasons)


def test_the_app_is_no_scanner() -> None:
    app = acted(0, carrier="app", evidence=Evidence.HINT, scanner="app")
    assert scanners_of([app, heard(0, 1)]) == (("pi", "door"),)


def test_the_last_act_and_the_best_one() -> None:
    number = acted(9, carrier="number", evidence=Evidence.HINT)
    first, second = acted(3), acted(5)
    acts = [first, second, number]
    latest, best = last_act(acts), best_act(acts)
    assert latest is not None
    assert latest.carrier == "number"
    assert best is not None
    assert best.at_ms == at(3)
    assert last_act([]) is None
    assert best_act([]) is None


def test_a_code_holds_her_until_something_heard_after_it_falls_silent() -> None:
    act = last_act([acted(MINUTE)])
    until_ms = at(46 * MINUTE)
    assert held_until(act, None, RULES) == until_ms
    assert held_until(act, at(MINUTE), RULES) == until_ms
    assert held_until(act, at(MINUTE + 1), RULES) is None
    assert held_until(None, at(0), RULES) is None
