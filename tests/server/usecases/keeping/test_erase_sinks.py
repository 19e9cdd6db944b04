"""Whoever was told of somebody is told that she is forgotten, and answers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from shopbell_server.core.ids import Millis
from shopbell_server.core.keeping.erasure import DONE_MS, is_overdue, stands_for
from shopbell_server.usecases.keeping.erase import NOT_ANSWERED, NOT_CONFIGURED, finish
from tests.server.usecases.floor import SINK
from tests.server.usecases.keeping.forgetting import LATER, a_telling, forgotten, sent, undone

if TYPE_CHECKING:
    from shopbell_server.core.keeping.erasure import Erasure
    from tests.server.usecases.floor import Floor


def test_sinks_are_told_under_the_name_that_they_know_her_by(floor: Floor) -> None:
    ada = floor.enrol("ada", 1, external_ids={"crm": "c-77"})
    floor.hear(floor.shows_pass(ada))
    before = len(floor.facts())
    erasure = forgotten(floor, ada)
    (told,) = sent(floor, erasure)
    assert (told.customer, told.known_as, told.after) == (ada.person, {"crm": "c-77"}, before)


def test_it_is_done_when_the_last_sink_has_answered(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    erasure = forgotten(floor, ada)
    assert not finish(floor.database, erasure, LATER)
    assert answers(floor, erasure) == [(SINK, NOT_ANSWERED)]
    (waits,) = undone(floor)
    assert waits.keys_ms == LATER
    assert not is_overdue(waits, Millis(LATER + DONE_MS))
    assert is_overdue(waits, Millis(LATER + DONE_MS + 1))
    assert len(sent(floor, erasure)) == 1
    assert finish(floor.database, waits, Millis(LATER + 5))
    assert undone(floor) == []
    with floor.database.read() as work:
        done = work.erasures.get(erasure.id)
        assert done == replace(erasure, keys_ms=LATER, done_ms=Millis(LATER + 5), profiles=())
        assert work.erasures.told_so_far(stands_for(erasure.id)) == 0
    assert finish(floor.database, waits, Millis(LATER + 9))


def answers(floor: Floor, erasure: Erasure) -> list[tuple[str, str]]:
    with floor.database.read() as work:
        return [(each.sink, each.answer) for each in work.told.of(stands_for(erasure.id))]


def test_a_sink_that_was_never_told_of_her_learns_nothing(floor: Floor) -> None:
    ada = floor.enrol("ada", 1, share=False)
    erasure = forgotten(floor, ada)
    assert sent(floor, erasure) == []
    assert finish(floor.database, erasure, LATER)


def test_a_sink_that_she_shared_with_once_is_told(floor: Floor) -> None:
    ada = floor.enrol("ada", 1, share=False)
    with floor.database.begin() as work:
        work.told.note([a_telling(ada, SINK)])
        work.commit()
    assert len(sent(floor, forgotten(floor, ada))) == 1


def test_a_sink_that_is_no_more_is_left_to_be_told_by_hand(floor: Floor) -> None:
    ada = floor.enrol("ada", 1, share=False)
    with floor.database.begin() as work:
        work.told.note([a_telling(ada, "old-cdp")])
        work.commit()
    erasure = forgotten(floor, ada)
    assert finish(floor.database, erasure, LATER)
    assert answers(floor, erasure) == [("old-cdp", NOT_CONFIGURED)]
