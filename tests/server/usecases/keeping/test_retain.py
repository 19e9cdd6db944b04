"""What a shop keeps after how long, with a clock that is set forward."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from shopbell_server.core.ids import CardRef, Millis
from shopbell_server.core.keeping.retention import Limits, Rule, What, rules, without_zones
from shopbell_server.core.recognition.passes import STEP_S
from shopbell_server.core.units import DAY_MS
from shopbell_server.usecases.keeping import retain
from shopbell_server.usecases.keeping.retain import let_go, total
from shopbell_server.usecases.visits.recompute import Terms
from shopbell_server.usecases.visits.sweep import sweep
from tests.server.db.rows import interval, visit
from tests.server.usecases.floor import NOW, RULES, SINK, STORE, batch

if TYPE_CHECKING:
    from collections import Counter

    from tests.server.usecases.floor import Floor, Someone

HOUR = 3_600_000


def rule(what: What, limits: Limits | None = None) -> Rule:
    return next(each for each in rules(limits or Limits()) if each.what is what)


def after(floor: Floor, what: What, age_ms: int, limits: Limits | None = None) -> Counter[str]:
    """Let go of what is due so long after NOW, and return how much that was."""
    return total(let_go(floor.database, rule(what, limits), Millis(NOW + age_ms)))


def visited(floor: Floor, someone: Someone) -> None:
    """Let her hold up her pass, and let her visit end."""
    floor.hear(floor.shows_pass(someone))
    sweep(floor.database, floor.entropy, Terms(rules=RULES, sinks=(SINK,)), Millis(NOW + 2 * HOUR))
    (hers,) = floor.visits(someone)
    assert hers.state == "ended"


def evidence(floor: Floor) -> list[object]:
    with floor.database.read() as work:
        return list(work.intervals.heard_since(STORE, Millis(0)))


def test_zones_are_forgotten_after_thirty_days_and_the_visit_stays(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    visited(floor, ada)
    (before,) = floor.visits(ada)
    assert before.session.zones
    assert not after(floor, What.ZONES, 30 * DAY_MS - 2_000)
    assert floor.visits(ada) == [before]
    assert after(floor, What.ZONES, 30 * DAY_MS) == {"visits": 1, "intervals": 1}
    (left,) = floor.visits(ada)
    assert left == replace(before, session=without_zones(before.session))
    assert left.session.shown is not None
    assert left.session.shown.zone is None
    assert [each.zone for each in evidence(floor)] == [None]  # type: ignore[attr-defined]
    assert not after(floor, What.ZONES, 31 * DAY_MS)


def test_a_tenant_may_forget_zones_sooner(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    visited(floor, ada)
    assert after(floor, What.ZONES, 10 * DAY_MS, Limits(zones_days=9))["visits"] == 1


def test_visits_go_with_their_evidence_before_thirteen_months_are_over(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    visited(floor, ada)
    assert not after(floor, What.VISITS, 391 * DAY_MS)
    assert after(floor, What.VISITS, 393 * DAY_MS) == {"visits": 1, "intervals": 1}
    assert floor.visits(ada) == []
    assert evidence(floor) == []


def test_no_visit_is_left_without_a_part_of_its_evidence(floor: Floor) -> None:
    """Of a stay over the boundary everything goes, or nothing does."""
    ada = floor.enrol("ada", 1)
    visited(floor, ada)
    for age_ms in range(392 * DAY_MS, 393 * DAY_MS + 6 * HOUR, 6 * HOUR):
        after(floor, What.VISITS, age_ms)
        assert bool(evidence(floor)) or not floor.visits(ada)


def test_the_work_is_done_in_pieces_and_goes_on_where_it_was_broken_off(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    long_ago = NOW - 500 * DAY_MS
    many = retain.VISITS + 1
    with floor.database.begin() as work:
        work.visits.put(
            [
                visit(
                    f"v{number:04}",
                    NOW - number,
                    NOW + HOUR - number,
                    person=ada.person,
                    store=STORE,
                    state="ended",
                )
                for number in range(many)
            ]
        )
        work.intervals.join(
            [
                interval(long_ago + number, long_ago + number, person=ada.person, store=STORE)
                for number in range(retain.PIECE + 1)
            ]
        )
        work.commit()
    later = Millis(NOW + 500 * DAY_MS)
    work_to_do = let_go(floor.database, rule(What.VISITS), later)
    assert next(work_to_do) == {"visits": retain.VISITS}
    del work_to_do
    assert [*let_go(floor.database, rule(What.VISITS), later)] == [
        {"visits": 1},
        {"intervals": retain.PIECE},
        {"intervals": 1},
    ]


def test_zones_are_taken_out_of_many_visits_in_pieces(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    with floor.database.begin() as work:
        work.visits.put(
            [
                visit(
                    f"v{number:04}",
                    NOW - number,
                    NOW + HOUR - number,
                    person=ada.person,
                    store=STORE,
                    state="ended",
                )
                for number in range(retain.VISITS + 1)
            ]
        )
        work.commit()
    later = Millis(NOW + 40 * DAY_MS)
    pieces = [*let_go(floor.database, rule(What.ZONES), later)]
    assert pieces == [{"visits": retain.VISITS}, {"visits": 1}]
    assert not any(each.session.zones for each in floor.visits(ada))


def test_a_code_is_known_as_used_for_as_long_as_an_edge_may_bring_it_again(floor: Floor) -> None:
    """Shown to two edges, of which one is offline for a week."""
    ada = floor.enrol("ada", 1)
    shown = floor.shows_pass(ada)
    assert floor.hear(shown).events["pass_accepted"] == 1
    week_ms = 8 * DAY_MS - HOUR
    assert not after(floor, What.CODES, week_ms)
    again = floor.take(batch(shown, edge="ams01-mid", stream="9" * 32), now_ms=NOW + week_ms)
    assert again.events["pass_used"] == 1
    assert after(floor, What.CODES, 8 * DAY_MS + HOUR) == {"code_uses": 1}
    with floor.database.begin() as work:
        step = (shown.at_ms // 1000) // STEP_S
        assert work.intervals.code_use(CardRef(ada.card.ref), step) is None


def test_a_batch_counts_once_for_as_long_as_it_could_count(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    sent = batch(floor.shows_pass(ada), stream="9" * 32)
    floor.take(sent)
    assert not after(floor, What.BATCHES, 9 * DAY_MS)
    assert floor.take(sent, now_ms=NOW + 9 * DAY_MS).batches["repeated"] == 1
    assert after(floor, What.BATCHES, 9 * DAY_MS + HOUR) == {"batches": 1}
    late = floor.take(sent, now_ms=NOW + 9 * DAY_MS + HOUR)
    assert late.batches["taken"] == 1
    assert not late.changed  # it is taken again, and changes nothing


def test_the_bytes_of_a_batch_that_was_set_aside_go_after_a_day(floor: Floor) -> None:
    floor.intake.set_aside(batch(stream="9" * 32), Millis(NOW))
    assert not after(floor, What.SET_ASIDE, DAY_MS)
    assert after(floor, What.SET_ASIDE, DAY_MS + 1) == {"quarantined_batches": 1}
    assert not after(floor, What.REFUSED, 14 * DAY_MS)
    assert after(floor, What.REFUSED, 14 * DAY_MS + 1) == {"quarantined_batches": 1}


def test_dead_letters_go_after_two_weeks(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    visited(floor, ada)
    with floor.database.begin() as work:
        (due,) = work.outgoing.claim(SINK, Millis(NOW + DAY_MS), 0, 9)
        work.outgoing.give_up(SINK, due.fact.fact, Millis(NOW), "403")
        work.commit()
    assert not after(floor, What.DELIVERIES, 14 * DAY_MS)["deliveries"]
    assert after(floor, What.DELIVERIES, 14 * DAY_MS + 1)["deliveries"] == 1


def test_what_no_sink_ever_took_goes_with_the_zones_in_it(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    visited(floor, ada)
    assert not after(floor, What.WAITING, 30 * DAY_MS)
    assert after(floor, What.WAITING, 30 * DAY_MS + 3 * HOUR)["deliveries"] > 0
    with floor.database.read() as work:
        assert work.outgoing.waiting(SINK) == (0, None)


def test_the_windows_of_tokens_that_are_too_old_are_forgotten(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    with floor.database.read() as work:
        (issued,) = work.people.issued([ada.person])[ada.person]
    last_ms = (issued.last + 1) * 900_000
    assert not after(floor, What.ISSUED, last_ms - NOW + 9 * DAY_MS)
    assert after(floor, What.ISSUED, last_ms - NOW + 10 * DAY_MS) == {"issued_windows": 1}


@pytest.mark.parametrize("what", list(What))
def test_nothing_young_is_touched(floor: Floor, what: What) -> None:
    ada = floor.enrol("ada", 1)
    visited(floor, ada)
    assert not after(floor, what, 3 * HOUR)
