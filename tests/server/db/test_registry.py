from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from shopbell_server.core.access.api_keys import ApiKey, Scope
from shopbell_server.core.ids import EdgeId, Millis, StaffId, StoreId, ZoneId
from shopbell_server.core.registry import Edge, Position, Store, Zone
from shopbell_server.ports.answers import KeptAnswer
from shopbell_server.ports.database import DatabaseRefusedError
from tests.server.db.rows import STORE, add_store, hashed, staff
from tests.server.sessions import a_session

if TYPE_CHECKING:
    from shopbell_server.ports.database import UnitOfWork

OTHER = StoreId("store-0")


def api_key(number: int, *, created_ms: int = 5) -> ApiKey:
    return ApiKey(
        sha256=hashed(number),
        name="app",
        scopes=frozenset({Scope.TICKETS}),
        created_ms=Millis(created_ms),
    )


def edge(name: str, store: StoreId = STORE) -> Edge:
    zones = {"*": ZoneId("shoes"), "cam0": ZoneId("till")}
    return Edge(id=EdgeId(name), store=store, active=True, zones=zones)


def test_stores_come_in_order_and_are_replaced(work: UnitOfWork) -> None:
    add_store(work)
    add_store(work, OTHER)
    renamed = Store(id=STORE, name="Market", timezone="UTC")
    work.registry.put_store(renamed)
    assert [store.id for store in work.registry.stores()] == [OTHER, STORE]
    assert work.registry.store(STORE) == renamed
    assert work.registry.store(StoreId("none")) is None
    placed = replace(renamed, position=Position(latitude=52.37, longitude=-4.5))
    work.registry.put_store(placed)
    assert work.registry.store(STORE) == placed
    assert [store.position for store in work.registry.stores()] == [None, placed.position]


def test_zones_belong_to_their_store(work: UnitOfWork) -> None:
    add_store(work)
    add_store(work, OTHER)
    till = Zone(id=ZoneId("till"), store=STORE, name="Till")
    shoes = Zone(id=ZoneId("shoes"), store=STORE, name="Shoes")
    for zone in (till, shoes, replace(till, store=OTHER), replace(till, name="Pay here")):
        work.registry.put_zone(zone)
    assert work.registry.zones(STORE) == [shoes, replace(till, name="Pay here")]
    assert work.registry.zones(OTHER) == [replace(till, store=OTHER)]


def test_edges_come_all_at_once(work: UnitOfWork) -> None:
    add_store(work)
    work.registry.put_edge(edge("e1"))
    work.registry.put_edge(edge("e2"))
    work.registry.put_edge(replace(edge("e2"), active=False, zones={}))
    assert work.registry.edges() == {
        EdgeId("e1"): edge("e1"),
        EdgeId("e2"): replace(edge("e2"), active=False, zones={}),
    }


def test_an_edge_of_an_unknown_store_is_refused(work: UnitOfWork) -> None:
    with pytest.raises(DatabaseRefusedError):
        work.registry.put_edge(edge("e1"))


def test_a_zone_of_an_unknown_store_is_refused(work: UnitOfWork) -> None:
    with pytest.raises(DatabaseRefusedError):
        work.registry.put_zone(Zone(id=ZoneId("z"), store=STORE, name="Z"))


def test_staff_and_password_are_replaced_together(work: UnitOfWork) -> None:
    work.registry.put_staff(staff("s1", "store-1", "store-0"), "hash")
    assert work.registry.staff(StaffId("s1")) == staff("s1", "store-0", "store-1")
    assert work.registry.password_hash(StaffId("s1")) == "hash"
    work.registry.put_staff(staff("s1"), None)
    assert work.registry.staff(StaffId("s1")) == staff("s1")
    assert work.registry.password_hash(StaffId("s1")) is None


def test_nobody_has_no_password(work: UnitOfWork) -> None:
    assert work.registry.staff(StaffId("nobody")) is None
    assert work.registry.password_hash(StaffId("nobody")) is None


def test_a_name_may_have_two_keys(work: UnitOfWork) -> None:
    first, second = api_key(1), api_key(2, created_ms=6)
    work.registry.put_api_key(second)
    work.registry.put_api_key(first)
    assert work.registry.api_keys() == [first, second]
    assert work.registry.api_key(hashed(2)) == second
    assert work.registry.api_key(hashed(3)) is None


