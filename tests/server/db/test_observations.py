from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from sqlalchemy import event, text

from shopbell_server.core.ids import Millis, PersonId, StoreId, TenantId
from shopbell_server.core.observations import SHELF_MS, Observation, shelf_of, strongest
from shopbell_server.db.engine import open_engine, writing
from shopbell_server.db.transaction import Transaction
from shopbell_server.db.unit_of_work import SqlUnitOfWork
from shopbell_server.ports.database import (
    DatabaseBusyError,
    DatabaseLostError,
    DatabaseRefusedError,
)
from shopbell_server.ports.observations import ShelvesMissingError
from shopbell_server.usecases.intake.shelves import make_shelves
from tests.rigs.databases import open_sql
from tests.rigs.postgres import as_superuser
from tests.server.conftest import TENANT
from tests.server.db.rows import ANNA, BEN, EDGE, STORE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy.engine import Engine

    from shopbell_server.core.evidence import Carrier
    from shopbell_server.ports.database import Database, UnitOfWork

ELSEWHERE = StoreId("store-2")
NOW = 1_795_262_837_000
HOUR = shelf_of(NOW)
EVER = (Millis(0), Millis(10**13))


def heard(
    at_ms: int = NOW,
    *,
    person: PersonId = ANNA,
    store: StoreId = STORE,
    scanner: str = "hci0",
    carrier: Carrier = "service-uuid",
    loss_db: float = 20.5,
    n: int = 3,
) -> Observation:
    return Observation(person, store, EDGE, scanner, carrier, Millis(at_ms), loss_db, n)


@pytest.fixture
def work(database: Database) -> Iterator[UnitOfWork]:
    """Begin a unit of work in a database with room for the two hours before NOW and the one after."""
    make_shelves(database, range(HOUR - 2, HOUR + 2))
    with database.begin() as unit:
        yield unit


def hers(work: UnitOfWork, person: PersonId = ANNA, store: StoreId = STORE) -> list[Observation]:
    return list(work.observations.of([person], store, *EVER).get(person, ()))


def test_observations_come_back_as_they_were_by_time(work: UnitOfWork) -> None:
    reports = [heard(NOW - SHELF_MS), heard(), heard(scanner="hci1"), heard(NOW + 1)]
    work.observations.put(reports[::-1])
    assert hers(work) == reports


def test_nothing_to_put_is_nothing(work: UnitOfWork) -> None:
    work.observations.put([])
    assert work.observations.of([ANNA], STORE, *EVER) == {}


def test_several_people_are_asked_for_at_once_within_a_time_and_a_store(work: UnitOfWork) -> None:
    bens = heard(person=BEN)
    work.observations.put(
        [heard(NOW - 2), heard(NOW - 1), heard(), heard(NOW + 1), bens, heard(store=ELSEWHERE)]
    )
    asked = STORE, Millis(NOW - 1), Millis(NOW)
    found = work.observations.of([ANNA, BEN, PersonId("nobody")], *asked)
    assert found == {ANNA: [heard(NOW - 1), heard()], BEN: [bens]}
    assert work.observations.of([], *asked) == {}


def test_truncating_leaves_nothing_from_the_moment_on_in_any_store(work: UnitOfWork) -> None:
    bens = heard(person=BEN)
    work.observations.put([heard(NOW - 1), heard(), heard(NOW + 1, store=ELSEWHERE), bens])
    work.observations.truncate(ANNA, Millis(NOW))
    assert hers(work) == [heard(NOW - 1)]
    assert hers(work, store=ELSEWHERE) == []
    assert hers(work, BEN) == [bens]


def test_removing_takes_what_was_heard_within(work: UnitOfWork) -> None:
    bens = heard(person=BEN)
    work.observations.put([heard(NOW - 1), heard(), heard(NOW + 1), bens])
    work.observations.remove_within(ANNA, STORE, Millis(NOW), Millis(NOW))
    assert hers(work) == [heard(NOW - 1), heard(NOW + 1)]
    assert hers(work, BEN) == [bens]


def test_whoever_is_forgotten_has_none(work: UnitOfWork) -> None:
    work.observations.put([heard(), heard(NOW - SHELF_MS, store=ELSEWHERE), heard(person=BEN)])
    assert work.erasures.remove_rows(ANNA) == {"observations": 2}
    assert hers(work) == []
    assert hers(work, BEN) == [heard(person=BEN)]


def test_old_shelves_go_whole_and_young_ones_stay(database: Database) -> None:
    make_shelves(database, range(HOUR - 2, HOUR + 2))
    old = [heard((HOUR - 1) * SHELF_MS + each, scanner=f"s{each}") for each in range(5)]
    bens = heard((HOUR - 2) * SHELF_MS, person=BEN, store=ELSEWHERE)
    with database.begin() as work:
        work.observations.put([*old, heard(HOUR * SHELF_MS), bens])
        work.commit()
    gone = 1
    while gone:
        with database.begin() as work:
            gone = work.observations.let_go(HOUR, 2)
            work.commit()
    with database.read() as work:
        assert hers(work) == [heard(HOUR * SHELF_MS)]
        assert hers(work, BEN, ELSEWHERE) == []


