"""What is kept of what was heard, report by report: of whom, for how long, and who may have it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopbell_server.core.audit.chain import Actor
from shopbell_server.core.consent.ledger import Change
from shopbell_server.core.ids import EdgeId, Millis
from shopbell_server.core.keeping.retention import Limits, What, rules
from shopbell_server.core.observations import KEPT_MS, SHELF_MS, TAKEN_MS, Observation
from shopbell_server.usecases.consent.withdrawal import end_presence
from shopbell_server.usecases.intake.shelves import make_shelves_ahead
from shopbell_server.usecases.keeping.export import export
from shopbell_server.usecases.keeping.retain import let_go, total
from tests.server.usecases.floor import (
    EDGES,
    MINUTE,
    NOW,
    RULES,
    SECOND,
    STORE,
)

if TYPE_CHECKING:
    from tests.server.usecases.floor import Floor, Someone


def observed(floor: Floor, someone: Someone) -> list[Observation]:
    with floor.database.read() as work:
        found = work.observations.of([someone.person], STORE, Millis(0), Millis(2**52))
    return list(found.get(someone.person, ()))


def of(someone: Someone, at_ms: int, n: int = 20, edge: str = EDGES[0]) -> Observation:
    return Observation(
        someone.person,
        STORE,
        EdgeId(edge),
        "hci0",
        "service-data",
        Millis(at_ms),
        14.0,
        n,
    )


def test_each_report_of_somebody_who_consents_is_kept(floor: Floor) -> None:
    ada, eve, sam = (
        floor.enrol("ada", 1),
        floor.enrol("eve", 2, given_ms=None),
        floor.enrol("sam", 3, staff=True),
    )
    floor.hear(
        floor.presence(ada, n=5, last_ms=NOW - MINUTE),
        floor.presence(ada, n=9),
        floor.presence(eve),
        floor.presence(sam),
    )
    assert observed(floor, ada) == [of(ada, NOW - MINUTE, 5), of(ada, NOW - SECOND, 9)]
    assert observed(floor, eve) == observed(floor, sam) == []


def test_a_batch_of_another_hour_finds_room(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    hours = [NOW - SECOND - each * SHELF_MS for each in range(3)]
    floor.hear(*(floor.presence(ada, each - MINUTE, each) for each in hours))
    floor.hear(floor.presence(ada, NOW + SECOND, NOW + 2 * SECOND), edge=EDGES[1])
    assert [each.at_ms for each in observed(floor, ada)] == [*hours[::-1], NOW + 2 * SECOND]


def test_room_is_there_before_somebody_comes(floor: Floor) -> None:
    make_shelves_ahead(floor.database, Millis(NOW - 2 * SHELF_MS))
    ada = floor.enrol("ada", 1)
    with floor.database.begin() as work:
        work.observations.put([of(ada, NOW - SECOND)])
        work.commit()
    assert observed(floor, ada) == [of(ada, NOW - SECOND)]


def test_what_is_nearly_a_day_old_when_it_comes_makes_visits_and_is_not_kept(
    floor: Floor,
) -> None:
    ada = floor.enrol("ada", 1)
    old, young = NOW - TAKEN_MS - 1, NOW - TAKEN_MS
    floor.hear(floor.presence(ada, old - MINUTE, old), floor.presence(ada, old - MINUTE, young))
    assert observed(floor, ada) == [of(ada, young)]
    assert len(floor.visits(ada)) == 1


def test_nothing_of_it_is_left_after_a_day(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    (rule,) = [each for each in rules(Limits()) if each.what is What.OBSERVATIONS]
    floor.hear(floor.presence(ada, NOW - 3 * MINUTE, NOW - SECOND))
    gone = total(let_go(floor.database, rule, Millis(NOW + KEPT_MS - 2 * SHELF_MS)))
    assert not gone
    assert len(observed(floor, ada)) == 1
    total(let_go(floor.database, rule, Millis(NOW + KEPT_MS)))
    assert observed(floor, ada) == []
    assert len(floor.visits(ada)) == 1


def test_whoever_withdraws_keeps_none_from_that_moment_on(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    floor.hear(
        floor.presence(ada, NOW - 9 * MINUTE, NOW - 2 * MINUTE),
        floor.presence(ada, NOW - 9 * MINUTE, NOW - MINUTE),
        floor.presence(ada, NOW - 9 * MINUTE),
    )
    with floor.database.begin() as work:
        work.people.lock([ada.person])
        end_presence(work, ada.person, Millis(NOW - MINUTE), RULES)
        work.commit()
    floor.consents(ada, Change.WITHDRAWN, NOW - MINUTE)
    floor.hear(floor.presence(ada), edge=EDGES[1])
    assert [each.at_ms for each in observed(floor, ada)] == [NOW - 2 * MINUTE]


def test_she_may_take_them_along(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    floor.hear(floor.presence(ada))
    sam = Actor(kind="operator", name="sam")
    with floor.database.begin() as work:
        made = export(
            work, Millis(NOW), enrolment=ada.enrolment, rules=RULES, actor=sam, form="json"
        )
    (line,) = made.tables["observations"]
    assert (line["edge"], line["scanner"], line["loss_db"], line["times"]) == (
        EDGES[0],
        "hci0",
        14.0,
        20,
    )