def test_a_revoked_key_stays_so_however_often_it_is_put(work: UnitOfWork) -> None:
    work.registry.put_api_key(api_key(1))
    work.registry.revoke_api_key(hashed(1), Millis(100))
    work.registry.revoke_api_key(hashed(1), Millis(200))
    work.registry.put_api_key(replace(api_key(1), name="till", created_ms=Millis(300)))
    assert work.registry.api_key(hashed(1)) == replace(
        api_key(1), name="till", revoked_ms=Millis(100)
    )


def test_of_one_key_the_day_of_use_is_kept(work: UnitOfWork) -> None:
    work.registry.put_api_key(api_key(1))
    work.registry.put_api_key(api_key(2))
    work.registry.use_api_key(hashed(1), Millis(86_400_000))
    assert [key.used_ms for key in work.registry.api_keys()] == [86_400_000, None]
    work.registry.use_api_key(hashed(3), Millis(0))
    work.registry.revoke_api_key(hashed(3), Millis(0))
    assert work.registry.api_key(hashed(3)) is None


def whose(work: UnitOfWork, number: int, at_ms: int) -> StaffId | None:
    return work.staff_sessions.staff_of_each([hashed(number)], Millis(at_ms)).get(hashed(number))


def test_a_session_is_open_until_its_end(work: UnitOfWork) -> None:
    work.registry.put_staff(staff("s1"), None)
    work.staff_sessions.open(a_session(hashed(1), "s1", 100))
    assert whose(work, 1, 99) == "s1"
    assert whose(work, 1, 100) is None
    assert whose(work, 2, 99) is None
    assert list(work.staff_sessions.sessions([hashed(1)], Millis(99))) == [
        a_session(hashed(1), "s1", 100)
    ]


def test_a_session_is_prolonged_and_one_that_is_gone_is_not(work: UnitOfWork) -> None:
    work.registry.put_staff(staff("s1"), None)
    work.staff_sessions.open(a_session(hashed(1), "s1", 100))
    work.staff_sessions.prolong({hashed(2): Millis(900), hashed(1): Millis(150)})
    assert whose(work, 1, 149) == "s1"
    assert whose(work, 1, 150) is None
    assert whose(work, 2, 149) is None


def test_all_sessions_are_listed_as_they_began_and_links_are_none(work: UnitOfWork) -> None:
    for name, number, end_ms in (("s1", 1, 300), ("s2", 2, 200), ("s1", 3, 100)):
        work.registry.put_staff(staff(name), None)
        work.staff_sessions.open(a_session(hashed(number), name, end_ms))
    work.staff_sessions.open_link(hashed(4), StaffId("s1"), Millis(400))
    listed = [each.sha256 for each in work.staff_sessions.all_sessions(Millis(100))]
    assert listed == [hashed(2), hashed(1)]


def test_a_closed_session_is_nobodys(work: UnitOfWork) -> None:
    work.registry.put_staff(staff("s1"), None)
    work.staff_sessions.open(a_session(hashed(1), "s1", 100))
    work.staff_sessions.close(hashed(1))
    work.staff_sessions.close(hashed(1))
    assert whose(work, 1, 1) is None


def test_all_sessions_and_links_of_somebody_are_closed(work: UnitOfWork) -> None:
    for name, number in (("s1", 1), ("s1", 2), ("s2", 3)):
        work.registry.put_staff(staff(name), None)
        work.staff_sessions.open(a_session(hashed(number), name, 100))
    work.staff_sessions.open_link(hashed(4), StaffId("s1"), Millis(100))
    work.staff_sessions.close_all(StaffId("s1"))
    assert [each.staff for each in work.staff_sessions.all_sessions(Millis(1))] == ["s2"]
    assert work.staff_sessions.take_link(hashed(4), Millis(1)) is None


def test_a_link_is_taken_once_and_not_after_its_end(work: UnitOfWork) -> None:
    work.registry.put_staff(staff("s1"), None)
    work.staff_sessions.open_link(hashed(1), StaffId("s1"), Millis(100))
    assert work.staff_sessions.take_link(hashed(1), Millis(100)) is None
    assert work.staff_sessions.take_link(hashed(1), Millis(99)) == "s1"
    assert work.staff_sessions.take_link(hashed(1), Millis(99)) is None