reports = some.lists(
    some.builds(
        lambda at_ms, loss_db, n, scanner: heard(
            NOW + at_ms, loss_db=loss_db, n=n, scanner=scanner
        ),
        some.integers(0, 1),
        some.floats(0, 120),
        some.integers(1, 3),
        some.sampled_from(["hci0", "hci1"]),
    ),
    max_size=8,
)


@given(reports=reports, more=some.data())
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_in_any_order_and_any_batches_what_counts_is_what_the_core_says(
    database: Database, reports: list[Observation], more: some.DataObject
) -> None:
    make_shelves(database, [HOUR])
    shuffled = more.draw(some.permutations(reports))
    cut = more.draw(some.integers(0, len(reports)))
    with database.begin() as work:
        work.observations.put(shuffled[:cut])
        work.observations.put(shuffled[cut:])
        work.observations.put(shuffled[:1])
        assert set(hers(work)) == set(strongest(reports))


def test_nothing_is_stored_that_was_heard_no_times(sql_work: UnitOfWork) -> None:
    sql_work.observations.make_shelves([HOUR])
    with pytest.raises(DatabaseRefusedError, match="ck_observations_seen"):
        sql_work.observations.put([heard(n=0)])


# ------------------------------------------------------------------ partitions


@pytest.fixture
def shop(postgres_url: str) -> Iterator[Database]:
    with closing(open_sql(postgres_url, TENANT)) as database:
        yield database


def partitions(url: str) -> dict[str, tuple[bool, bool, int]]:
    """Return by name whether their policies hold, for their owner too, and how many there are."""
    engine = open_engine(as_superuser(url))
    with engine.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT relname, relrowsecurity, relforcerowsecurity,"
                " (SELECT count(*) FROM pg_policy WHERE polrelid = pg_class.oid)"
                " FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid"
                " WHERE inhparent = 'observations'::regclass ORDER BY relname"
            )
        ).all()
    engine.dispose()
    return {name: (enabled, forced, policies) for name, enabled, forced, policies in rows}


def test_where_there_is_no_room_nothing_is_done_and_the_caller_is_told(
    shop: Database,
) -> None:
    make_shelves(shop, [HOUR])
    with shop.begin() as work, pytest.raises(ShelvesMissingError) as missing:
        work.observations.put([heard(), heard(NOW - SHELF_MS), heard(NOW + SHELF_MS)])
    assert missing.value.shelves == {HOUR - 1, HOUR + 1}
    with shop.read() as work:
        assert hers(work) == []


def test_a_partition_that_was_dropped_since_it_was_used_is_missed_the_second_time(
    shop: Database,
) -> None:
    """A connection remembers which there are; who tries again is told, and makes it."""
    make_shelves(shop, [HOUR])
    for at_ms in (NOW, NOW + 1):
        with shop.begin() as work:
            work.observations.put([heard(at_ms)])
            work.commit()
    with shop.begin() as work:
        work.observations.let_go(HOUR + 1, 1)
        work.commit()
    with shop.begin() as work, pytest.raises(DatabaseBusyError):
        work.observations.put([heard()])
    with shop.begin() as work, pytest.raises(ShelvesMissingError):
        work.observations.put([heard()])


def test_a_partition_of_an_hour_has_a_policy_of_its_own(shop: Database, postgres_url: str) -> None:
    make_shelves(shop, [HOUR])
    make_shelves(shop, [HOUR, HOUR + 1])
    assert partitions(postgres_url) == {
        "observations_2026112112": (True, True, 1),
        "observations_2026112113": (True, True, 1),
    }


def test_of_a_partition_too_a_tenant_sees_its_own_rows(shop: Database, postgres_url: str) -> None:
    make_shelves(shop, [HOUR])
    with shop.begin() as work:
        work.observations.put([heard()])
        work.commit()
    seen = {}
    for tenant in (TENANT, "bolt"):
        engine = open_engine(postgres_url, tenant=tenant)
        with engine.connect() as connection:
            question = text("SELECT count(*) FROM observations_2026112112")
            seen[tenant] = connection.execute(question).scalar_one()
        engine.dispose()
    assert seen == {TENANT: 1, "bolt": 0}


def test_tenants_share_partitions(shop: Database, postgres_url: str) -> None:
    with closing(open_sql(postgres_url, TenantId("bolt"))) as bolt:
        make_shelves(bolt, [HOUR])
        for each in (shop, bolt):
            with each.begin() as work:
                work.observations.put([heard()])
                work.commit()
        with bolt.begin() as work:
            work.observations.let_go(HOUR + 1, 1)
            work.commit()
        for each in (shop, bolt):
            with each.read() as work:
                assert hers(work) == []
    assert partitions(postgres_url) == {}


