"""A database from before anything was sealed."""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from shopbell_server.core.identity.people import Phone
from shopbell_server.core.ids import CardRef, Day, Millis, PersonId, ProfileId, TenantId
from shopbell_server.db import migrate
from shopbell_server.db.engine import open_engine, reading
from shopbell_server.db.stored_facts import encoded
from tests.fakes.keys import boxes_at
from tests.rigs.databases import open_sql
from tests.rigs.postgres import as_superuser
from tests.server.db.rows import fact

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from shopbell_server.ports.boxes import Boxes
    from tests.rigs.postgres import PostgresServer

BEFORE = "0016"
NAME = "ZZCANARYNAME"
MODEL = "ZZCANARYMODEL"
MAC_KEY = b"ZZCANARYMACKEY16"
SECRET = b"ZZCANARYCARDSECRET20"
DAY_KEY = b"ZZCANARYDAYKEYOF32BYTESZZCANARYD"
ANNA = PersonId("ZZCANARYPERSON")
FACT = fact("f1", ANNA)
MAIL = "ZZCANARYMAIL"
NUMBER = "ZZCANARYNUMBER"

PROFILES = """
    INSERT INTO profiles (tenant, profile, first_name, language, external_ids_json, staff)
    VALUES (:tenant, 'p', :name, 'nl', :ids, false), (:tenant, 'q', NULL, NULL, '{}', false)
"""
EXTERNAL_IDS = """
    INSERT INTO external_ids (tenant, kind, value, profile)
    VALUES (:tenant, 'email_sha256', :mail, 'p'), (:tenant, 'loyalty_number', :number, 'p')
"""
ENROLMENTS = """
    INSERT INTO enrolments (tenant, person, profile, device_no, mac_key, device_token_sha256,
        phone_model, created_ms)
    VALUES (:tenant, :anna, 'p', 1, :mac_key, :sha256, :model, 5),
        (:tenant, 'ben', 'q', 2, :mac_key, :other_sha256, NULL, 5)
"""
CARDS = "INSERT INTO cards (tenant, card, person, secret) VALUES (:tenant, 'c', :anna, :secret)"
FACTS = """
    INSERT INTO facts (tenant, fact, person, position, recorded_ms, fact_json)
    VALUES (:tenant, 'f1', :anna, 1, 5, :fact)
"""
DELIVERIES = """
    INSERT INTO deliveries (tenant, sink, fact, person, position, recorded_ms, state, due_ms, attempt)
    VALUES (:tenant, 'crm', 'f1', :anna, 1, 5, 'waiting', 5, 0)
"""
DAY_KEYS = "INSERT INTO day_keys (tenant, day, key) VALUES (:tenant, 20000, :day_key)"
STATEMENTS = (PROFILES, EXTERNAL_IDS, ENROLMENTS, CARDS, FACTS, DELIVERIES, DAY_KEYS)

STALE = {
    "sqlite": "PRAGMA user_version = 1",
    "postgresql": "COMMENT ON TABLE alembic_version IS 'old pages are readable'",
}


@pytest.fixture
def before(url: str) -> str:
    """Give the address of a database of revision BEFORE with customers of two tenants in it."""
    migrate.downgrade(url, BEFORE)
    engine = open_engine(as_superuser(url))
    with engine.begin() as connection:
        for tenant in ("acme", "bolt"):
            values = {
                "tenant": tenant,
                "anna": ANNA,
                "name": NAME,
                "mail": MAIL,
                "number": NUMBER,
                "ids": json.dumps({"email_sha256": MAIL, "loyalty_number": NUMBER}),
                "model": MODEL,
                "mac_key": MAC_KEY,
                "secret": SECRET,
                "day_key": DAY_KEY,
                "fact": encoded(FACT),
                "sha256": bytes(32),
                "other_sha256": bytes(31) + b"1",
            }
            for statement in STATEMENTS:
                connection.execute(text(statement), values)
    engine.dispose()
    return url


def upgraded(url: str) -> str:
    opened: dict[TenantId, Boxes] = {}
    migrate.upgrade(url, boxes_of=lambda tenant: opened.setdefault(tenant, boxes_at(url, tenant)))
    return url