def test_an_attempt_is_taken_once_and_not_after_its_end(work: UnitOfWork) -> None:
    work.staff_sessions.open_attempt(hashed(1), Millis(100))
    assert not work.staff_sessions.take_attempt(hashed(1), Millis(100))
    assert work.staff_sessions.take_attempt(hashed(1), Millis(99))
    assert not work.staff_sessions.take_attempt(hashed(1), Millis(99))
    work.staff_sessions.open_attempt(hashed(2), Millis(100))
    work.staff_sessions.drop_expired(Millis(100))
    assert not work.staff_sessions.take_attempt(hashed(2), Millis(1))


def test_a_session_is_no_link_and_a_link_no_session(work: UnitOfWork) -> None:
    work.registry.put_staff(staff("s1"), None)
    work.staff_sessions.open(a_session(hashed(1), "s1", 100))
    work.staff_sessions.open_link(hashed(2), StaffId("s1"), Millis(100))
    assert work.staff_sessions.take_link(hashed(1), Millis(1)) is None
    assert whose(work, 1, 1) == "s1"
    assert whose(work, 2, 1) is None


def test_many_sessions_are_asked_for_at_once(work: UnitOfWork) -> None:
    for name, number, end_ms in (("s1", 1, 100), ("s2", 2, 101), ("s1", 3, 101)):
        work.registry.put_staff(staff(name), None)
        work.staff_sessions.open(a_session(hashed(number), name, end_ms))
    asked = [hashed(number) for number in range(1, 5)]
    assert work.staff_sessions.staff_of_each(asked, Millis(100)) == {
        hashed(2): "s2",
        hashed(3): "s1",
    }
    assert work.staff_sessions.staff_of_each([], Millis(0)) == {}


def test_sessions_that_are_over_are_dropped_and_counted(work: UnitOfWork) -> None:
    work.registry.put_staff(staff("s1"), None)
    for number, end_ms in ((1, 99), (2, 100), (3, 101)):
        work.staff_sessions.open(a_session(hashed(number), "s1", end_ms))
    assert work.staff_sessions.drop_expired(Millis(100)) == 2
    assert whose(work, 1, 0) is None
    assert whose(work, 3, 0) == "s1"


def test_a_session_of_nobody_is_refused(work: UnitOfWork) -> None:
    with pytest.raises(DatabaseRefusedError):
        work.staff_sessions.open(a_session(hashed(1), "nobody", 100))


def answer(name: int, expires_ms: int, sealed: bytes = b"sealed") -> KeptAnswer:
    return KeptAnswer(
        name_sha256=hashed(name),
        request_sha256=hashed(99),
        sealed=sealed,
        expires_ms=Millis(expires_ms),
    )


def test_an_answer_is_recalled_until_it_expires(work: UnitOfWork) -> None:
    assert work.answers.keep(answer(1, 100), Millis(0))
    assert work.answers.recall(hashed(1), Millis(99)) == answer(1, 100)
    assert work.answers.recall(hashed(1), Millis(100)) is None
    assert work.answers.recall(hashed(2), Millis(0)) is None


def test_a_living_answer_stays_and_an_expired_one_gives_way(work: UnitOfWork) -> None:
    assert work.answers.keep(answer(1, 100), Millis(0))
    assert not work.answers.keep(answer(1, 200, b"second"), Millis(99))
    assert work.answers.recall(hashed(1), Millis(99)) == answer(1, 100)
    assert work.answers.keep(answer(1, 200, b"second"), Millis(100))
    assert work.answers.recall(hashed(1), Millis(150)) == answer(1, 200, b"second")


def test_expired_answers_are_dropped_and_counted(work: UnitOfWork) -> None:
    for number, expires_ms in ((1, 100), (2, 101), (3, 50)):
        work.answers.keep(answer(number, expires_ms), Millis(0))
    assert work.answers.drop_expired(Millis(100)) == 2
    assert work.answers.recall(hashed(2), Millis(0)) == answer(2, 101)
    assert work.answers.recall(hashed(1), Millis(0)) is None