def test_several_make_and_drop_partitions_at_once(shop: Database, postgres_url: str) -> None:
    def make(_: int) -> None:
        make_shelves(shop, range(HOUR - 3, HOUR + 3))

    def drop(_: int) -> None:
        with shop.begin() as work:
            work.observations.let_go(HOUR, 1)
            work.commit()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(make, range(4)))
        assert len(partitions(postgres_url)) == 6
        list(pool.map(drop, range(4)))
    assert len(partitions(postgres_url)) == 3


def test_a_partition_that_is_in_use_is_not_waited_for(shop: Database, postgres_url: str) -> None:
    make_shelves(shop, [HOUR])
    with shop.begin() as work:
        work.observations.put([heard()])
        with shop.begin() as other, pytest.raises(DatabaseBusyError):
            other.observations.let_go(HOUR + 1, 1)
        work.commit()
    assert len(partitions(postgres_url)) == 1


def test_making_room_keeps_no_writer_waiting(shop: Database, postgres_url: str) -> None:
    make_shelves(shop, [HOUR])
    with shop.begin() as work:
        work.observations.put([heard()])
        make_shelves(shop, [HOUR + 1])
        work.observations.put([heard(NOW + SHELF_MS)])
        work.commit()
    assert len(partitions(postgres_url)) == 2


def test_where_the_role_may_make_no_table_that_is_said_and_batches_wait(
    shop: Database, postgres_url: str
) -> None:
    engine = open_engine(as_superuser(postgres_url))
    with engine.begin() as connection:
        connection.execute(text("ALTER SCHEMA public OWNER TO postgres"))
    engine.dispose()
    with pytest.raises(DatabaseLostError, match="must own the database"):
        make_shelves(shop, [HOUR])


# ------------------------------------------------------------------ how rows are found

MOMENT = Millis(NOW)
QUESTIONS: dict[str, Callable[[UnitOfWork], object]] = {
    "of": lambda work: work.observations.of([ANNA, BEN], STORE, MOMENT, MOMENT),
    "truncate": lambda work: work.observations.truncate(ANNA, MOMENT),
    "remove_within": lambda work: work.observations.remove_within(ANNA, STORE, MOMENT, MOMENT),
}


@pytest.mark.parametrize("question", [*QUESTIONS, "let_go"])
def test_sqlite_reads_no_observation_that_is_not_asked_for(sqlite_url: str, question: str) -> None:
    ask = QUESTIONS.get(question, lambda work: work.observations.let_go(HOUR, 9))
    engine = open_engine(sqlite_url)
    for statement, parameters in asked(engine, ask):
        with engine.connect() as connection:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            steps = [str(step[3]) for step in plan]
        read = [each for each in steps if re.match(r"(SEARCH|SCAN) (observations|old)", each)]
        assert read, steps
        # The first person is found at the beginning of the tenant's.
        found = [each for each in read if "SCAN" in each or re.search(r"\(tenant=\?\)", each)]
        assert len(found) == (question == "let_go"), steps
    engine.dispose()


@pytest.mark.parametrize("question", QUESTIONS)
def test_postgresql_reads_the_partitions_of_that_time_by_person(
    shop: Database, postgres_url: str, question: str
) -> None:
    make_shelves(shop, range(HOUR - 3, HOUR + 1))
    engine = open_engine(postgres_url, tenant=TENANT)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO observations (tenant, person, store, edge, scanner, carrier, at_ms, loss_db, n)"
            " SELECT 'acme', 'p' || mod(i, 500), 'store-1', 'door', 'hci0', 'ibeacon',"
            " 1795262837000 - mod(i, 400000), 20, 1 FROM generate_series(1, 20000) i"
        )
        connection.exec_driver_sql("ANALYZE observations")
    for statement, parameters in asked(engine, QUESTIONS[question]):
        with engine.connect() as connection:
            plan = connection.exec_driver_sql(f"EXPLAIN (COSTS OFF) {statement}", parameters)
            steps = "\n".join(str(step[0]) for step in plan)
        assert set(re.findall(r"observations_(\d{10})", steps)) == {"2026112112"}, steps
        assert re.search(r"Index Cond: .*person", steps), steps
        assert "Seq Scan" not in steps, steps
    engine.dispose()


def asked(engine: Engine, ask: Callable[[UnitOfWork], object]) -> list[tuple[str, Any]]:
    """Return what is executed for a question about observations, with its parameters."""
    found: list[tuple[str, Any]] = []

    @event.listens_for(engine, "before_cursor_execute")
    def note(*given: Any) -> None:
        if "observations" in given[2]:
            found.append((given[2], given[3]))

    with SqlUnitOfWork(Transaction(writing(engine), TENANT)) as work:
        ask(work)
    event.remove(engine, "before_cursor_execute", note)
    assert found
    return found
