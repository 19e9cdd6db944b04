from __future__ import annotations

from contextlib import closing
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from shopbell_server.core.edges.deafness import Mark
from shopbell_server.core.ids import EdgeId, Millis
from tests.rigs.databases import open_sql
from tests.server.conftest import TENANT
from tests.server.db.rows import ANNA, BEN, EDGE, STORE, add_store, interval

if TYPE_CHECKING:
    from shopbell_server.db.unit_of_work import SqlDatabase
    from shopbell_server.ports.database import Database, UnitOfWork
    from shopbell_wire.messages import Hearing

OTHER = EdgeId("edge-2")


def mark(
    at_ms: int, state: Hearing = "blind", *, scanner: str = "hci0", reason: str = "silent"
) -> Mark:
    return Mark(EDGE, scanner, Millis(at_ms), state, reason)


def marks(work: UnitOfWork, from_ms: int, to_ms: int, *scanners: str) -> list[Mark]:
    asked = [(EDGE, each) for each in scanners or ("hci0",)]
    return list(work.scanners.marks(asked, Millis(from_ms), Millis(to_ms)))


def test_marks_of_a_time_come_with_what_was_so_when_it_began(work: UnitOfWork) -> None:
    all_of_it = [mark(10), mark(20, "hearing"), mark(30), mark(40, "suspect")]
    work.scanners.add(all_of_it[::-1])
    assert marks(work, 0, 99) == all_of_it
    assert marks(work, 25, 35) == all_of_it[1:3]
    assert marks(work, 30, 39) == all_of_it[2:3]
    assert marks(work, 50, 99) == all_of_it[3:]
    assert marks(work, 0, 9) == []


def test_a_mark_that_comes_again_is_the_same(work: UnitOfWork) -> None:
    work.scanners.add([mark(10), mark(10)])
    work.scanners.add([mark(10), mark(10, "hearing")])
    assert marks(work, 20, 30) == [mark(10), mark(10, "hearing")]


def test_each_scanner_has_its_own(work: UnitOfWork) -> None:
    work.scanners.add([mark(10), mark(20, scanner="hci1")])
    assert marks(work, 15, 15, "hci1") == []
    assert marks(work, 25, 25, "hci0", "hci1") == [mark(10), mark(20, scanner="hci1")]
    assert marks(work, 0, 99, "hci2") == []
    assert work.scanners.marks([], Millis(0), Millis(99)) == []


def test_whom_a_scanner_heard(work: UnitOfWork) -> None:
    add_store(work)
    early, late = interval(1_000, 2_000), interval(3_000, 4_000, person=BEN)
    elsewhere = interval(1_000, 4_000, scanner="hci1")
    work.intervals.join([late, early, elsewhere])

    def heard(from_ms: int, to_ms: int) -> list[object]:
        return list(work.intervals.heard_by(STORE, (EDGE, "hci0"), Millis(from_ms), Millis(to_ms)))

    assert heard(2_000, 3_000) == [early, late]
    assert heard(2_001, 2_999) == []
    assert heard(0, 1_500) == [early]
    assert early.key.person == ANNA


def test_holding_edges_can_be_done_of_any_number(database: Database) -> None:
    with database.begin() as work:
        work.scanners.hold({})
        work.scanners.hold({OTHER: False, EDGE: True})
        work.commit()


@pytest.mark.parametrize("alone", [(True, True), (True, False), (False, True)])
def test_who_holds_an_edge_alone_waits_for_others_and_they_for_him(
    sql: SqlDatabase, alone: tuple[bool, bool]
) -> None:
    order: list[str] = []

    def second() -> None:
        with sql.begin() as work:
            work.scanners.hold({EDGE: alone[1]})
            order.append("second")
            work.commit()

    thread = Thread(target=second)
    with sql.begin() as work:
        work.scanners.hold({EDGE: alone[0], OTHER: False})
        thread.start()
        thread.join(0.2)  # so that it could go wrong
        order.append("first")
        work.commit()
    thread.join(10)
    assert order == ["first", "second"]


def test_those_who_write_what_an_edge_heard_hold_it_together(postgres_url: str) -> None:
    with (
        closing(open_sql(postgres_url, TENANT)) as database,
        database.begin() as one,
        database.begin() as other,
    ):
        one.scanners.hold({EDGE: False, OTHER: True})
        other.scanners.hold({EDGE: False})
