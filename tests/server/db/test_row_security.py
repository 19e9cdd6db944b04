"""What PostgreSQL itself shows to a connection, whatever the statement says."""

from __future__ import annotations

import os
import subprocess
from contextlib import closing
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from psycopg import sql as psycopg_sql
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from shopbell_server.core.ids import TenantId
from shopbell_server.db import migrate
from shopbell_server.db.columns import METADATA
from shopbell_server.db.engine import open_engine
from shopbell_server.db.failures import in_our_words
from shopbell_server.db.row_security import TenantNotToldError, hold, let_go, require_told
from shopbell_server.ports.database import DatabaseRefusedError
from tests.fakes.keys import boxes_at
from tests.rigs.databases import open_sql
from tests.rigs.postgres import OWNER, as_superuser
from tests.server.db.rows import add_store, enrol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy.engine import Connection

    from tests.rigs.postgres import PostgresServer

Dumped = subprocess.CompletedProcess[str]

ACME, BOLT = TenantId("acme"), TenantId("bolt")


@pytest.fixture
def two_tenants(postgres_url: str) -> str:
    """Give the address of a database in which each of two tenants has a store and a customer."""
    for tenant in (ACME, BOLT):
        with closing(open_sql(postgres_url, tenant)) as database, database.begin() as work:
            add_store(work)
            enrol(work)
            work.commit()
    return postgres_url


@pytest.fixture
def connect(two_tenants: str) -> Iterator[Callable[[str | None], Connection]]:
    """Give what opens connections of a tenant, or of none."""
    engines, connections = [], []

    def connected(tenant: str | None) -> Connection:
        engines.append(open_engine(two_tenants, tenant=tenant))
        connections.append(engines[-1].connect())
        return connections[-1]

    yield connected
    for connection in connections:
        connection.close()
    for engine in engines:
        engine.dispose()


@pytest.mark.parametrize("table", sorted(METADATA.tables))
def test_every_table_is_held_to_one_tenant(postgres_url: str, table: str) -> None:
    """Fails for a new table? Say `own_tenant_only("its_name")` in the revision that makes it."""
    engine = open_engine(postgres_url)
    with engine.connect() as connection:
        (held,) = connection.execute(
            text("SELECT relrowsecurity AND relforcerowsecurity FROM pg_class WHERE relname = :t"),
            {"t": table},
        ).one()
        policies = connection.execute(
            text("SELECT cmd, roles::text, qual, with_check FROM pg_policies WHERE tablename = :t"),
            {"t": table},
        ).all()
    engine.dispose()
    own = "(tenant = current_setting('shopbell.tenant'::text, true))"
    assert held, f"{table} has no row-level security"
    assert [tuple(each) for each in policies] == [("ALL", "{public}", own, own)]


@pytest.mark.parametrize("table", ["stores", "profiles", "enrolments", "cards"])
def test_a_statement_that_names_no_tenant_sees_its_own(
    connect: Callable[[str | None], Connection], table: str
) -> None:
    seen = connect(ACME).execute(text(f"SELECT tenant FROM {table}")).scalars().all()  # noqa: S608  our names
    assert set(seen) == {ACME}


def test_one_that_names_another_tenant_sees_nothing(
    connect: Callable[[str | None], Connection],
) -> None:
    found = connect(ACME).execute(text("SELECT * FROM stores WHERE tenant = 'bolt'")).all()
    assert found == []


@pytest.mark.parametrize("tenant", [None, "", "nobody", "ACME", "acme "])
def test_who_has_no_tenant_sees_nothing(
    connect: Callable[[str | None], Connection], tenant: str | None
) -> None:
    connection = connect(tenant)
    for table in METADATA.tables:
        assert connection.execute(text(f"SELECT * FROM {table}")).all() == []  # noqa: S608  our names


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO stores (tenant, store, name, timezone) VALUES ('bolt', 's', 'S', 'UTC')",
        "UPDATE profiles SET tenant = 'bolt'",
    ],
)
def test_nothing_is_written_for_another_tenant(
    connect: Callable[[str | None], Connection], statement: str
) -> None:
    with pytest.raises(ProgrammingError, match="row-level security") as refused:
        connect(ACME).execute(text(statement))
    assert isinstance(in_our_words(refused.value), DatabaseRefusedError)


def test_who_has_no_tenant_writes_nothing(connect: Callable[[str | None], Connection]) -> None:
    with pytest.raises(ProgrammingError, match="row-level security"):
        connect(None).execute(
            text("INSERT INTO stores (tenant, store, name, timezone) VALUES ('a', 's', 'S', 'UTC')")
        )


@pytest.mark.parametrize(
    "statement", ["UPDATE stores SET name = 'x'", "DELETE FROM cards", "DELETE FROM tickets"]
)
def test_what_is_changed_is_its_own(
    connect: Callable[[str | None], Connection], statement: str
) -> None:
    before = rows_of(connect, BOLT)
    connection = connect(ACME)
    connection.execute(text(statement))
    connection.commit()
    assert rows_of(connect, BOLT) == before


