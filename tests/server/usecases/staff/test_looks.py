from __future__ import annotations

from typing import TYPE_CHECKING

from shopbell_server.core.access.credentials import fingerprint
from shopbell_server.core.audit.chain import What
from shopbell_server.core.ids import Millis, PersonId, StaffId, StoreId, VisitId
from shopbell_server.core.registry import Staff
from shopbell_server.system import SystemEntropy
from shopbell_server.usecases.staff.api_keys import make_key, revoke_key
from shopbell_server.usecases.staff.looks import Look, SeenBy, looks_at, record_looks
from tests.fakes.server import MemoryDatabase
from tests.server.sessions import a_session

if TYPE_CHECKING:
    from shopbell_server.ports.database import Database

NOON = Millis(1_795_262_400_000)
AMS = StoreId("ams")
SAM = Staff(id=StaffId("sam"), name="Sam", role="advisor", stores=frozenset({AMS}), language="en")
SESSION, OVER = b"1" * 32, b"2" * 32
ANNA = PersonId("anna")


def shop() -> Database:
    database = MemoryDatabase()
    with database.begin() as work:
        work.registry.put_staff(SAM, None)
        work.staff_sessions.open(a_session(SESSION, SAM.id, NOON + 10))
        work.staff_sessions.open(a_session(OVER, SAM.id, NOON))
        work.commit()
    return database


def look(session: bytes, what: What = What.BOARD_READ) -> Look:
    return Look(session=session, what=what, visit=VisitId("v"), person=ANNA, store=AMS)


def test_she_sees_role_store_time_and_purpose_and_no_name() -> None:
    database = shop()
    assert record_looks(database, NOON, [look(SESSION)]) == frozenset()
    assert record_looks(database, Millis(NOON + 1), [look(SESSION, What.VISIT_READ)]) == frozenset()
    with database.read() as work:
        assert looks_at(work, ANNA) == (
            SeenBy(at_ms=Millis(NOON + 1), role="advisor", store=AMS, purpose="review_visits"),
            SeenBy(at_ms=NOON, role="advisor", store=AMS, purpose="serve_in_store"),
        )
        assert looks_at(work, PersonId("ben")) == ()


def test_the_record_says_who_it_was_and_by_which_session() -> None:
    database = shop()
    record_looks(database, NOON, [look(SESSION)])
    with database.read() as work:
        (record,) = work.audit.records(0)
    assert (record.act.actor.name, record.act.actor.credential) == ("sam", "31" * 8)
    assert "Sam" not in repr(record)


def test_who_is_not_signed_in_any_more_is_said_and_not_recorded() -> None:
    database = shop()
    assert record_looks(database, NOON, [look(SESSION), look(OVER)]) == {OVER}
    with database.read() as work:
        assert len(list(work.audit.records(0))) == 1


def test_a_look_of_another_system_names_its_key_and_what_she_shares() -> None:
    database = shop()
    _, secret = make_key(database, SystemEntropy(), NOON, name="cdp", system="reader", by="olga")
    assert record_looks(database, NOON, [look(fingerprint(secret))]) == frozenset()
    with database.read() as work:
        (seen,) = looks_at(work, ANNA)
        (record,) = work.audit.looks_at(ANNA)
    assert seen == SeenBy(at_ms=NOON, role="system", store=AMS, purpose="share_with_cdp")
    assert (record.act.actor.kind, record.act.actor.name) == ("system", "cdp")


def test_a_key_that_was_revoked_sees_nothing() -> None:
    database = shop()
    key, secret = make_key(database, SystemEntropy(), NOON, name="cdp", system="reader", by="olga")
    revoke_key(database, NOON, key.id, "olga")
    known_by = fingerprint(secret)
    assert record_looks(database, NOON, [look(known_by)]) == {known_by}
    with database.read() as work:
        assert looks_at(work, ANNA) == ()
