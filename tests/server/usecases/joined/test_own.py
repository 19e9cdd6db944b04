"""Each of those who are joined is told of her own device, and of no other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopbell_server.core.audit.chain import Act, Actor, What
from shopbell_server.core.ids import Millis
from shopbell_server.usecases.staff.looks import own_looks
from shopbell_server.usecases.visits.own import own_visits
from tests.server.usecases.floor import FAR_EDGE, MINUTE, NOW, OTHER_STORE, RULES, STORE, Floor
from tests.server.usecases.joined.doing import bought, done, joined, parted, spans, was_heard

if TYPE_CHECKING:
    from shopbell_server.ports.database import UnitOfWork
    from tests.server.usecases.floor import Someone


def test_each_is_told_of_her_own_device_and_of_no_other(
    floor: Floor, old: Someone, new: Someone
) -> None:
    was_heard(floor, old, 120, 110)
    joined(floor, old, new)
    was_heard(floor, new, 60, 50)
    was_heard(floor, old, 55, 54)
    was_heard(floor, new, 20, 10, edge=FAR_EDGE)
    bought(floor, new, "r1", NOW - 52 * MINUTE)
    with floor.database.read() as work:
        hers = own_visits(work, old.person, RULES)
        his = own_visits(work, new.person, RULES)
        all_ = work.visits.of_person(old.person)
    assert spans(all_) == [(120, 110), (60, 50), (20, 10)]
    assert spans(hers) == [(120, 110), (55, 54)]
    assert [each.id for each in hers] == [all_[0].id, all_[1].id]
    assert [each.reported for each in hers] == [True, True]
    assert [each.converted for each in hers] == [False, False]
    assert spans(his) == [(60, 50), (20, 10)]
    assert [each.converted for each in his] == [True, False]
    assert {each.person for each in his} == {new.person}
    parted(floor, old)
    with floor.database.read() as work:
        assert own_visits(work, new.person, RULES) == floor.visits(new)


def test_each_is_told_of_looks_at_where_she_was(floor: Floor, old: Someone, new: Someone) -> None:
    joined(floor, old, new)
    was_heard(floor, old, 120, 110)
    was_heard(floor, new, 20, 10, edge=FAR_EDGE)
    first, second = floor.visits(old)

    def looked(work: UnitOfWork) -> None:
        actor = Actor(kind="staff", name="sam", role="advisor")
        for number, (what, store, about) in enumerate(
            [
                (What.BOARD_READ, STORE, first.id),
                (What.BOARD_READ, OTHER_STORE, second.id),
                (What.BOARD_READ, STORE, "a visit that is gone"),
                (What.PROFILE_READ, None, ""),
            ]
        ):
            act = Act(
                at_ms=Millis(NOW + number),
                actor=actor,
                what=what,
                person=old.person,
                store=store,
                about=about,
                why="serve",
            )
            work.audit.note([act])

    done(floor, looked)
    with floor.database.read() as work:
        assert [each.store for each in own_looks(work, old.person)] == [None, STORE]
        assert [each.store for each in own_looks(work, new.person)] == [OTHER_STORE]
    parted(floor, new)
    with floor.database.read() as work:
        assert len(own_looks(work, old.person)) == 4