def test_the_tenant_outlives_a_transaction_that_failed(
    connect: Callable[[str | None], Connection],
) -> None:
    connection = connect(ACME)
    with pytest.raises(ProgrammingError):
        connection.execute(text("SELECT nonsense"))
    connection.rollback()
    assert connection.execute(text("SELECT tenant FROM stores")).scalars().all() == [ACME]


def test_a_migration_moves_the_rows_of_all_tenants(two_tenants: str) -> None:
    engine = open_engine(two_tenants)
    with engine.begin() as connection:
        let_go(connection)
        assert connection.execute(text("SELECT count(*) FROM stores")).scalar() == 2
        connection.execute(text("UPDATE stores SET name = 'moved'"))
        hold(connection)
        assert connection.execute(text("SELECT count(*) FROM stores")).scalar() == 0
    engine.dispose()
    for tenant in (ACME, BOLT):
        with closing(open_sql(two_tenants, tenant)) as database, database.read() as work:
            assert [store.name for store in work.registry.stores()] == ["moved"]


def test_the_owner_is_held_to_it_again_after_every_migration(two_tenants: str) -> None:
    migrate.downgrade(two_tenants, "0012")
    assert visible(two_tenants) == 2
    migrate.upgrade(two_tenants, boxes_of=lambda tenant: boxes_at(two_tenants, tenant))
    assert visible(two_tenants) == 0


def test_a_connection_that_lost_its_tenant_on_the_way_is_told(
    connect: Callable[[str | None], Connection], two_tenants: str
) -> None:
    migrate.require_newest(two_tenants, tenant=ACME)
    with pytest.raises(TenantNotToldError, match="Connect to PostgreSQL directly"):
        require_told(connect(None), ACME)
    with pytest.raises(TenantNotToldError):
        require_told(connect(BOLT), ACME)


def test_it_is_said_for_whom_it_does_not_hold(postgres: PostgresServer, postgres_url: str) -> None:
    assert migrate.unguarded(postgres_url) is None
    assert "is a superuser" in str(migrate.unguarded(as_superuser(postgres_url)))
    postgres.execute(psycopg_sql.SQL("CREATE ROLE beyond LOGIN BYPASSRLS").format())
    beyond = postgres_url.replace(f"{OWNER}@", "beyond@")
    assert "has BYPASSRLS" in str(migrate.unguarded(beyond))
    postgres.execute(psycopg_sql.SQL("DROP ROLE beyond").format())


@pytest.fixture
def dump(postgres: PostgresServer, two_tenants: str) -> Iterator[Callable[..., Dumped]]:
    """Give what backs the database up as the runbook says: as a role, with options."""
    name, folder = urlsplit(two_tenants).path.strip("/"), two_tenants.partition("host=")[2]
    postgres.execute(
        psycopg_sql.SQL("CREATE ROLE backup LOGIN BYPASSRLS IN ROLE pg_read_all_data").format()
    )

    def dumped(role: str, *options: str, tenant: str | None = None) -> Dumped:
        own = {} if tenant is None else {"PGOPTIONS": f"-c shopbell.tenant={tenant}"}
        return subprocess.run(
            [postgres.programs / "pg_dump", "-h", folder, "-U", role, *options, name],
            env={**os.environ, **own},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    yield dumped
    postgres.execute(psycopg_sql.SQL("DROP ROLE backup").format())


def stores_in(dumped: Dumped) -> set[str]:
    rows = dumped.stdout.partition("COPY public.stores ")[2].partition("\\.")[0].splitlines()[1:]
    return {row.partition("\t")[0] for row in rows}


def test_a_backup_of_the_role_for_it_holds_all_tenants(dump: Callable[..., Dumped]) -> None:
    assert stores_in(dump("backup")) == {ACME, BOLT}


def test_a_backup_of_the_servers_role_fails_and_leaves_nothing_out(
    dump: Callable[..., Dumped],
) -> None:
    failed = dump(OWNER)
    assert failed.returncode != 0
    assert "row-level security" in failed.stderr


def test_a_backup_of_one_tenant_holds_no_other(dump: Callable[..., Dumped]) -> None:
    assert stores_in(dump(OWNER, "--enable-row-security", tenant=ACME)) == {ACME}


def test_sqlite_has_nothing_like_it(sqlite_url: str) -> None:
    assert migrate.unguarded(sqlite_url) is None
    migrate.require_newest(sqlite_url, tenant=ACME)


def visible(url: str) -> int:
    engine = open_engine(url)
    with engine.connect() as connection:
        count = connection.execute(text("SELECT count(*) FROM stores")).scalar_one()
    engine.dispose()
    return int(count)


def rows_of(connect: Callable[[str | None], Connection], tenant: str) -> list[object]:
    connection = connect(tenant)
    found = [
        connection.execute(text(f"SELECT * FROM {table}")).all()  # noqa: S608  our names
        for table in METADATA.tables
    ]
    connection.rollback()
    return list(map(list, found))
