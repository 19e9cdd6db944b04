"""What is told of a visit that only goes on, and that it is what all of its evidence would say."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shopbell_server.core.evidence import Evidence, joined
from shopbell_server.core.ids import Millis, ZoneId
from shopbell_server.core.visits.going_on import Told, gone_on
from shopbell_server.core.visits.purchases import reach_ms
from tests.server.core.stays import DEMO, MINUTE, RULES, SECOND, acted, at, heard, reports
from tests.server.core.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopbell_server.core.evidence import Carrier, Interval
    from shopbell_server.core.visits.rules import VisitRules
    from shopbell_server.core.visits.stored import Visit


def test_a_stay_that_lasts_longer_makes_the_visit_longer() -> None:
    visit, told = stored([heard(0, 5 * MINUTE)], [heard(0, 6 * MINUTE, n=30)])
    now = gone_on(visit, told, RULES)
    assert now is not None
    assert (now.session.end_ms, now.session.n) == (at(6 * MINUTE), 30)
    assert now.session.zones[0].dwell_ms == 6 * MINUTE
    assert now.session.gone_ms == at(16 * MINUTE)
    assert now.session.due_ms == now.session.reach_ms == at(36 * MINUTE)


def test_what_was_told_before_changes_nothing() -> None:
    visit, told = stored([heard(0, 5 * MINUTE)], [heard(0, 4 * MINUTE, n=9)])
    assert gone_on(visit, told, RULES) is visit


def test_more_sightings_alone_are_counted() -> None:
    visit, told = stored([heard(0, 5 * MINUTE)], [heard(0, 5 * MINUTE, n=50)])
    now = gone_on(visit, told, RULES)
    assert now == replace(visit, session=replace(visit.session, n=50))


def test_a_stay_without_a_zone_goes_on() -> None:
    visit, told = stored([heard(0, 5 * MINUTE, zone=None)], [heard(0, 6 * MINUTE, zone=None)])
    now = gone_on(visit, told, RULES)
    assert now is not None
    assert now.session.zones == ()


LONG = heard(0, 20 * MINUTE)


@pytest.mark.parametrize(
    ("before", "report"),
    [
        ([heard(0, MINUTE)], heard(0, 3 * MINUTE)),
        ([heard(0, 3 * MINUTE, n=4)], heard(0, 5 * MINUTE, n=4)),
        ([LONG], heard(0, 21 * MINUTE, evidence=Evidence.FRESH)),
        ([LONG], heard(0, 21 * MINUTE, zone="till")),
        ([LONG, acted(20 * MINUTE)], acted(20 * MINUTE)),
        ([LONG, acted(20 * MINUTE, carrier="app-exit")], acted(20 * MINUTE, carrier="app-exit")),
        ([LONG, heard(0, 15 * MINUTE, scanner="till")], heard(0, 16 * MINUTE, scanner="till")),
        ([LONG], heard(0, 8 * 60 * MINUTE + 1)),
        ([heard(0, 8 * 60 * MINUTE), heard(9, 8 * 60 * MINUTE + 1)], heard(0, 8 * 60 * MINUTE)),
        # What her app says of herself may come to agree with a scanner.
        ([LONG, acted(23 * MINUTE, carrier="app", evidence=Evidence.HINT)], heard(0, 22 * MINUTE)),
        # An act showed her before radio did, and radio may turn out to have been earlier.
        ([heard(0, 5 * MINUTE, n=4), acted(3 * MINUTE)], heard(0, 6 * MINUTE, n=9)),
        ([heard(0, 50 * SECOND), acted(3 * MINUTE)], heard(0, 2 * MINUTE)),
        # Her app said that she left, later than what is told now.
        ([LONG, acted(21 * MINUTE, carrier="app-exit")], heard(0, 21 * MINUTE)),
    ],
    ids=[
        "a candidate",
        "not shown",
        "better evidence",
        "another zone",
        "an act",
        "a leaving",
        "a silence before the end",
        "too long",
        "a piece of what is too long",
        "agreement",
        "too few sightings",
        "an act after what was heard",
        "she left",
    ],
)
def test_all_evidence_is_asked_where_more_may_follow(
    before: list[Interval], report: Interval
) -> None:
    visit, told = stored(before, [report])
    assert gone_on(visit, told, RULES) is None


def test_only_an_open_visit_by_the_rules_in_force_goes_on() -> None:
    visit, told = stored([LONG], [heard(0, 21 * MINUTE)])
    assert gone_on(visit, told, RULES) is not None
    assert gone_on(visit, told, DEMO) is None
    assert gone_on(replace(visit, converted=True), told, RULES) is None
    assert gone_on(replace(visit, state="ended"), told, RULES) is None
    for unheard in (
        replace(visit.session, left_ms=at(0)),
        replace(visit.session, deaf_since_ms=at(0)),
    ):
        assert gone_on(replace(visit, session=unheard), told, RULES) is None


def test_an_act_that_showed_her_goes_on_showing_her() -> None:
    visit, told = stored([LONG, acted(30 * SECOND)], [heard(0, 21 * MINUTE)])
    now = gone_on(visit, told, RULES)
    assert now is not None
    assert now.session.shown == visit.session.shown
    # What is heard after the act is what can fall silent.
    assert now.session.gone_ms == at(31 * MINUTE)


_SECONDS = (0, 1, 4, 8, 9, 10, 29, 30, 31, 60, 89)
"""Around what the demo's rules ask for: 3 s, 6 s, 9 s, 30 s, 90 s."""

