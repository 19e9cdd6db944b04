from __future__ import annotations

from dataclasses import replace

import shopbell_server.db.unit_of_work  # noqa: F401  # it knows every table there is
from shopbell_server.core.keeping.retention import NO_TIME_LIMIT, Limits, What, rules
from shopbell_server.core.units import DAY_MS
from shopbell_server.core.visits.rules import VisitRules
from shopbell_server.db.columns import METADATA
from shopbell_server.papers.kept import NO_CUSTOMERS, kept
from shopbell_server.papers.shared_words import KEPT, UNTIL

BY_THEMSELVES = frozenset({"number_guesses", "sign_in_tries", "token_counts"})
"""Tables of nobody that empty themselves, by clocks of minutes and hours."""


def test_the_papers_speak_of_every_table() -> None:
    there = set(METADATA.tables)
    spoken_of = [name for each in kept(VisitRules(), Limits()) for name in each.tables]
    assert len(spoken_of) == len(set(spoken_of))
    assert not NO_CUSTOMERS & set(spoken_of)
    assert there == NO_CUSTOMERS | set(spoken_of), "say in papers/kept.py what a new table keeps"


def test_every_table_has_a_clock_or_a_reason_to_have_none() -> None:
    by_job = {table for rule in rules(Limits()) for table in rule.tables}
    promised = {
        table
        for each in kept(VisitRules(), Limits())
        if each.for_ms is not None
        for table in each.tables
    }
    assert not by_job & NO_TIME_LIMIT.keys()
    assert by_job | promised | BY_THEMSELVES | NO_TIME_LIMIT.keys() == set(METADATA.tables), (
        "say in core/keeping/retention.py how long a new table is kept, or what empties it"
    )


def test_the_papers_promise_what_the_job_does() -> None:
    limits = Limits(zones_days=20, visits_days=100, audit_days=40)
    promised = {each.what: each.for_ms for each in kept(VisitRules(), limits)}
    done = {rule.what: rule.for_ms for rule in rules(limits)}
    for what in (
        What.ZONES,
        What.VISITS,
        What.DELIVERIES,
        What.LEDGER,
        What.TOLD,
        What.SET_ASIDE,
        What.OBSERVATIONS,
    ):
        assert promised[what.value] == done[what]
    assert promised["looks"] == 40 * DAY_MS


def test_every_kind_of_data_has_words() -> None:
    rows = kept(replace(VisitRules(), candidate_kept_ms=1), Limits())
    assert {each.what for each in rows} == set(KEPT)
    assert {each.what for each in rows if each.for_ms is None} == set(UNTIL)
