from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from shopbell_server.core.consent.ledger import Change, Purpose
from shopbell_server.core.identity.people import Issued
from shopbell_server.core.ids import CardRef, Day, DeviceNo, Millis, ProfileId, Window
from shopbell_server.ports.database import DatabaseBusyError, DatabaseRefusedError
from tests.server.db.rows import ANNA, BEN, PHONE, PROFILE, add_profile, card, enrol, entry, hashed

if TYPE_CHECKING:
    from collections.abc import Callable

    from shopbell_server.core.ids import PersonId
    from shopbell_server.ports.database import Database, UnitOfWork


def test_profiles_are_found_and_replaced(work: UnitOfWork) -> None:
    first = add_profile(work)
    second = replace(first, id=ProfileId("p2"), first_name=None, language=None)
    work.people.put_profile(second)
    changed = replace(first, staff=True, forgotten_ms=Millis(5))
    work.people.put_profile(changed)
    assert work.people.profiles([PROFILE, ProfileId("p2"), ProfileId("none")]) == {
        PROFILE: changed,
        "p2": second,
    }
    assert work.people.profiles([]) == {}


def test_a_ticket_is_redeemed_once(work: UnitOfWork) -> None:
    add_profile(work)
    work.people.add_ticket(hashed(1), PROFILE, Millis(100))
    assert work.people.redeem_ticket(hashed(1), Millis(99)) == PROFILE
    assert work.people.redeem_ticket(hashed(1), Millis(99)) is None


def test_a_ticket_that_is_unknown_or_over_is_worth_nothing(work: UnitOfWork) -> None:
    add_profile(work)
    work.people.add_ticket(hashed(1), PROFILE, Millis(100))
    assert work.people.redeem_ticket(hashed(2), Millis(99)) is None
    assert work.people.redeem_ticket(hashed(1), Millis(100)) is None


def test_a_ticket_of_nobody_is_refused(work: UnitOfWork) -> None:
    with pytest.raises(DatabaseRefusedError):
        work.people.add_ticket(hashed(1), PROFILE, Millis(100))


def test_people_who_work_here_are_told_apart_without_opening_a_name(work: UnitOfWork) -> None:
    sam = ProfileId("sam")
    add_profile(work)
    work.people.put_profile(replace(add_profile(work, sam), staff=True))
    assert work.people.staff_among([PROFILE, sam, ProfileId("none")]) == {sam}
    assert work.people.staff_among([]) == frozenset()


def test_an_enrolment_is_found_by_everything_it_is_called(work: UnitOfWork) -> None:
    anna = enrol(work, ANNA, number=1)
    ben = enrol(work, BEN, number=4_294_967_295, phone=None)
    assert work.people.enrolments([ANNA, BEN]) == {ANNA: anna, BEN: ben}
    assert work.people.by_device_no([DeviceNo(4_294_967_295), DeviceNo(5)]) == {4_294_967_295: ben}
    assert work.people.by_device_token(hashed(1)) == anna
    assert work.people.by_device_token(hashed(9)) is None
    assert work.people.cards([CardRef("card-1"), CardRef("none")]) == {"card-1": card(ANNA, 1)}
    assert work.people.card_of(ANNA) == card(ANNA, 1)
    assert work.people.card_of(BEN) == card(BEN, 4_294_967_295)


def test_an_end_is_kept_and_revoked_people_are_still_found(work: UnitOfWork) -> None:
    anna = enrol(work)
    work.people.revoke(ANNA, Millis(50))
    work.people.revoke(ANNA, Millis(70))
    work.people.revoke(BEN, Millis(70))
    assert work.people.by_device_no([anna.device_no]) == {
        anna.device_no: replace(anna, revoked_ms=Millis(50))
    }


def test_a_device_number_that_somebody_has_is_busy(work: UnitOfWork) -> None:
    taken = enrol(work, ANNA, number=1)
    other = replace(taken, person=BEN)
    with pytest.raises(DatabaseBusyError):
        work.people.add_enrolment(other, PHONE, hashed(2), card(BEN, 2))


def test_an_enrolment_of_no_profile_is_refused(work: UnitOfWork) -> None:
    anna = replace(enrol(work), person=BEN, device_no=DeviceNo(2), profile=ProfileId("none"))
    with pytest.raises(DatabaseRefusedError):
        work.people.add_enrolment(anna, PHONE, hashed(2), card(BEN, 2))


def test_a_new_number_makes_the_old_one_nobodys(work: UnitOfWork) -> None:
    anna = enrol(work)
    work.people.renumber(ANNA, DeviceNo(7))
    assert work.people.by_device_no([DeviceNo(1), DeviceNo(7)]) == {
        7: replace(anna, device_no=DeviceNo(7))
    }


def test_a_new_number_that_somebody_has_is_busy(work: UnitOfWork) -> None:
    enrol(work, ANNA, number=1)
    enrol(work, BEN, number=2)
    with pytest.raises(DatabaseBusyError):
        work.people.renumber(ANNA, DeviceNo(2))


def enrol_elsewhere(work: UnitOfWork, person: PersonId, number: int) -> None:
    """Enrol somebody of another profile."""
    work.people.put_profile(replace(add_profile(work), id=ProfileId("p2")))
    anna = work.people.enrolments([ANNA])[ANNA]
    other = replace(anna, person=person, profile=ProfileId("p2"), device_no=DeviceNo(number))
    work.people.add_enrolment(other, PHONE, hashed(number), card(person, number))


def issued(person: PersonId, first: int, last: int) -> Issued:
    return Issued(person=person, first=Window(first), last=Window(last))


