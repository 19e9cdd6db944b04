from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from shopbell_server.core.access.customer_sessions import CustomerSession
from shopbell_server.core.ids import Millis, PersonId
from shopbell_server.ports.database import DatabaseRefusedError
from tests.server.db.rows import ANNA, BEN, enrol, hashed

if TYPE_CHECKING:
    from shopbell_server.ports.database import UnitOfWork


def session(person: PersonId = ANNA, *, expires_ms: int = 100) -> CustomerSession:
    return CustomerSession(
        person=person, opened_ms=Millis(10), used_ms=Millis(20), expires_ms=Millis(expires_ms)
    )


def test_a_session_is_kept_as_it_is_until_it_is_closed(work: UnitOfWork) -> None:
    enrol(work)
    work.customer_sessions.open(hashed(1), session())
    assert work.customer_sessions.get(hashed(1)) == session()
    assert work.customer_sessions.get(hashed(2)) is None
    work.customer_sessions.close(hashed(1))
    work.customer_sessions.close(hashed(1))
    assert work.customer_sessions.get(hashed(1)) is None


def test_using_one_moves_its_last_use_and_nothing_else(work: UnitOfWork) -> None:
    enrol(work)
    work.customer_sessions.open(hashed(1), session())
    work.customer_sessions.open(hashed(2), session())
    work.customer_sessions.use(hashed(1), Millis(50))
    work.customer_sessions.use(hashed(3), Millis(50))
    used = CustomerSession(
        person=ANNA, opened_ms=Millis(10), used_ms=Millis(50), expires_ms=Millis(100)
    )
    assert work.customer_sessions.get(hashed(1)) == used
    assert work.customer_sessions.get(hashed(2)) == session()


def test_one_is_taken_once_and_not_after_its_end(work: UnitOfWork) -> None:
    enrol(work)
    work.customer_sessions.open(hashed(1), session())
    assert work.customer_sessions.take(hashed(1), Millis(100)) is None
    assert work.customer_sessions.take(hashed(1), Millis(99)) == ANNA
    assert work.customer_sessions.take(hashed(1), Millis(99)) is None


def test_all_of_one_person_are_closed_and_nobody_elses(work: UnitOfWork) -> None:
    enrol(work)
    enrol(work, BEN, number=2)
    for number, person in ((1, ANNA), (2, ANNA), (3, BEN)):
        work.customer_sessions.open(hashed(number), session(person))
    assert work.customer_sessions.close_all(ANNA) == 2
    assert work.customer_sessions.get(hashed(2)) is None
    assert work.customer_sessions.get(hashed(3)) == session(BEN)


def test_those_that_are_over_and_those_that_nobody_used_are_dropped(work: UnitOfWork) -> None:
    enrol(work)
    for number, expires_ms in ((1, 99), (2, 100), (3, 101)):
        work.customer_sessions.open(hashed(number), session(expires_ms=expires_ms))
    assert work.customer_sessions.drop_expired(Millis(100), Millis(19)) == 2
    assert work.customer_sessions.get(hashed(3)) is not None
    assert work.customer_sessions.drop_expired(Millis(100), Millis(20)) == 1


def test_a_session_of_nobody_is_refused(work: UnitOfWork) -> None:
    with pytest.raises(DatabaseRefusedError):
        work.customer_sessions.open(hashed(1), session())
