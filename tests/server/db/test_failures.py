from __future__ import annotations

import os
import stat
import traceback
from itertools import count
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from shopbell_server.core.ids import Day, DeviceNo, PersonId, TenantId
from shopbell_server.core.registry import Store
from shopbell_server.db import migrate
from shopbell_server.db.engine import DatabaseAddressError, open_engine
from shopbell_server.ports.database import (
    DatabaseBusyError,
    DatabaseLostError,
    DatabaseRefusedError,
)
from tests.rigs.databases import open_sql
from tests.rigs.postgres import OWNER
from tests.server.db.rows import (
    ANNA,
    BEN,
    PHONE,
    STORE,
    add_store,
    card,
    enrol,
    entry,
    hashed,
    visit,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from shopbell_server.db.unit_of_work import SqlDatabase
    from shopbell_server.ports.database import UnitOfWork
    from tests.rigs.postgres import PostgresServer

ACME = TenantId("acme")

_numbers = count(1)


@pytest.fixture
def restless(postgres: PostgresServer, postgres_url: str) -> Iterator[SqlDatabase]:
    """Give a database whose server may be killed; it is there again afterwards."""
    database = open_sql(postgres_url, ACME)
    yield database
    database.close()
    postgres.kill()
    postgres.start()


# ------------------------------------------------------------------ addresses


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "shop.db",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///shop.db?mode=memory",
        "mysql://user:hunter2@host/shop",
    ],
)
def test_an_address_that_cannot_be_used_is_an_error_that_says_what_can(wrong: str) -> None:
    with pytest.raises(DatabaseAddressError, match="sqlite:///path") as caught:
        open_engine(wrong)
    assert "hunter2" not in str(caught.value)


@pytest.fixture
def guarded(postgres: PostgresServer, postgres_url: str) -> str:
    """Give the address of a database for a role that must give a password."""
    role = f"guarded_{next(_numbers)}"
    postgres.want_password(role, "open sesame")
    return postgres_url.replace(f"{OWNER}@", f"{role}@")


@pytest.mark.parametrize(
    ("password", "said"),
    [("hunter2", "refuses the password"), (None, "wants a password")],
)
def test_who_is_not_let_in_is_told_that_it_is_the_password(
    guarded: str, password: str | None, said: str
) -> None:
    with pytest.raises(DatabaseLostError, match=said) as caught:
        migrate.current(guarded, password)
    assert "see password_file" in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert migrate.current(guarded, "open sesame") == migrate.NEWEST


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ((f"{OWNER}@", "nobody@"), "no such role"),
        (("/test_", "/no_"), "no such database"),
        (("?host=/", "?host=/nowhere/"), "nothing listens there"),
        (("?host=/", "?host=nowhere.invalid&was=/"), "no host of that name"),
    ],
)
def test_what_in_an_address_is_wrong_is_said(
    postgres_url: str, change: tuple[str, str], said: str
) -> None:
    wrong = postgres_url.replace(*change).partition("&was=")[0]
    with pytest.raises(DatabaseLostError, match=said):
        migrate.current(wrong)


def test_a_password_is_shown_nowhere() -> None:
    engine = open_engine("postgresql://shop@127.0.0.1:1/shop", "hunter2")
    assert "hunter2" not in repr(engine)
    engine.dispose()
    database = open_sql("postgresql://shop:hunter2@127.0.0.1:1/shop", ACME)
    with pytest.raises(DatabaseLostError) as caught:
        database.begin().__enter__()
    database.close()
    said = "".join(traceback.format_exception(caught.value))
    assert "hunter2" not in said
    assert "127.0.0.1" not in said.replace(__file__, "").split("DatabaseLostError:")[-1]


# ------------------------------------------------------------------ SQLite


def test_the_file_is_its_owners_alone(tmp_path: Path) -> None:
    mask = os.umask(0)
    try:
        migrate.upgrade(f"sqlite:///{tmp_path}/shop.db")
    finally:
        os.umask(mask)
    assert stat.S_IMODE((tmp_path / "shop.db").stat().st_mode) == 0o600


def test_sqlite_is_durable_and_careful(sqlite_url: str) -> None:
    engine = open_engine(sqlite_url)
    with engine.connect() as connection:

        def pragma(name: str) -> object:
            return connection.execute(text(f"PRAGMA {name}")).scalar()

        assert pragma("journal_mode") == "wal"
        assert pragma("synchronous") == 2  # FULL
        assert pragma("foreign_keys") == 1
        assert pragma("secure_delete") == 1
        assert pragma("busy_timeout") == 5_000
    engine.dispose()


def test_a_folder_that_is_not_there_is_a_lost_database(tmp_path: Path) -> None:
    database = open_sql(f"sqlite:///{tmp_path}/none/shop.db", ACME)
    with pytest.raises(DatabaseLostError, match=r"is its folder there.*SQLITE_CANTOPEN"):
        database.begin().__enter__()
    database.close()


