from __future__ import annotations

from threading import Event, Thread
from typing import TYPE_CHECKING

import pytest

from shopbell_server.core.ids import StoreId, TenantId
from shopbell_server.ports.database import DatabaseRefusedError
from tests.rigs.databases import open_sql
from tests.server.db.rows import STORE, add_store

if TYPE_CHECKING:
    from shopbell_server.db.unit_of_work import SqlDatabase
    from shopbell_server.ports.database import Database


class UnexpectedError(Exception):
    """What a use case did not see coming."""


def test_what_is_committed_is_seen_by_the_next(database: Database) -> None:
    with database.begin() as work:
        add_store(work)
        work.commit()
    with database.read() as after:
        assert after.registry.store(STORE) is not None


def test_leaving_without_commit_leaves_nothing(database: Database) -> None:
    with database.begin() as work:
        add_store(work)
    with database.read() as after:
        assert after.registry.stores() == []


def test_an_error_leaves_nothing_and_goes_on(database: Database) -> None:
    def fail() -> None:
        with database.begin() as work:
            add_store(work)
            raise UnexpectedError

    with pytest.raises(UnexpectedError):
        fail()
    with database.begin() as after:
        assert after.registry.stores() == []


def test_what_is_not_committed_is_seen_by_nobody_else(database: Database) -> None:
    with database.begin() as work, database.read() as beside:
        add_store(work)
        assert beside.registry.stores() == []


def test_who_reads_sees_one_moment_and_waits_for_nobody(database: Database) -> None:
    with database.read() as reading:
        assert reading.registry.stores() == []
        with database.begin() as work:
            add_store(work)
            work.commit()
        assert reading.registry.stores() == []


def test_who_reads_cannot_write(database: Database) -> None:
    with database.read() as reading, pytest.raises(DatabaseRefusedError):
        add_store(reading)


def test_after_reading_the_same_connection_may_write(database: Database) -> None:
    for number in range(3):
        with database.read() as reading:
            reading.registry.stores()
        with database.begin() as work:
            add_store(work, StoreId(f"store-{number}"))
            work.commit()
    with database.read() as after:
        assert len(after.registry.stores()) == 3


def test_one_writes_after_the_other(database: Database) -> None:
    begun = Event()

    def write_second() -> None:
        begun.set()
        with database.begin() as work:
            work.people.lock([])
            add_store(work, StoreId("second"))
            work.commit()

    with database.begin() as work:
        other = Thread(target=write_second)
        other.start()
        assert begun.wait(10)
        add_store(work, StoreId("first"))
        work.commit()
    other.join(20)
    with database.read() as after:
        assert [store.id for store in after.registry.stores()] == ["first", "second"]


def test_tenants_do_not_see_each_other(url: str) -> None:
    acme, bolt = (open_sql(url, TenantId(name)) for name in ("acme", "bolt"))
    with acme.begin() as work:
        add_store(work)
        work.commit()
    with bolt.begin() as work:
        assert work.registry.stores() == []
        add_store(work)
        work.commit()
    acme.close()
    bolt.close()


def test_a_unit_of_work_ends_with_its_commit(sql: SqlDatabase) -> None:
    with sql.begin() as work:
        work.commit()
        with pytest.raises(RuntimeError, match="ended"):
            work.registry.stores()