def test_issued_windows_come_earliest_first_and_once(work: UnitOfWork) -> None:
    enrol(work, ANNA, number=1)
    enrol(work, BEN, number=2)
    for each in (issued(ANNA, 10, 20), issued(ANNA, 1, 9), issued(ANNA, 1, 9), issued(BEN, 5, 5)):
        work.people.add_issued(each)
    assert work.people.issued([ANNA]) == {ANNA: [issued(ANNA, 1, 9), issued(ANNA, 10, 20)]}
    assert set(work.people.issued([BEN, ANNA])) == {ANNA, BEN}


def test_windows_of_nobody_are_refused(work: UnitOfWork) -> None:
    with pytest.raises(DatabaseRefusedError):
        work.people.add_issued(issued(ANNA, 1, 2))


def test_people_are_held_whether_there_or_not(work: UnitOfWork) -> None:
    enrol(work)
    assert set(work.people.lock([BEN, ANNA])) == {ANNA}
    assert work.people.lock([]) == {}


# ------------------------------------------------------------------ stamps


CHANGES: dict[str, Callable[[UnitOfWork], None]] = {
    "a consent": lambda work: work.ledger.append([entry(1)]),
    "consents": lambda work: work.ledger.append([entry(1), entry(2, at_ms=7)]),
    "a withdrawal": lambda work: work.ledger.append([entry(1, change=Change.WITHDRAWN)]),
    "another purpose": lambda work: work.ledger.append([entry(1, purpose=Purpose.MESSAGES)]),
    "windows": lambda work: work.people.add_issued(issued(ANNA, 1, 2)),
    "her end": lambda work: work.people.revoke(ANNA, Millis(5)),
    "a new number": lambda work: work.people.renumber(ANNA, DeviceNo(9)),
    "she works here": lambda work: work.people.put_profile(replace(add_profile(work), staff=True)),
}
"""Everything that decides whether somebody may be known, by its one way into the database."""


@pytest.mark.parametrize("what", CHANGES)
def test_whatever_decides_whether_she_may_be_known_gives_her_a_new_stamp(
    work: UnitOfWork, what: str
) -> None:
    enrol(work, ANNA, number=1)
    enrol_elsewhere(work, BEN, number=2)
    before = work.people.lock([ANNA, BEN])
    CHANGES[what](work)
    after = work.people.lock([ANNA, BEN])
    assert after[ANNA] != before[ANNA]
    assert after[BEN] == before[BEN]


def test_what_changes_nothing_keeps_the_stamp(work: UnitOfWork) -> None:
    enrol(work, ANNA, number=1)
    work.people.add_issued(issued(ANNA, 1, 2))
    before = work.people.lock([ANNA])
    work.people.add_issued(issued(ANNA, 1, 2))
    work.people.put_profile(replace(add_profile(work), first_name="Other"))
    work.ledger.append([entry(1, person=BEN)])
    assert work.people.lock([ANNA]) == before


def test_everybody_of_a_profile_that_works_here_gets_a_new_stamp(work: UnitOfWork) -> None:
    enrol(work, ANNA, number=1)
    enrol(work, BEN, number=2)
    before = work.people.lock([ANNA, BEN])
    work.people.put_profile(replace(add_profile(work), staff=True))
    after = work.people.lock([ANNA, BEN])
    assert not set(before.values()) & set(after.values())


def test_no_stamp_comes_twice(database: Database) -> None:
    with database.begin() as work:
        enrol(work)
        work.commit()
    stamps = []
    for number in range(20):
        with database.begin() as work:
            work.ledger.append([entry(number + 1)])
            stamps.append(work.people.lock([ANNA])[ANNA])
            if number % 2:
                work.commit()
    assert len(set(stamps)) == 20


# ------------------------------------------------------------------ consent


def test_entries_come_by_person_oldest_first(work: UnitOfWork) -> None:
    given = entry(1, at_ms=100)
    withdrawn = entry(3, at_ms=200, change=Change.WITHDRAWN)
    renewed = entry(2, at_ms=200, change=Change.RENEWED, purpose=Purpose.GREET_BY_NAME)
    bens = entry(1, person=BEN)
    work.ledger.append([withdrawn, given, bens])
    work.ledger.append([renewed])
    assert work.ledger.entries([ANNA]) == {ANNA: [given, renewed, withdrawn]}
    assert work.ledger.entries([BEN, ANNA])[BEN] == [bens]
    assert work.ledger.entries([]) == {}


def test_a_place_in_the_ledger_is_given_once(work: UnitOfWork) -> None:
    work.ledger.append([entry(1)])
    with pytest.raises(DatabaseBusyError):
        work.ledger.append([entry(1, at_ms=5)])


# ------------------------------------------------------------------ day keys


def test_the_first_key_of_a_day_stays(work: UnitOfWork) -> None:
    work.day_keys.add(Day(1), b"a" * 32)
    work.day_keys.add(Day(1), b"b" * 32)
    work.day_keys.add(Day(2), b"c" * 32)
    assert work.day_keys.keys([Day(1), Day(2), Day(3)]) == {1: b"a" * 32, 2: b"c" * 32}


def test_keys_of_earlier_days_are_destroyed_and_counted(work: UnitOfWork) -> None:
    for day in range(1, 5):
        work.day_keys.add(Day(day), bytes([day]) * 32)
    assert work.day_keys.destroy_before(Day(3)) == 2
    assert work.day_keys.destroy_before(Day(3)) == 0
    assert set(work.day_keys.keys([Day(day) for day in range(5)])) == {3, 4}