def test_a_file_that_is_no_database_is_a_lost_database(tmp_path: Path) -> None:
    (tmp_path / "shop.db").write_bytes(b"something else " * 1000)
    with pytest.raises(DatabaseLostError, match=r"is it the right file.*SQLITE_NOTADB"):
        migrate.upgrade(f"sqlite:///{tmp_path}/shop.db")


def test_a_writer_that_does_not_end_makes_the_next_one_busy(sqlite_url: str) -> None:
    one, other = (open_sql(sqlite_url, ACME, wait_s=0.1) for _ in range(2))
    with one.begin(), pytest.raises(DatabaseBusyError, match="SQLITE_BUSY"):
        other.begin().__enter__()
    with other.begin() as work:
        add_store(work)
        work.commit()
    one.close()
    other.close()


def test_what_is_deleted_is_not_in_the_files(tmp_path: Path, sqlite_url: str) -> None:
    key = b"0123456789abcdefFEDCBA9876543210"
    database = open_sql(sqlite_url, ACME)
    with database.begin() as work:
        work.day_keys.add(Day(1), key)
        work.commit()
    engine = open_engine(sqlite_url)
    with engine.connect() as connection:
        box: bytes = connection.execute(text("SELECT key_box FROM day_keys")).scalar_one()
    engine.dispose()
    assert box in everything(tmp_path)
    assert key not in everything(tmp_path)
    with database.begin() as work:
        work.day_keys.destroy_before(Day(2))
        work.commit()
    database.close()
    assert box not in everything(tmp_path)


def everything(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file())


# ------------------------------------------------------------------ PostgreSQL


def test_a_row_that_stays_locked_makes_the_next_one_busy(postgres_url: str) -> None:
    database = open_sql(postgres_url, ACME, wait_s=0.1)
    with database.begin() as work:
        enrol(work)
        work.commit()
    with database.begin() as one, database.begin() as other:
        one.people.lock([ANNA])
        with pytest.raises(DatabaseBusyError, match="55P03"):
            other.people.lock([ANNA])
    database.close()


def test_a_server_that_dies_loses_what_was_not_committed(
    postgres: PostgresServer, restless: SqlDatabase
) -> None:
    with restless.begin() as work:
        add_store(work)
        work.commit()

    def write() -> None:
        with restless.begin() as work:
            enrol(work)
            postgres.kill()
            work.people.lock([ANNA])
            work.commit()

    with pytest.raises(DatabaseLostError):
        write()
    with pytest.raises(DatabaseLostError):
        restless.begin().__enter__()
    postgres.start()
    with restless.begin() as work:
        assert work.registry.store(STORE) is not None
        assert work.people.enrolments([ANNA]) == {}


def test_a_commit_that_nobody_answers_is_a_lost_database(
    postgres: PostgresServer, restless: SqlDatabase
) -> None:
    with restless.begin() as work:
        add_store(work)
        postgres.kill()
        with pytest.raises(DatabaseLostError):
            work.commit()
    postgres.start()


def test_all_connections_in_use_is_busy(postgres_url: str) -> None:
    database = open_sql(postgres_url, ACME, wait_s=0.1)
    held = [database.begin() for _ in range(16)]
    for unit in held:
        unit.__enter__()
    with pytest.raises(DatabaseBusyError, match="in use"):
        database.begin().__enter__()
    for unit in held:
        unit.__exit__(None, None, None)
    database.close()


def test_a_value_that_postgresql_cannot_hold_is_refused(postgres_url: str) -> None:
    database = open_sql(postgres_url, ACME)
    with database.begin() as work, pytest.raises(DatabaseRefusedError):
        work.registry.put_store(Store(id=STORE, name="a\x00b", timezone="UTC"))
    database.close()


# ------------------------------------------------------------------ both


def test_no_value_of_a_row_is_in_what_is_said(sql_work: UnitOfWork) -> None:
    person = PersonId("canary-person")
    enrol(sql_work, number=77)
    with pytest.raises(DatabaseBusyError) as caught:
        enrol(sql_work, person, number=77)
    said = "".join(traceback.format_exception(caught.value))
    assert "canary-person'" not in said
    assert "canary-person)" not in said


@pytest.mark.parametrize("fault", ["reference", "condition", "consent"])
def test_what_is_refused_names_the_rule_and_no_row(sql_work: UnitOfWork, fault: str) -> None:
    add_store(sql_work)

    def break_it() -> None:
        if fault == "reference":
            anna = enrol(sql_work)
            sql_work.people.add_enrolment(
                anna.__class__(
                    person=BEN,
                    profile=anna.profile,
                    device_no=DeviceNo(8),
                    created_ms=anna.created_ms,
                    revoked_ms=None,
                ),
                PHONE,
                hashed(8),
                card(PersonId("canary"), 8),
            )
        elif fault == "condition":
            sql_work.ledger.append([entry(person=PersonId("canary"))])
            sql_work.visits.put([visit("canary", 9, 1, person=PersonId("canary"))])
        else:
            sql_work.visits.put([visit("canary")])

    named = {"reference": "(?i)f.*k", "condition": "ck_visits_in_order", "consent": "visit"}[fault]
    with pytest.raises(DatabaseRefusedError, match=named) as caught:
        break_it()
    assert "canary" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
