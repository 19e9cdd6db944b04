from __future__ import annotations

import pytest
from msgspec import structs

from shopbell_program.settings import Fault, SettingsError, read
from shopbell_server.config.visits import Visits, faults_of_visits, rules_of
from shopbell_server.core.ids import StoreId
from shopbell_server.core.visits.rules import ALLOWED, VisitRules, demo


def test_what_is_not_chosen_is_as_the_program_has_it() -> None:
    assert rules_of(Visits(), "standard") == VisitRules()
    assert rules_of(Visits(), "demo") == demo(VisitRules())
    assert len(structs.fields(Visits)) == len(ALLOWED) + 1


def test_every_key_moves_its_own_rule() -> None:
    """One more of each is another rule, and no other one."""
    changed = set()
    for each in structs.fields(Visits):
        if each.name == "expected_stay_min_of":
            continue
        rules = rules_of(Visits(**{each.name: each.default + 1}), "standard")
        (name,) = [one for one in ALLOWED if getattr(rules, one) != getattr(VisitRules(), one)]
        changed.add(name)
    assert changed == ALLOWED.keys()


def test_a_store_may_have_a_stay_of_its_own() -> None:
    chosen = Visits(expected_stay_min_of={"ams-01": 90})
    assert list(faults_of_visits(chosen)) == []
    rules = rules_of(chosen, "standard")
    assert rules.at(StoreId("ams-01")).expected_stay_ms == 90 * 60_000
    assert rules.at(StoreId("utr-01")) == VisitRules()


def test_all_that_is_wrong_is_said_at_once_in_the_units_of_the_file() -> None:
    wrong = Visits(
        gap_min=4, left_shown_min=12, shown_sightings=0, expected_stay_min_of={"a": 4, "b": 9}
    )
    assert list(faults_of_visits(wrong)) == [
        Fault(key="visits.gap_min", problem="is 4: must be 5 to 240"),
        Fault(key="visits.shown_sightings", problem="is 0: must be 1 to 100"),
        Fault(key="visits.left_shown_min", problem="must not be longer than visits.off_board_min"),
        Fault(key="visits.off_board_min", problem="must not be longer than visits.gap_min"),
        Fault(key="visits.expected_stay_min_of.a", problem="is 4: must be 5 to 240"),
        Fault(
            key="visits.expected_stay_min_of.b",
            problem="must not be shorter than visits.off_board_min",
        ),
    ]


def test_a_rule_that_there_is_not_is_refused() -> None:
    with pytest.raises(SettingsError):
        read({"gap_ms": 3}, Visits, source="the settings")
