"""Whom a worker remembers is who she is now."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

import pytest

from shopbell_server.core.consent.ledger import Change, Purpose
from shopbell_server.core.identity.people import Issued
from shopbell_server.core.ids import DeviceNo, Millis, PersonId, Window
from shopbell_server.usecases.recognition.acquaintances import Acquaintances
from tests.server.usecases.floor import MINUTE, NOW, SECOND, Floor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from shopbell_server.core.recognition.acceptance import Acquaintance
    from shopbell_server.ports.database import UnitOfWork
    from tests.server.usecases.floor import Someone


def held(
    floor: Floor, who: Acquaintances, numbers: Iterable[int] = (), persons: Iterable[str] = ()
) -> Mapping[PersonId, Acquaintance]:
    with floor.database.begin() as work:
        return who.hold(
            work, [DeviceNo(each) for each in numbers], [PersonId(each) for each in persons]
        )


def done(floor: Floor, change: Callable[[UnitOfWork], None]) -> None:
    with floor.database.begin() as work:
        change(work)
        work.commit()


def withdraws(floor: Floor, ada: Someone) -> None:
    floor.consents(ada, Change.WITHDRAWN, NOW)


def is_revoked(floor: Floor, ada: Someone) -> None:
    done(floor, lambda work: work.people.revoke(ada.person, Millis(NOW)))


def comes_back(floor: Floor, ada: Someone) -> None:
    done(floor, lambda work: work.people.renumber(ada.person, DeviceNo(77)))


def gets_tokens(floor: Floor, ada: Someone) -> None:
    more = Issued(person=ada.person, first=Window(5), last=Window(6))
    done(floor, lambda work: work.people.add_issued(more))


def works_here(floor: Floor, ada: Someone) -> None:
    def hire(work: UnitOfWork) -> None:
        profile = work.people.profiles([ada.enrolment.profile])[ada.enrolment.profile]
        work.people.put_profile(replace(profile, staff=True))

    done(floor, hire)


CHANGES = [withdraws, is_revoked, comes_back, gets_tokens, works_here]


def test_somebody_whom_nothing_changed_is_not_asked_for_again(floor: Floor) -> None:
    ada, eve = floor.enrol("ada", 1), floor.enrol("eve", 2)
    who = Acquaintances()
    first = held(floor, who, [1], ["eve"])
    assert first == held(floor, Acquaintances(), [1, 2, 3], ["nobody"])
    assert {person: each.enrolment for person, each in first.items()} == {
        "ada": ada.enrolment,
        "eve": eve.enrolment,
    }
    withdraws(floor, eve)
    again = held(floor, who, [1, 2])
    assert again[ada.person] is first[ada.person]
    assert again[eve.person] != first[eve.person]


@pytest.mark.parametrize("change", CHANGES)
def test_what_changed_is_felt_at_once(
    floor: Floor, change: Callable[[Floor, Someone], None]
) -> None:
    ada = floor.enrol("ada", 1)
    who = Acquaintances()
    before = held(floor, who, [1])
    change(floor, ada)
    after = held(floor, who, [1], ["ada"])
    assert after == held(floor, Acquaintances(), [1], ["ada"])
    assert after != before
    assert held(floor, who, [1]) == held(floor, Acquaintances(), [1])


def test_a_number_that_went_to_somebody_else_is_hers_at_once(floor: Floor) -> None:
    ada, eve = floor.enrol("ada", 1), floor.enrol("eve", 2)
    who = Acquaintances()
    held(floor, who, [1, 2])
    comes_back(floor, ada)
    done(floor, lambda work: work.people.renumber(eve.person, DeviceNo(1)))
    for _ in range(2):
        assert held(floor, who, [1])[eve.person].enrolment.device_no == 1
        assert {each.enrolment.device_no for each in held(floor, who, [1, 77]).values()} == {1, 77}


def test_who_was_remembered_in_a_unit_of_work_that_failed_is_who_she_is(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    who = Acquaintances()
    with floor.database.begin() as work:
        who.hold(work, [DeviceNo(1)], [])
        work.people.revoke(ada.person, Millis(NOW))
        who.hold(work, [DeviceNo(1)], [])
    is_revoked(floor, ada)
    assert held(floor, who, [1]) == held(floor, Acquaintances(), [1])


@pytest.mark.parametrize("seed", range(3))
def test_whom_it_remembers_is_who_they_are_whatever_happens(floor: Floor, seed: int) -> None:
    dice = Random(seed)
    people = [floor.enrol(f"p{number}", number) for number in range(1, 6)]
    who = Acquaintances(most=3)
    for number in range(30):
        someone = dice.choice(people)
        match dice.randrange(4):
            case 0:
                change = dice.choice([Change.GIVEN, Change.WITHDRAWN])
                purpose = dice.choice([Purpose.RECOGNISE_IN_STORE, Purpose.MESSAGES])
                floor.consents(someone, change, NOW - 1_000 + number, purpose)
            case 1:
                free = DeviceNo(100 + number)
                done(floor, lambda work: work.people.renumber(someone.person, free))  # noqa: B023  (called at once)
            case _:
                numbers = dice.sample([*range(1, 6), *range(100, 131)], 12)
                persons = dice.sample([each.person for each in people], 2)
                assert held(floor, who, numbers, persons) == held(
                    floor, Acquaintances(), numbers, persons
                )


def test_a_withdrawal_is_felt_by_a_worker_that_knew_her_a_moment_ago(floor: Floor) -> None:
    ada = floor.enrol("ada", 1)
    floor.hear(floor.presence(ada))
    ((_, evidence),) = [(visit.id, visit.session.end_ms) for visit in floor.visits(ada)]
    floor.consents(ada, Change.WITHDRAWN, NOW)
    taken = floor.hear(floor.presence(ada, last_ms=NOW + MINUTE), now_ms=NOW + MINUTE + SECOND)
    assert taken.events["unresolved"] == 1
    assert taken.changed == {}
    assert [visit.session.end_ms for visit in floor.visits(ada)] == [evidence]


def test_who_is_joined_with_somebody_is_held_with_her(floor: Floor) -> None:
    ada, ann, eve = floor.enrol("ada", 1), floor.enrol("ann", 2), floor.enrol("eve", 3)
    who = Acquaintances()
    assert set(held(floor, who, [2, 3])) == {ann.person, eve.person}
    done(floor, lambda work: work.joined.put([ada.person, ann.person], ada.person))
    for _ in range(2):
        found = held(floor, who, [2], ["eve"])
        assert found == held(floor, Acquaintances(), [1, 3])
        assert found[ada.person].enrolment.head == found[ann.person].enrolment.head == "ada"
        assert found[eve.person].enrolment.head is None
    done(floor, lambda work: work.joined.put([ada.person, ann.person], None))
    for _ in range(2):
        # Once more with her: whom somebody was joined with is a guess at whom to hold, and no more.
        assert held(floor, who, [2])[ann.person].enrolment.head is None
    few = Acquaintances(most=1)
    done(floor, lambda work: work.joined.put([eve.person, ann.person], ann.person))
    for _ in range(2):
        assert held(floor, few, [3]) == held(floor, Acquaintances(), [2])
