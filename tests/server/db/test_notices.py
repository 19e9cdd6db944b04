from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from shopbell_server.core.delivery.notices import Notice
from shopbell_server.core.ids import Millis, ProfileId
from shopbell_server.ports.database import DatabaseRefusedError
from tests.server.db.rows import ANNA, BEN, PROFILE, enrol

if TYPE_CHECKING:
    from shopbell_server.ports.database import UnitOfWork


def notice(name: str, expires_ms: int = 100) -> Notice:
    return Notice(
        id=name, person=ANNA, at_ms=Millis(1), phone="android", expires_ms=Millis(expires_ms)
    )


def test_hers_come_oldest_first_until_they_expire(work: UnitOfWork) -> None:
    enrol(work, ANNA)
    work.notices.add([])
    work.notices.add([notice("b", 101), notice("c", 100), notice("a", 101)])
    assert [each.id for each in work.notices.of(ANNA, Millis(99))] == ["c", "a", "b"]
    assert work.notices.of(ANNA, Millis(100)) == [notice("a", 101), notice("b", 101)]
    assert work.notices.of(BEN, Millis(99)) == []


def test_the_first_time_that_one_was_read_counts(work: UnitOfWork) -> None:
    enrol(work, ANNA)
    work.notices.add([notice("a")])
    assert work.notices.read(ANNA, "a", Millis(5))
    assert work.notices.read(ANNA, "a", Millis(6))
    assert work.notices.of(ANNA, Millis(7)) == [replace(notice("a"), read_ms=Millis(5))]


def test_what_is_not_hers_or_over_cannot_be_read(work: UnitOfWork) -> None:
    enrol(work, ANNA)
    work.notices.add([notice("a")])
    assert not work.notices.read(BEN, "a", Millis(5))
    assert not work.notices.read(ANNA, "b", Millis(5))
    assert not work.notices.read(ANNA, "a", Millis(100))
    assert work.notices.of(ANNA, Millis(7)) == [notice("a")]


def test_they_go_when_they_expire(work: UnitOfWork) -> None:
    enrol(work, ANNA)
    work.notices.add([notice("a", 100), notice("b", 101), notice("c", 102)])
    assert work.notices.drop_expired(Millis(100)) == 1
    assert [each.id for each in work.notices.of(ANNA, Millis(1))] == ["b", "c"]


def test_a_notice_for_nobody_is_refused(work: UnitOfWork) -> None:
    with pytest.raises(DatabaseRefusedError):
        work.notices.add([notice("a")])


def test_who_left_has_no_phone_under_a_profile(work: UnitOfWork) -> None:
    enrol(work, ANNA)
    enrol(work, BEN, number=2)
    assert work.notices.phones_under(PROFILE) == [ANNA, BEN]
    work.people.revoke(ANNA, Millis(5))
    assert work.notices.phones_under(PROFILE) == [BEN]
    assert work.notices.phones_under(ProfileId("nobody")) == []
