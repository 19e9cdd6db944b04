"""Keys in a file or a database of their own. What every store does is in sealing/test_key_stores."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from random import Random
from resource import RLIMIT_FSIZE, getrlimit, setrlimit
from stat import S_IMODE
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from shopbell_server.core.ids import PersonId, TenantId
from shopbell_server.core.keeping.owners import owner_of_person
from shopbell_server.db import key_store
from shopbell_server.db.engine import open_engine, reading
from shopbell_server.db.key_store import KeysNotPreparedError, SqlKeys
from shopbell_server.ports.database import DatabaseBusyError, DatabaseLostError
from shopbell_server.ports.keys import KeysLostError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from shopbell_server.core.keeping.owners import Owner
    from tests.rigs.postgres import PostgresServer

ACME = TenantId("acme")
ANNA = owner_of_person(PersonId("anna"))

FULL_BYTES = 40_000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "keys.db"
    key_store.prepare(f"sqlite:///{path}")
    return path


@pytest.fixture
def store(path: Path) -> Iterator[SqlKeys]:
    with closing(SqlKeys(f"sqlite:///{path}", ACME, wait_s=0.1)) as store:
        yield store


def everything(folder: Path) -> bytes:
    """Return all that is in the files of a folder."""
    return b"".join(each.read_bytes() for each in sorted(folder.rglob("*")) if each.is_file())


def test_the_file_is_for_the_server_alone(path: Path, store: SqlKeys) -> None:
    store.made([ANNA])
    assert {S_IMODE(each.stat().st_mode) for each in path.parent.iterdir()} == {0o600}


def test_nothing_of_a_destroyed_key_is_left_in_the_file_or_its_log(
    path: Path, store: SqlKeys
) -> None:
    """Pages that split and join again, and their copies in the log, hold none either."""
    chance = Random(1)
    alive: dict[Owner, bytes] = {}
    destroyed: list[bytes] = []
    for _ in range(20):
        names = [f"{chance.getrandbits(64):016x}" for _ in range(150)]
        owners = [owner_of_person(PersonId(each)) for each in names]
        alive |= store.made(owners)
        gone = chance.sample(sorted(alive), 100)
        store.destroy(gone)
        destroyed += [alive.pop(each) for each in gone]
    found = everything(path.parent)
    assert [key for key in destroyed if key in found] == []
    assert all(key in found for key in alive.values())


def test_while_somebody_reads_a_key_is_gone_but_not_wiped(path: Path, store: SqlKeys) -> None:
    key = store.made([ANNA])[ANNA]
    engine = open_engine(f"sqlite:///{path}")
    with reading(engine).connect() as reader:
        reader.exec_driver_sql("SELECT count(*) FROM owner_keys").all()
        with pytest.raises(DatabaseBusyError, match="log could not be emptied"):
            store.destroy([ANNA])
        assert store.known([ANNA]) == {}
    engine.dispose()
    store.destroy([ANNA])
    assert key not in everything(path.parent)


def test_a_full_disk_while_wiping_is_a_store_that_is_away(path: Path, store: SqlKeys) -> None:
    """The log has room, and the page behind it has not: the key is deleted, and its page not overwritten."""
    people = [owner_of_person(PersonId(f"person-{each:05}")) for each in range(6_000)]
    store.made(people)
    store.destroy(people[:1])
    assert path.stat().st_size > 4 * FULL_BYTES
    limits = getrlimit(RLIMIT_FSIZE)
    setrlimit(RLIMIT_FSIZE, (FULL_BYTES, limits[1]))
    try:
        with pytest.raises(KeysLostError, match="the disk is full"):
            store.destroy(people[-1:])
    finally:
        setrlimit(RLIMIT_FSIZE, limits)
    assert store.known(people[-1:]) == {}
    store.destroy(people[-1:])


def test_postgresql_keeps_nothing_of_a_destroyed_key_on_its_pages(
    postgres: PostgresServer, empty_postgres_url: str
) -> None:
    key_store.prepare(empty_postgres_url)
    owners = [owner_of_person(PersonId(f"{number:016x}")) for number in range(200)]
    with closing(SqlKeys(empty_postgres_url, ACME)) as store:
        keys = store.made(owners)
        before = pages(postgres, empty_postgres_url)
        assert all(key in before for key in keys.values())
        store.destroy(owners[::2])
    after = pages(postgres, empty_postgres_url)
    assert [owner for owner in owners[::2] if keys[owner] in after] == []
    assert all(keys[owner] in after for owner in owners[1::2])


def test_postgresql_shows_a_connection_the_keys_of_one_tenant(empty_postgres_url: str) -> None:
    for _ in range(2):
        key_store.prepare(empty_postgres_url)
    bolt = TenantId("bolt")
    for tenant in (ACME, bolt):
        with closing(SqlKeys(empty_postgres_url, tenant)) as store:
            store.made([ANNA])
    assert [whose(empty_postgres_url, tenant) for tenant in (ACME, bolt, None)] == [
        [ACME],
        [bolt],
        [],
    ]


def whose(url: str, tenant: str | None) -> list[str]:
    engine = open_engine(url, tenant=tenant)
    with engine.connect() as connection:
        found = connection.execute(text("SELECT tenant FROM owner_keys")).scalars().all()
    engine.dispose()
    return list(found)


def pages(postgres: PostgresServer, url: str) -> bytes:
    """Return all pages of a database, as they are on the disk."""
    postgres.checkpoint()
    engine = open_engine(url)
    with engine.connect() as connection:
        oid = connection.execute(
            text("SELECT oid FROM pg_database WHERE datname = current_database()")
        ).scalar_one()
    engine.dispose()
    return everything(postgres.data / "base" / str(oid))


def test_a_store_without_its_table_says_what_to_do(tmp_path: Path, empty_postgres_url: str) -> None:
    for url in (f"sqlite:///{tmp_path}/none.db", empty_postgres_url):
        with (
            closing(SqlKeys(url, ACME)) as store,
            pytest.raises(KeysNotPreparedError, match="shopbell-server migrate"),
        ):
            store.require_prepared()
        key_store.prepare(url)
        with closing(SqlKeys(url, ACME)) as store:
            store.require_prepared()


def test_several_may_prepare_at_once(tmp_path: Path, empty_postgres_url: str) -> None:
    for url in (f"sqlite:///{tmp_path}/keys.db", empty_postgres_url):
        with ThreadPoolExecutor(3) as threads:
            list(threads.map(key_store.prepare, [url] * 3))
        with closing(SqlKeys(url, ACME)) as store:
            assert len(store.made([ANNA])) == 1


def test_a_store_that_is_away_may_be_asked_again_later(tmp_path: Path) -> None:
    for url in ("postgresql://shop:hunter2@127.0.0.1:1/keys", f"sqlite:///{tmp_path}/no/keys.db"):
        with closing(SqlKeys(url, ACME, wait_s=0.1)) as store:
            for ask in (store.known, store.made, store.destroy):
                with pytest.raises(DatabaseLostError) as caught:
                    ask([ANNA])
                assert "hunter2" not in str(caught.value)
            with pytest.raises((DatabaseLostError, KeysNotPreparedError)):
                store.require_prepared()
        with pytest.raises(DatabaseLostError):
            key_store.prepare(url)


def test_more_keys_than_fit_in_one_statement(store: SqlKeys) -> None:
    owners = [owner_of_person(PersonId(f"{number:016x}")) for number in range(12_000)]
    made = store.made(owners)
    assert store.known(owners) == made
    store.destroy(owners)
    assert store.known(owners) == {}