_stays = st.builds(
    heard,
    st.sampled_from((0, 30, 50, 58, 60)).map(lambda s: s * SECOND),
    st.just(60 * SECOND),
    n=st.integers(1, 6),
    scanner=st.sampled_from(("door", "till")),
    carrier=st.sampled_from(("ibeacon", "service-data")),
    zone=st.sampled_from((None, "entrance", "till")),
)
_codes: tuple[Carrier, ...] = ("pass", "number", "app", "app-exit")
_others = st.builds(
    acted,
    st.sampled_from((30, 59, 60, 61, 65, 69, 90, 149, 181, 200)).map(lambda s: s * SECOND),
    carrier=st.sampled_from(_codes),
    evidence=st.sampled_from((Evidence.HINT, Evidence.PASS)),
)


@st.composite
def going_on(draw: st.DrawFn) -> tuple[list[Interval], list[list[Interval]]]:
    """Return a visit's evidence, and what is told of some of its stays afterwards, step by step."""
    stays = draw(st.lists(_stays, min_size=1, max_size=4, unique_by=lambda each: each.key))
    begun = [each._replace(last_ms=later(each, draw(_steps))) for each in stays]
    now = {each.key: each for each in begun}
    steps = []
    for _ in range(draw(st.integers(1, 4))):
        chosen = draw(st.lists(st.sampled_from(sorted(now)), min_size=1, max_size=4, unique=True))
        step = []
        for key in chosen:
            told = now[key]._replace(
                last_ms=later(now[key], draw(_steps)), n=now[key].n + draw(st.integers(0, 3))
            )
            if draw(st.integers(0, 9)) == 0:
                told = told._replace(evidence=Evidence.FRESH, zone=ZoneId("shoes"))
            now[key] = joined(now[key], told)
            step.append(told)
        steps.append(step)
    return [*begun, *draw(st.lists(_others, max_size=2))], steps


_steps = st.sampled_from(_SECONDS)


def later(interval: Interval, seconds: int) -> Millis:
    start_ms = max(interval.last_ms, interval.key.first_ms)
    return Millis(start_ms + seconds * SECOND)


SLOW = replace(
    DEMO,
    left_shown_ms=150 * SECOND,
    off_board_ms=200 * SECOND,
    gap_ms=300 * SECOND,
    expected_stay_ms=300 * SECOND,
)
"""Silences that count are longer than that after which an app and a scanner agree no more (120 s)."""


@settings(max_examples=400)
@given(st.sampled_from((DEMO, SLOW)), going_on())
def test_what_is_told_is_what_all_evidence_says(
    rules: VisitRules, history: tuple[list[Interval], list[list[Interval]]]
) -> None:
    begun, steps = history
    worker = Worker(rules=rules)
    worker.take(begun, 0)
    for step in steps:
        take_both_ways(worker, step)


@settings(max_examples=100)
@given(st.data())
def test_so_it_is_in_any_history(data: st.DataObject) -> None:
    said = data.draw(reports)
    worker = Worker(rules=DEMO)
    for report in sorted(said, key=lambda each: (each.last_ms, each.key)):
        take_both_ways(worker, [report])


def take_both_ways(worker: Worker, batch: Sequence[Interval]) -> None:
    """Let `worker` compute all anew, and compare that with what follows from `batch` alone, if it does."""
    told = [
        Told(worker.intervals[each.key], each) for each in batch if each.key in worker.intervals
    ]
    reach = reach_ms(worker.rules)
    near = worker.touching(
        Millis(min(each.key.first_ms for each in batch) - reach),
        Millis(max(each.last_ms for each in batch) + reach),
    )
    now: Visit | None = None
    if len(near) == 1 and len(told) == len(batch):
        now = gone_on(near[0], told, worker.rules)
    before, facts = dict(worker.visits), len(worker.facts)

    worker.take(batch, 0)

    if now is not None:
        assert worker.visits == {**before, now.id: now}
        assert len(worker.facts) == facts


def stored(
    before: Sequence[Interval], report: Sequence[Interval], rules: VisitRules = RULES
) -> tuple[Visit, list[Told]]:
    """Return the first visit that `before` makes, and what is told of its stays."""
    worker = Worker(rules=rules)
    worker.take(before, 0)
    visit = min(worker.visits.values(), key=lambda each: each.session.start_ms)
    return visit, [Told(worker.intervals[each.key], each) for each in report]
