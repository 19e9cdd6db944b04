"""The edge tells a stay at once when the server may show it, so both must mean the same moment.

Neither may import the other, so the numbers stand twice; here they are held together.
"""

from __future__ import annotations

from typing import Final, Literal

import pytest

from shopbell_edge.config import meaning, tables
from shopbell_edge.core.rules import Rules
from shopbell_server.core.visits.rules import VisitRules, demo

RADIO: Final = tables.SocketRadio(scanner="sim0", path="/run/sim0")


@pytest.mark.parametrize(
    ("name", "asked"), [("standard", VisitRules()), ("demo", demo(VisitRules()))]
)
def test_the_edge_tells_a_stay_when_the_server_may_show_it(
    name: Literal["standard", "demo"], asked: VisitRules
) -> None:
    rules = meaning.presence_rules(settings(name), RADIO)
    assert rules.shown_ms == asked.shown_dwell_ms
    assert rules.shown_sightings == asked.shown_sightings


def test_those_of_the_core_are_those_of_a_shop() -> None:
    assert Rules().shown_ms == VisitRules().shown_dwell_ms


def settings(rules: Literal["standard", "demo"]) -> tables.Settings:
    return tables.Settings(
        tenant="acme",
        edge="door",
        broker=tables.Broker(host="127.0.0.1"),
        retailer=tables.Retailer(uuid="6f2a1c5e-9b7d-4e03-a1c4-0f5d2e8b7a61", prefix="5bb0e111"),
        rules=rules,
    )
