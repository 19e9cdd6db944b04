from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text
from sqlalchemy.exc import DBAPIError

from shopbell_server.core.consent.ledger import Purpose
from shopbell_server.core.identity.people import Issued
from shopbell_server.core.ids import PersonId, TenantId, Window
from shopbell_server.db import migrate
from shopbell_server.db.columns import METADATA
from shopbell_server.db.engine import open_engine
from shopbell_server.ports.database import DatabaseRefusedError
from shopbell_server.system import SystemClock
from tests.rigs.databases import open_sql
from tests.rigs.postgres import as_superuser
from tests.server.db.rows import add_store, enrol, entry, visit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.engine import Connection

OURS = METADATA


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give the address of a database without a table."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/empty.db"
    address: str = request.getfixturevalue("empty_postgres_url")
    return address


@pytest.fixture
def connection(url: str) -> Iterator[Connection]:
    engine = open_engine(as_superuser(url))
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def test_an_empty_database_is_brought_to_the_newest_revision(empty_url: str) -> None:
    assert migrate.current(empty_url) is None
    assert migrate.upgrade(empty_url) == migrate.NEWEST
    assert migrate.current(empty_url) == migrate.NEWEST
    migrate.require_newest(empty_url)


def test_migrating_again_changes_nothing(empty_url: str) -> None:
    migrate.upgrade(empty_url)
    assert migrate.upgrade(empty_url) == migrate.NEWEST


def test_several_may_migrate_at_once(empty_url: str) -> None:
    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(migrate.upgrade, [empty_url] * 3)) == [migrate.NEWEST] * 3


def test_the_way_back_leaves_nothing(empty_url: str) -> None:
    migrate.upgrade(empty_url)
    migrate.downgrade(empty_url, "base")
    assert migrate.current(empty_url) is None
    engine = open_engine(empty_url)
    assert inspect(engine).get_table_names() == ["alembic_version"]
    engine.dispose()
    assert migrate.upgrade(empty_url) == migrate.NEWEST


def test_the_migrations_make_the_tables_that_the_code_uses(connection: Connection) -> None:
    context = MigrationContext.configure(connection, opts={"compare_server_default": True})
    assert compare_metadata(context, OURS) == []


def test_every_constraint_has_the_name_that_the_code_gives_it(connection: Connection) -> None:
    found = inspect(connection)
    for table in OURS.sorted_tables:
        names = {
            found.get_pk_constraint(table.name)["name"],
            *(each["name"] for each in found.get_foreign_keys(table.name)),
            *(each["name"] for each in found.get_unique_constraints(table.name)),
            *(each["name"] for each in found.get_check_constraints(table.name)),
        }
        assert names == {str(each.name) for each in table.constraints}


def test_every_key_begins_with_the_tenant(connection: Connection) -> None:
    found = inspect(connection)
    for table in OURS.sorted_tables:
        assert found.get_pk_constraint(table.name)["constrained_columns"][0] == "tenant"
        for index in found.get_indexes(table.name):
            assert index["column_names"][0] == "tenant"


def test_postgresql_compares_text_byte_by_byte(postgres_url: str) -> None:
    engine = open_engine(as_superuser(postgres_url))
    with engine.connect() as connection:
        others = connection.execute(
            text(
                "SELECT table_name, column_name FROM information_schema.columns "
                "WHERE table_schema = 'public' AND data_type = 'text' "
                "AND collation_name IS DISTINCT FROM 'C'"
            )
        ).all()
    engine.dispose()
    assert others == []


def test_a_database_of_a_newer_program_is_left_alone(url: str) -> None:
    engine = open_engine(as_superuser(url))
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    for ask in (migrate.upgrade, migrate.require_newest):
        with pytest.raises(migrate.DatabaseTooNewError, match=r"9999.*install the version"):
            ask(url)
    assert migrate.current(url) == "9999"


def test_a_database_without_tables_says_what_to_do(empty_url: str) -> None:
    with pytest.raises(migrate.DatabaseTooOldError, match="shopbell-server migrate"):
        migrate.require_newest(empty_url)
    database = open_sql(empty_url, TenantId("acme"))
    with (
        database.begin() as work,
        pytest.raises(DatabaseRefusedError, match="shopbell-server migrate"),
    ):
        work.registry.stores()
    database.close()


def test_the_revisions_are_in_the_package() -> None:
    folder = Path(migrate.__file__).parent / "migrations"
    assert ScriptDirectory(str(folder)).get_current_head() == migrate.NEWEST


# ------------------------------------------------------------------ triggers


@pytest.fixture
def consented(url: str) -> str:
    database = open_sql(url, TenantId("acme"))
    with database.begin() as work:
        add_store(work)
        young = entry(2, at_ms=SystemClock().now_ms(), purpose=Purpose.MESSAGES)
        work.ledger.append([entry(), young])
        work.visits.put([visit("v1")])
        work.commit()
    database.close()
    return url


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ("UPDATE consent_entries SET at_ms = 0", "only grows"),
        ("DELETE FROM consent_entries", "only grows"),
        ("DELETE FROM consent_entries WHERE person = 'person-anna'", "only grows"),
        ("UPDATE visits SET person = 'somebody-else'", "needs a consent"),
        ("UPDATE visits SET tenant = 'bolt'", "needs a consent"),
        ("UPDATE visits SET start_ms = -2, end_ms = -1", "needs a consent"),
    ],
)
def test_not_even_the_prompt_may(consented: str, statement: str, why: str) -> None:
    engine = open_engine(as_superuser(consented))
    with engine.connect() as connection, pytest.raises(DBAPIError, match=why):
        connection.execute(text(statement))
    engine.dispose()


@pytest.mark.parametrize(
    ("statement", "stamped"),
    [
        (
            "UPDATE enrolments SET mac_key_box = device_token_sha256 WHERE person = 'person-anna'",
            "anna",
        ),
        ("UPDATE profiles SET staff = NOT staff", "anna ben"),
        ("UPDATE profiles SET language = 'fr'", ""),
        ("UPDATE issued_windows SET last_window = 9 WHERE person = 'person-anna'", "anna"),
        ("UPDATE issued_windows SET person = 'person-ben', last_window = 9", "anna ben"),
        ("DELETE FROM issued_windows WHERE person = 'person-anna'", "anna"),
        ("DELETE FROM issued_windows WHERE person = 'person-ben'", ""),
    ],
)
def test_whatever_is_done_at_the_prompt_is_stamped(url: str, statement: str, stamped: str) -> None:
    database = open_sql(url, TenantId("acme"))
    people = [PersonId(f"person-{name}") for name in ("anna", "ben")]
    with database.begin() as work:
        enrol(work, people[0], number=1)
        enrol(work, people[1], number=2)
        work.people.add_issued(Issued(person=people[0], first=Window(1), last=Window(2)))
        before = work.people.lock(people)
        work.commit()
    engine = open_engine(as_superuser(url))
    with engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()
    with database.begin() as work:
        after = work.people.lock(people)
    database.close()
    changed = {person for person, stamp in after.items() if stamp not in before.values()}
    assert changed == {f"person-{name}" for name in stamped.split()}


def test_the_ledger_cannot_be_truncated(postgres_url: str) -> None:
    engine = open_engine(as_superuser(postgres_url))
    with engine.connect() as connection, pytest.raises(DBAPIError, match="only grows"):
        connection.execute(text("TRUNCATE consent_entries"))
    engine.dispose()