@pytest.mark.parametrize("tenant", ["acme", "bolt"])
def test_what_was_there_is_there_and_sealed(before: str, tenant: str) -> None:
    with (
        closing(open_sql(upgraded(before), TenantId(tenant))) as database,
        database.begin() as work,
    ):
        profiles = work.people.profiles([ProfileId("p"), ProfileId("q")])
        assert {each.id: each.first_name for each in profiles.values()} == {"p": NAME, "q": None}
        links = work.identity.links([ProfileId("p"), ProfileId("q")])[ProfileId("p")]
        assert {(each.kind, each.value, each.source) for each in links} == {
            # Hashes are written in small letters.
            ("email_sha256", MAIL.lower(), "before"),
            ("loyalty_number", NUMBER, "before"),
        }
        assert list(work.identity.persons_by("loyalty_number", [NUMBER])[NUMBER]) == [ANNA]
        assert work.people.phones([ANNA, PersonId("ben")]) == {
            ANNA: Phone(mac_key=MAC_KEY, model=MODEL),
            "ben": Phone(mac_key=MAC_KEY, model=None),
        }
        assert work.people.cards([CardRef("c")])[CardRef("c")].secret == SECRET
        assert work.day_keys.keys([Day(20_000)]) == {20_000: DAY_KEY}
        (claimed,) = work.outgoing.claim("crm", Millis(9), 1_000, 9)
        assert claimed.fact == FACT


def test_nothing_that_can_be_read_is_left(before: str, request: pytest.FixtureRequest) -> None:
    planted = [NAME.encode(), MODEL.encode(), MAC_KEY, SECRET, DAY_KEY, b'"text_version"']
    planted += [MAIL.encode(), NUMBER.encode()]
    stored = _Stored(before, request)
    assert all(each in stored.read() for each in planted)
    upgraded(before)
    everything = stored.read()
    assert [each for each in (*planted, MAIL.lower().encode()) if each in everything] == []
    assert ANNA.encode() in everything


def test_what_could_not_be_written_anew_is_said_until_it_is(before: str) -> None:
    assert migrate.still_readable(before) is None
    upgraded(before)
    assert migrate.still_readable(before) is None
    # As one leaves it who was killed between the two, or had no room.
    engine = open_engine(before)
    with engine.begin() as connection:
        connection.execute(text(STALE[engine.dialect.name]))
    engine.dispose()
    assert "run `shopbell-server migrate` again" in str(migrate.still_readable(before))
    upgraded(before)
    assert migrate.still_readable(before) is None


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_the_tables_are_right_although_somebody_holds_old_pages(before: str) -> None:
    reader = open_engine(before)
    with reading(reader).connect() as connection:
        connection.execute(text("SELECT count(*) FROM alembic_version"))
        upgraded(before)
    reader.dispose()
    assert migrate.current(before) == migrate.NEWEST
    assert migrate.still_readable(before) is not None
    upgraded(before)
    assert migrate.still_readable(before) is None


def test_without_keys_nothing_is_changed(before: str) -> None:
    with pytest.raises(RuntimeError, match="shopbell-server migrate"):
        migrate.upgrade(before)
    assert migrate.current(before) == BEFORE


class _Stored:
    """What is on the disk of a database."""

    def __init__(self, url: str, request: pytest.FixtureRequest) -> None:
        self._url = url
        self._request = request

    def read(self) -> bytes:
        return b"".join(each.read_bytes() for each in self._files() if each.is_file())

    def _files(self) -> Iterator[Path]:
        if self._url.startswith("sqlite"):
            folder: Path = self._request.getfixturevalue("tmp_path")
            yield from folder.glob("shop.db*")
            return
        server: PostgresServer = self._request.getfixturevalue("postgres")
        server.checkpoint()
        engine = open_engine(self._url)
        with engine.connect() as connection:
            oid = connection.execute(
                text("SELECT oid FROM pg_database WHERE datname = current_database()")
            ).scalar_one()
        engine.dispose()
        yield from (server.data / "base" / str(oid)).iterdir()
