from __future__ import annotations

from dataclasses import fields, replace

from shopbell_server.core.ids import StoreId
from shopbell_server.core.units import MINUTE_MS
from shopbell_server.core.visits.rules import ALLOWED, VisitRules, demo, disordered, outside

RULES = VisitRules()
STORE = StoreId("ams-01")


def test_the_defaults_are_allowed() -> None:
    assert outside(RULES) == ()
    assert disordered(RULES) == ()


def test_every_number_has_its_limits() -> None:
    assert ALLOWED.keys() | {"expected_stays_ms"} == {field.name for field in fields(VisitRules)}


def test_all_that_is_wrong_is_said_at_once() -> None:
    wrong = replace(RULES, gap_ms=4 * MINUTE_MS, min_dwell_ms=29_999, shown_sightings=0)
    assert outside(wrong) == ("gap_ms", "min_dwell_ms", "shown_sightings")
    assert disordered(wrong) == (("off_board_ms", "gap_ms"),)


def test_left_comes_before_gone() -> None:
    wrong = replace(RULES, left_shown_ms=11 * MINUTE_MS)
    assert disordered(wrong) == (("left_shown_ms", "off_board_ms"),)


def test_a_store_may_have_a_stay_of_its_own() -> None:
    rules = replace(RULES, expected_stays_ms=((STORE, 90 * MINUTE_MS),))
    assert rules.at(STORE) == replace(RULES, expected_stay_ms=90 * MINUTE_MS)
    assert rules.at(StoreId("utr-01")) == RULES
    assert RULES.at(STORE) is RULES
    assert rules.after_act_ms == 90 * MINUTE_MS
    assert rules.at(STORE).rule_version != rules.at(StoreId("utr-01")).rule_version
    assert demo(rules).at(STORE).expected_stay_ms == 90 * MINUTE_MS // 20


def test_a_demo_is_twenty_times_as_fast_and_counts_the_same() -> None:
    quick = demo(RULES)
    assert quick.gap_ms == 90_000
    assert quick.min_dwell_ms == 6_000
    assert quick.shown_sightings == RULES.shown_sightings


def test_every_other_number_is_another_version() -> None:
    deciding = [name for name in ALLOWED if name != "zone_recent_ms"]
    others = {replace(RULES, **{name: getattr(RULES, name) + 1}).rule_version for name in deciding}
    assert len(others) == len(deciding)
    assert RULES.rule_version not in others
    assert replace(RULES).rule_version == RULES.rule_version


def test_what_only_the_live_view_uses_is_no_other_version() -> None:
    assert replace(RULES, zone_recent_ms=10_000).rule_version == RULES.rule_version


def test_the_version_of_the_defaults_is_pinned() -> None:
    """Stored visits carry it: where this changes, raise ALGORITHM or say why not."""
    assert RULES.rule_version == "2-f6b3515d"


def test_evidence_reaches_as_far_as_the_longer_of_gap_and_stay() -> None:
    assert RULES.after_act_ms == 45 * MINUTE_MS
    assert replace(RULES, gap_ms=60 * MINUTE_MS).after_act_ms == 60 * MINUTE_MS
    assert RULES.widest_reach_ms == (45 + 30) * MINUTE_MS
    assert RULES.deaf_reach_ms == (45 + 30 + 3) * MINUTE_MS
