"""Rows 18 and 19: somebody has a picture of her pass, and shows it after her, before her, or elsewhere."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING

import pytest

from shopbell_server.core.audit.chain import What
from shopbell_server.core.evidence import Evidence
from shopbell_server.core.facts import PassScanned, VisitCancelled
from shopbell_server.core.ids import Millis
from tests.server.usecases.floor import (
    DAY,
    EDGES,
    FAR_EDGE,
    MINUTE,
    NOW,
    OTHER_STORE,
    SECOND,
    STORE,
    batch,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shopbell_server.usecases.intake.take import Message, Taken
    from shopbell_wire.messages import Scan
    from tests.server.usecases.floor import Floor, Someone

MADE = NOW - NOW % (30 * SECOND)
"""The first moment of a step: of this step is the picture."""

LATER = NOW + 3 * DAY
"""When edges that were offline speak."""


@pytest.fixture
def anna(floor: Floor) -> Someone:
    return floor.enrol("anna", 1)


def picture(floor: Floor, anna: Someone, after_ms: int) -> Scan:
    """Return that the pass of one moment was shown so long after it was made."""
    return floor.shows_pass(anna, MADE + after_ms, made_ms=MADE)


def told(taken: Taken) -> list[tuple[str, str]]:
    return [each for each in taken.alarms if each[0] == "pass_shown_twice"]


def recorded(floor: Floor) -> list[tuple[str | None, str, str]]:
    """Return what the audit says of passes that were shown twice: store, edge, and what became of it."""
    with floor.database.read() as work:
        records = list(work.audit.records(0))
    return [
        (each.act.store, each.act.about, each.act.why)
        for each in records
        if each.act.what == What.PASS_SHOWN_TWICE
    ]


def test_a_screenshot_that_is_shown_after_her_is_refused(floor: Floor, anna: Someone) -> None:
    hers = floor.hear(picture(floor, anna, SECOND))
    assert hers.events["pass_accepted"] == 1
    for after_s, why in ((10, "used"), (40, "used"), (70, "stale")):
        at_ms = MADE + after_s * SECOND
        taken = floor.hear(picture(floor, anna, after_s * SECOND), now_ms=at_ms)
        assert taken.events[f"pass_{why}"] == 1
        assert taken.events["pass_accepted"] == 0
    (visit,) = floor.visits(anna)
    assert (visit.session.n, visit.session.end_ms) == (1, MADE + SECOND)


def test_a_screenshot_of_another_day_is_nothing(floor: Floor, anna: Someone) -> None:
    taken = floor.hear(picture(floor, anna, DAY), now_ms=MADE + DAY)
    assert taken.events["pass_stale"] == 1
    assert floor.visits(anna) == []


def two_scans(floor: Floor, anna: Someone, other_edge: str) -> list[Message]:
    """Return her scan at the door, and half a minute later one of its picture at another edge."""
    return [
        batch(picture(floor, anna, 5 * SECOND), edge=EDGES[0], stream="a" * 32),
        batch(picture(floor, anna, 35 * SECOND), edge=other_edge, stream="b" * 32),
    ]


@pytest.mark.parametrize("other_edge", [FAR_EDGE, EDGES[2]])
@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
@pytest.mark.parametrize("together", [True, False])
def test_a_pass_at_two_offline_edges_is_found_when_they_speak(
    floor: Floor,
    anna: Someone,
    other_edge: str,
    order: tuple[int, int],
    together: bool,  # noqa: FBT001  # a parameter
) -> None:
    """Whichever speaks first, and to whichever worker: the earlier scan counts, and the operator is told."""
    scans = two_scans(floor, anna, other_edge)
    arriving = [scans[number] for number in order]
    if together:
        taken = [floor.take(*arriving, now_ms=LATER)]
    else:
        taken = [
            floor.worker(f"w{number}").take([message], Millis(LATER + number))
            for number, message in enumerate(arriving)
        ]
    alarms = [each for one in taken for each in told(one)]
    assert alarms == [("pass_shown_twice", other_edge)]
    other_store = OTHER_STORE if other_edge == FAR_EDGE else STORE
    assert recorded(floor) == [(STORE, EDGES[0], "counts"), (other_store, other_edge, "refused")]
    (visit,) = floor.visits(anna)
    assert (visit.store, visit.session.scanners) == (STORE, ((EDGES[0], "cam0"),))
    assert visit.session.evidence is Evidence.PASS
    assert visit.session.start_ms == visit.session.end_ms == MADE + 5 * SECOND


def test_the_visit_that_counts_no_more_is_taken_back_where_it_was_told(
    floor: Floor, anna: Someone
) -> None:
    hers, copied = two_scans(floor, anna, FAR_EDGE)
    first = floor.take(copied, now_ms=MADE + MINUTE)
    assert first.events["pass_accepted"] == 1
    second = floor.take(hers, now_ms=MADE + 2 * MINUTE)
    assert second.events["pass_accepted"] == 1
    assert second.changed.keys() == {STORE, OTHER_STORE}
    facts = floor.facts()
    scanned = [each.store for each in facts if isinstance(each, PassScanned)]
    cancelled = [each.store for each in facts if isinstance(each, VisitCancelled)]
    assert (scanned, cancelled) == ([OTHER_STORE, STORE], [OTHER_STORE])


def test_what_else_was_heard_where_it_counts_no_more_stays(floor: Floor, anna: Someone) -> None:
    """Only the pass is taken back: that her phone was heard there is true."""
    hers, copied = two_scans(floor, anna, EDGES[2])
    heard = floor.presence(anna, MADE - 2 * MINUTE, MADE + 35 * SECOND)
    floor.take(copied, batch(heard, edge=EDGES[2], stream="c" * 32), now_ms=MADE + MINUTE)
    floor.take(hers, now_ms=LATER)
    (visit,) = floor.visits(anna)
    assert visit.session.scanners == ((EDGES[0], "cam0"), (EDGES[2], "hci0"))
    assert visit.session.evidence is Evidence.PASS


def test_three_edges_in_every_order_come_to_the_same(floor: Floor) -> None:
    """Each person is one order; their visits are the same but for whose they are."""
    stays = set()
    for number, order in enumerate(permutations(range(3)), 1):
        someone = floor.enrol(f"guest{number}", number)
        for at in order:
            floor.take(*scan_of(floor, someone, at), now_ms=LATER)
        (visit,) = floor.visits(someone)
        stays.add((visit.store, visit.session.start_ms, visit.session.end_ms, visit.session.n))
    assert stays == {(STORE, MADE + SECOND, MADE + SECOND, 1)}


def scan_of(floor: Floor, someone: Someone, at: int) -> Sequence[Message]:
    edge = (EDGES[1], FAR_EDGE, EDGES[0])[at]
    shown = picture(floor, someone, (1 + 10 * at) * SECOND)
    return [batch(shown, edge=edge, stream=floor.entropy.token(16).hex())]


def test_a_camera_that_reads_her_pass_twice_alarms_nobody(floor: Floor, anna: Someone) -> None:
    floor.hear(picture(floor, anna, SECOND))
    again = floor.hear(picture(floor, anna, 3 * SECOND))
    assert (again.events["pass_used"], told(again)) == (1, [])
    assert recorded(floor) == []


def test_who_withdrew_leaves_no_use_of_a_code_that_counts_again(
    floor: Floor, anna: Someone
) -> None:
    """A picture of her pass is worth nothing to anybody, whatever she allows now."""
    hers, copied = two_scans(floor, anna, FAR_EDGE)
    floor.take(hers, now_ms=MADE + MINUTE)
    with floor.database.begin() as work:
        work.people.revoke(anna.person, Millis(MADE + MINUTE))
        work.commit()
    taken = floor.take(copied, now_ms=LATER)
    assert (taken.events["pass_not_allowed"], told(taken)) == (1, [])
