"""Who was forgotten, in every database."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from shopbell_server.core.ids import FactId, Millis, ProfileId
from shopbell_server.core.keeping.erasure import Erasure, ErasureId, stands_for
from shopbell_server.core.keeping.retention import What
from tests.server.db.rows import ANNA, BEN, PROFILE, enrol, fact

if TYPE_CHECKING:
    from shopbell_server.ports.database import UnitOfWork

ONE = Erasure(
    id=ErasureId("erasure-1"),
    person=ANNA,
    profiles=(PROFILE, ProfileId("profile-0")),
    asked_ms=Millis(1_000),
    asked_by="phone",
)
TWO = replace(ONE, id=ErasureId("erasure-2"), person=BEN, profiles=(), asked_ms=Millis(2_000))


def test_an_erasure_is_remembered_step_by_step(work: UnitOfWork) -> None:
    work.erasures.add(ONE)
    work.erasures.add(TWO)
    assert work.erasures.get(ONE.id) == ONE
    assert work.erasures.get(ErasureId("erasure-3")) is None
    assert work.erasures.undone(9) == [ONE, TWO]
    assert work.erasures.undone(1) == [ONE]
    work.erasures.keys_destroyed(ONE.id, Millis(5))
    assert work.erasures.undone(1) == [TWO]
    for at_ms in (5, 6):
        work.erasures.keys_destroyed(ONE.id, Millis(at_ms))
        work.erasures.done(ONE.id, Millis(at_ms + 2))
    done = replace(ONE, keys_ms=Millis(5), done_ms=Millis(7), profiles=())
    assert work.erasures.get(ONE.id) == done
    assert work.erasures.undone(9) == [TWO]
    assert work.erasures.all(9) == [TWO, done]


def test_whose_key_is_still_there_is_known_by_the_profile(work: UnitOfWork) -> None:
    work.erasures.add(ONE)
    work.erasures.add(TWO)
    assert work.erasures.has_keys_left([ProfileId("profile-0"), ProfileId("other")])
    assert not work.erasures.has_keys_left([ProfileId("other")])
    assert not work.erasures.has_keys_left([])
    work.erasures.keys_destroyed(ONE.id, Millis(5))
    assert not work.erasures.has_keys_left([PROFILE])


def test_everybody_has_a_turn(work: UnitOfWork) -> None:
    for each in (ONE, TWO):
        work.erasures.add(each)
        work.erasures.keys_destroyed(each.id, Millis(5))
    one, two = work.erasures.undone(9)
    assert work.erasures.undone(1, one.id) == [two]
    assert work.erasures.undone(9, one.id) == [two, one]
    assert work.erasures.undone(9, two.id) == [one, two]
    three = replace(TWO, id=ErasureId("erasure-3"))
    work.erasures.add(three)
    assert work.erasures.undone(1, three.id) == [three], "keys that are still there have no turn"


def test_what_is_overdue_is_counted(work: UnitOfWork) -> None:
    work.erasures.add(ONE)
    work.erasures.add(TWO)
    assert work.erasures.count_overdue(Millis(1_000)) == 0
    assert work.erasures.count_overdue(Millis(2_001)) == 2
    work.erasures.done(ONE.id, Millis(5))
    assert work.erasures.count_overdue(Millis(2_001)) == 1


def test_profiles_that_outlive_somebody_are_found_once_nobody_uses_them(work: UnitOfWork) -> None:
    enrol(work)
    used = work.people.profiles([PROFILE])[PROFILE]
    others = [replace(used, id=ProfileId(f"other-{number}")) for number in range(3)]
    for each in (used, *others[:2]):
        work.people.put_profile(replace(each, forgotten_ms=Millis(5_000)))
    work.people.put_profile(others[2])
    assert work.erasures.outliving("", 9) == ["other-0", "other-1"]
    assert work.erasures.outliving("", 1) == ["other-0"]
    assert work.erasures.outliving("other-0", 9) == ["other-1"]
    work.people.revoke(ANNA, Millis(5_001))
    assert PROFILE not in work.erasures.outliving("", 9), "who left after her"
    work.people.put_profile(replace(used, forgotten_ms=Millis(5_001)))
    assert work.erasures.outliving("", 9) == ["other-0", "other-1", PROFILE]


def test_a_tombstone_says_when_and_not_who(work: UnitOfWork) -> None:
    work.erasures.mark("person", [ANNA], Millis(5))
    work.erasures.mark("identifier crm", [ANNA, "c-1"], Millis(6))
    work.erasures.mark("person", [ANNA], Millis(4))
    assert work.erasures.erased("person", [ANNA, BEN]) == {ANNA: 5}
    assert work.erasures.erased("identifier crm", ["c-1", "c-2"]) == {"c-1": 6}
    assert work.erasures.erased("profile", [ANNA]) == {}
    assert work.erasures.erased("person", []) == {}


def test_events_under_an_erasure_are_counted_and_removed(work: UnitOfWork) -> None:
    told_as = stands_for(ONE.id)
    work.outgoing.add([fact("a", told_as)], ["cdp", "archive"], Millis(0))
    work.outgoing.add([fact("b")], ["cdp"], Millis(0))
    assert work.erasures.waiting(told_as) == {"cdp": 1, "archive": 1}
    assert work.erasures.told_so_far(told_as) == work.erasures.told_so_far(ANNA) == 1
    work.outgoing.delivered("cdp", FactId("a"), Millis(1))
    assert work.erasures.waiting(told_as) == {"archive": 1}
    work.erasures.remove_events(told_as)
    assert work.erasures.waiting(told_as) == {}
    assert work.erasures.told_so_far(told_as) == 0
    assert work.erasures.told_so_far(BEN) == 0
    assert work.erasures.waiting(ANNA) == {"cdp": 1}


def test_those_who_left_are_found_by_when(work: UnitOfWork) -> None:
    enrol(work)
    enrol(work, BEN, number=2)
    assert work.erasures.ended_before(Millis(10**9), 9) == []
    work.people.revoke(ANNA, Millis(200))
    work.people.revoke(BEN, Millis(100))
    assert work.erasures.ended_before(Millis(100), 9) == []
    assert work.erasures.ended_before(Millis(201), 9) == [BEN, ANNA]
    assert work.erasures.ended_before(Millis(201), 1) == [BEN]


def test_all_who_are_enrolled_are_found_page_by_page(work: UnitOfWork) -> None:
    enrol(work, BEN, number=2)
    enrol(work)
    assert work.erasures.persons("", 1) == [ANNA]
    assert work.erasures.persons(ANNA, 9) == [BEN]
    assert work.erasures.persons(BEN, 9) == []


def test_that_it_was_done_is_forgotten_in_the_end(work: UnitOfWork) -> None:
    work.erasures.add(ONE)
    work.erasures.add(TWO)
    work.erasures.done(ONE.id, Millis(5))
    work.erasures.mark("person", [ANNA], Millis(5))
    late = Millis(10_000)
    assert work.retention.remove(What.ERASURES, late, 9) == {"erasures": 1}
    assert work.erasures.undone(9) == [TWO]
    assert work.retention.remove(What.TOMBSTONES, late, 9) == {"tombstones": 1}
