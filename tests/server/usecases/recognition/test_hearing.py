"""An edge that could not hear says so: nobody leaves meanwhile, and nobody stays for ever."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopbell_server.core.consent.ledger import Change, Purpose
from shopbell_server.core.facts import VisitEnded
from shopbell_server.core.ids import EdgeId, Millis
from shopbell_server.usecases.consent.withdrawal import end_presence
from shopbell_server.usecases.staff.who_is_here import who_is_here
from shopbell_server.usecases.visits.recompute import Terms
from shopbell_server.usecases.visits.sweep import sweep
from shopbell_wire.messages import ClockAnchor, ScannerHealth
from tests.server.usecases.floor import (
    BOOT,
    DAY,
    EDGES,
    MINUTE,
    NOW,
    RULES,
    SECOND,
    SINK,
    STORE,
    batch,
    unset,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopbell_server.core.board.rows import Row
    from shopbell_wire.messages import Hearing
    from tests.server.usecases.floor import Floor, Someone


def feels(state: Hearing, since_ms: int, *, scanner: str = "hci0") -> ScannerHealth:
    return ScannerHealth(
        scanner=scanner, state=state, since_ms=since_ms, reason="why", coverage=1.0
    )


def shown(floor: Floor, name: str = "ada", number: int = 1) -> Someone:
    someone = floor.enrol(name, number)
    floor.consents(someone, Change.GIVEN, NOW - DAY, Purpose.SHOW_TO_STAFF)
    return someone


def rows(floor: Floor, now_ms: int) -> Sequence[Row]:
    board = who_is_here(
        floor.database, Millis(now_ms), RULES, store=STORE, viewer="advisor", before=None
    )
    assert board is not None
    return board.rows


def sweep_at(floor: Floor, now_ms: int) -> None:
    sweep(floor.database, floor.entropy, Terms(rules=RULES, sinks=(SINK,)), Millis(now_ms))


def test_ten_minutes_without_bluetooth_make_no_customer_leave(floor: Floor) -> None:
    ada = shown(floor)
    floor.hear(feels("hearing", NOW - 60 * MINUTE))
    floor.hear(floor.presence(ada, NOW - 5 * MINUTE, NOW))
    taken = floor.hear(feels("blind", NOW + MINUTE), now_ms=NOW + MINUTE)
    assert taken.changed == {STORE: {ada.person}}

    (row,) = rows(floor, NOW + 12 * MINUTE)
    assert row.unseen_since_ms is None
    assert row.deaf_since_ms == NOW + MINUTE
    sweep_at(floor, NOW + 12 * MINUTE)

    floor.hear(feels("hearing", NOW + 12 * MINUTE), now_ms=NOW + 12 * MINUTE)
    (row,) = rows(floor, NOW + 14 * MINUTE - 1)
    assert (row.unseen_since_ms, row.deaf_since_ms) == (None, None)
    (row,) = rows(floor, NOW + 14 * MINUTE)
    assert row.unseen_since_ms == NOW
    assert rows(floor, NOW + 21 * MINUTE) == ()


def test_an_edge_that_never_comes_back_fills_no_board(floor: Floor) -> None:
    ada = shown(floor)
    floor.hear(floor.presence(ada, NOW - 5 * MINUTE, NOW), feels("blind", NOW))
    assert len(rows(floor, NOW + 40 * MINUTE - 1)) == 1
    assert rows(floor, NOW + 40 * MINUTE) == ()
    sweep_at(floor, NOW + 60 * MINUTE)
    assert floor.visits(ada)[0].state == "open"
    sweep_at(floor, NOW + 60 * MINUTE + 1)
    assert floor.visits(ada)[0].state == "ended"


def test_another_scanner_that_heard_her_and_hears_nothing_says_that_she_left(floor: Floor) -> None:
    ada = shown(floor)
    both = [floor.presence(ada, NOW - 5 * MINUTE, NOW, scanner=each) for each in ("hci0", "hci1")]
    floor.hear(*both, feels("blind", NOW))
    assert rows(floor, NOW + 10 * MINUTE) == ()


def test_news_of_deafness_joins_what_silence_had_split(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    floor.hear(floor.presence(ada, NOW - 60 * MINUTE, NOW - 50 * MINUTE))
    sweep_at(floor, NOW - 15 * MINUTE)
    floor.hear(floor.presence(ada, NOW - 10 * MINUTE, NOW))
    first, second = floor.visits(ada)

    floor.hear(feels("hearing", NOW - 35 * MINUTE))
    assert floor.visits(ada) == [first, second]
    floor.hear(feels("blind", NOW - 50 * MINUTE))

    (visit,) = floor.visits(ada)
    assert visit.id == first.id
    assert (visit.session.start_ms, visit.session.end_ms) == (first.session.start_ms, NOW)
    assert visit.session.reentries == 1
    floor.hear(feels("hearing", NOW - 49 * MINUTE))
    assert len(floor.visits(ada)) == 2


def test_a_visit_says_for_how_much_of_it_somebody_listened(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    floor.hear(
        feels("hearing", NOW - 60 * MINUTE),
        feels("blind", NOW - 4 * MINUTE),
        feels("hearing", NOW - 3 * MINUTE),
    )
    floor.hear(floor.presence(ada, NOW - 5 * MINUTE, NOW))
    sweep_at(floor, NOW + 31 * MINUTE)
    coverages = [fact.account.coverage for fact in floor.facts() if isinstance(fact, VisitEnded)]
    assert coverages == [0.8]


def test_what_no_scanner_said_anything_of_has_no_coverage(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    floor.hear(floor.presence(ada, NOW - 5 * MINUTE, NOW))
    sweep_at(floor, NOW + 31 * MINUTE)
    coverages = [fact.account.coverage for fact in floor.facts() if isinstance(fact, VisitEnded)]
    assert coverages == [None]


def test_the_deafness_of_an_edge_without_the_time_is_dated_by_its_anchor(floor: Floor) -> None:
    anchor = ClockAnchor(boot=BOOT, boottime_ms=DAY, wall_ms=NOW)
    said = batch(anchor, feels("blind", 5_000), clock=unset(DAY, 5_000))
    floor.take(said)
    with floor.database.read() as work:
        (mark,) = work.scanners.marks([(EdgeId(EDGES[0]), "hci0")], Millis(0), Millis(NOW + DAY))
    assert (mark.at_ms, mark.state) == (NOW, "blind")


def test_whoever_left_long_ago_is_not_looked_at(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    floor.hear(floor.presence(ada, NOW - 180 * MINUTE, NOW - 170 * MINUTE))
    taken = floor.hear(feels("blind", NOW), feels("hearing", NOW + SECOND), now_ms=NOW + SECOND)
    assert taken.changed == {}


def test_deafness_is_no_news_of_who_withdrew(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    floor.hear(floor.presence(ada, NOW - 5 * MINUTE, NOW))
    with floor.database.begin() as work:
        end_presence(work, ada.person, Millis(NOW - MINUTE), RULES)
        work.commit()
    floor.consents(ada, Change.WITHDRAWN, NOW - MINUTE)
    kept = floor.visits(ada)
    assert [visit.state for visit in kept] == ["ended"]
    taken = floor.hear(feels("blind", NOW - MINUTE))
    assert (floor.visits(ada), taken.changed) == (kept, {})
