"""Visits are merges: the invariants, over whatever edges may say and workers may do."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from shopbell_server.core.edges.deafness import deafness_of, ears_of
from shopbell_server.core.evidence import Evidence
from shopbell_server.core.ids import Millis, PersonId
from shopbell_server.core.visits.intervals import gathered, is_act, reassigned, truncated
from shopbell_server.core.visits.purchases import bought
from shopbell_server.core.visits.sessions import sessions
from tests.server.core.stays import ADA, DEMO, MINUTE, NOON, SECOND, at, batched, marks, reports
from tests.server.core.worker import Sink, Worker

if TYPE_CHECKING:
    from shopbell_server.core.edges.deafness import Mark
    from shopbell_server.core.evidence import Interval

BOB = PersonId("bob")
DAY = 24 * 60 * MINUTE
moments = st.integers(0, 4 * 60 * 60).map(lambda s: s * SECOND)
sales = st.lists(moments.map(at), max_size=4)


@settings(max_examples=200)
@given(st.data())
def test_order_repetition_and_batching_change_no_visit(data: st.DataObject) -> None:
    said = data.draw(reports)
    worker = Worker(rules=DEMO)
    for batch in data.draw(batched(said)):
        now_ms = data.draw(moments)
        worker.take(batch, now_ms)
        if data.draw(st.booleans()):
            worker.sweep(now_ms)

    assert worker.stays() == list(sessions(said, DEMO))


@settings(max_examples=200)
@given(st.data())
def test_it_does_not_matter_when_scanners_are_known_to_have_been_deaf(data: st.DataObject) -> None:
    said, felt = data.draw(reports), data.draw(marks)
    worker = Worker(rules=DEMO)
    arriving: list[list[Interval] | Mark] = [*data.draw(batched(said)), *felt, *felt[:2]]
    for one in data.draw(st.permutations(arriving)):
        now_ms = data.draw(moments)
        if isinstance(one, list):
            worker.take(one, now_ms)
        else:
            worker.feel([one], now_ms)
        if data.draw(st.booleans()):
            worker.sweep(now_ms)

    assert worker.stays() == list(sessions(said, DEMO, deafness_of(ears_of(felt))))


@settings(max_examples=200)
@given(st.data())
def test_it_does_not_matter_whether_receipts_or_evidence_come_first(data: st.DataObject) -> None:
    said, sold = data.draw(reports), data.draw(sales)
    worker = Worker(rules=DEMO)
    arriving: list[Millis | list[Interval]] = [*data.draw(batched(said)), *sold]
    for number, one in enumerate(data.draw(st.permutations(arriving))):
        if isinstance(one, list):
            worker.take(one, number)
        else:
            worker.sell(one, number)
        if data.draw(st.booleans()):
            worker.sweep(data.draw(moments))

    assert worker.stays() == list(sessions(said, DEMO))
    assert worker.converted() == bought(sold, sessions(said, DEMO), DEMO)


@settings(max_examples=200)
@given(st.data())
def test_what_was_told_adds_up_to_what_is_stored(data: st.DataObject) -> None:
    worker, sink = Worker(rules=DEMO), Sink()
    for batch in data.draw(batched(data.draw(reports))):
        now_ms = data.draw(moments)
        worker.take(batch, now_ms)
        if data.draw(st.booleans()):
            worker.sell(at(data.draw(moments)), now_ms)
        if data.draw(st.booleans()):
            worker.sweep(now_ms)
        sink.hear_all(worker.facts)
        assert sink.is_up_to_date(list(worker.visits.values()))
    worker.sweep(DAY)
    sink.hear_all(worker.facts)

    assert sink.agrees_with(list(worker.visits.values()))
    assert len({fact.fact for fact in worker.facts}) == len(worker.facts)


@given(reports, st.integers(0, DAY))
def test_taking_everything_again_tells_nothing_new(said: list[Interval], now_ms: int) -> None:
    worker = Worker(rules=DEMO)
    worker.take(said, now_ms)
    visits, facts = dict(worker.visits), list(worker.facts)
    worker.take(said, now_ms)

    assert worker.visits == visits
    assert worker.facts == facts


@given(st.data())
def test_the_same_deliveries_give_the_same_names_and_facts(data: st.DataObject) -> None:
    batches = data.draw(batched(data.draw(reports)))
    one, other = Worker(rules=DEMO), Worker(rules=DEMO)
    for number, batch in enumerate(batches):
        one.take(batch, number)
        # Neither the order within a batch nor that of the tables' rows may matter.
        other.visits = dict(reversed(other.visits.items()))
        other.take(batch[::-1], number)

    assert one.visits == other.visits
    assert one.facts == other.facts


@given(reports, marks)
def test_visits_never_overlap_and_are_the_gap_apart(said: list[Interval], felt: list[Mark]) -> None:
    for before, after in pairwise(sessions(said, DEMO, deafness_of(ears_of(felt)))):
        apart_ms = after.start_ms - before.end_ms
        assert apart_ms > 0
        assert apart_ms > DEMO.gap_ms or (before.overlong and after.overlong)


@given(reports)
def test_no_visit_is_longer_than_the_longest(said: list[Interval]) -> None:
    assert all(each.end_ms - each.start_ms <= DEMO.longest_ms for each in sessions(said, DEMO))


@given(reports, marks)
def test_every_sighting_belongs_to_exactly_one_visit_or_candidate(
    said: list[Interval], felt: list[Mark]
) -> None:
    found = sessions(said, DEMO, deafness_of(ears_of(felt)))
    for each in gathered(said):
        for seen_ms in (each.key.first_ms, each.last_ms):
            homes = [one for one in found if one.start_ms <= seen_ms <= one.end_ms]
            assert len(homes) == 1
    assert all(one.n >= 1 for one in found)
    for one in found:
        inside = [
            each
            for each in gathered(said)
            if each.key.first_ms <= one.end_ms and each.last_ms >= one.start_ms
        ]
        assert inside
        best = max(each.evidence for each in inside)
        # Two hints of which one is the app's may be a signal together; nothing else is more than its best.
        assert one.evidence == best or (best, one.evidence) == (Evidence.HINT, Evidence.SIGNAL)


@given(reports, marks)
def test_deafness_holds_for_a_limited_time_and_ends_nothing(
    said: list[Interval], felt: list[Mark]
) -> None:
    hearing, deaf = sessions(said, DEMO), sessions(said, DEMO, deafness_of(ears_of(felt)))
    for session in hearing:
        homes = [
            each
            for each in deaf
            if each.start_ms <= session.end_ms and each.end_ms >= session.start_ms
        ]
        assert homes[0].start_ms <= session.start_ms
        assert homes[-1].end_ms >= session.end_ms
        assert len(homes) == 1 or session.overlong or homes[0].overlong
        assert session.kind == "candidate" or all(each.kind == "visit" for each in homes)
    for each in deaf:
        assert each.reach_ms <= each.end_ms + DEMO.widest_reach_ms
        if each.gone_ms is not None:
            assert each.end_ms <= (each.left_ms or each.gone_ms) <= each.gone_ms <= each.reach_ms


@given(reports, marks)
def test_more_evidence_never_makes_a_visit_less(said: list[Interval], felt: list[Mark]) -> None:
    deaf = deafness_of(ears_of(felt))
    before, after = sessions(said[:-1], DEMO, deaf), sessions(said, DEMO, deaf)
    for session in before:
        grown = [
            each
            for each in after
            if each.start_ms <= session.end_ms and each.end_ms >= session.start_ms
        ]
        assert max(each.end_ms for each in grown) >= session.end_ms
        assert min(each.start_ms for each in grown) <= session.start_ms
        assert max(each.evidence for each in grown) >= session.evidence
        assert session.kind == "candidate" or all(each.kind == "visit" for each in grown)


@given(st.data())
def test_joining_two_people_gives_the_visits_of_one(data: st.DataObject) -> None:
    said = data.draw(reports)
    whose = data.draw(st.lists(st.booleans(), min_size=len(said), max_size=len(said)))
    hers = [each for each, mine in zip(said, whose, strict=True) if mine]
    his = reassigned((each for each, mine in zip(said, whose, strict=True) if not mine), BOB)

    together = [*gathered(hers), *reassigned(his, ADA)]

    assert all(each.key.person == BOB for each in his)
    assert sessions(together, DEMO) == sessions(said, DEMO)


@given(st.data())
def test_splitting_a_person_gives_the_visits_of_two(data: st.DataObject) -> None:
    said = data.draw(reports)
    worker = Worker(rules=DEMO)
    worker.take(said, 0)
    hers = [each for each in worker.intervals.values() if not is_act(each)]
    his = reassigned((each for each in worker.intervals.values() if is_act(each)), BOB)

    assert sessions(hers, DEMO) == sessions([r for r in said if not is_act(r)], DEMO)
    assert sessions(his, DEMO) == sessions([r for r in said if is_act(r)], DEMO)


@given(reports, moments)
def test_withdrawing_leaves_nothing_from_that_moment_on(said: list[Interval], ms: int) -> None:
    kept = truncated(said, at(ms))

    assert truncated(kept, at(ms)) == kept
    assert all(session.end_ms < NOON + ms for session in sessions(kept, DEMO))
    until_then = [each for each in gathered(said) if each.last_ms < NOON + ms]
    assert set(until_then) <= set(kept)
    reached_over = {e.key for e in gathered(said) if e.key.first_ms < NOON + ms <= e.last_ms}
    assert {each.key for each in kept} == reached_over | {each.key for each in until_then}
