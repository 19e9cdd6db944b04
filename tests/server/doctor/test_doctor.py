"""`shopbell-server doctor`, as an operator asks it."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from shopbell_server.assembly import notary_of
from shopbell_server.config.reading import read_settings
from shopbell_server.core.audit.chain import Act, Actor, What, checkpoint, first_head
from shopbell_server.core.ids import Millis, TenantId
from shopbell_server.db import key_store
from shopbell_server.system import SystemClock
from tests.rigs.databases import open_sql
from tests.rigs.ports import free_port
from tests.server.test_commands import command

if TYPE_CHECKING:
    from pathlib import Path

SERVER = """
tenant = "acme"
[retailer]
uuid = "d3300000-5b0e-4de3-8000-5be110000001"
prefix = "5be11dea"
[database]
url = "{url}"
[keys]
file = "{folder}/own-keys.db"
[broker]
port = {broker}
[http]
port = {http}
[audit]
checkpoint_file = "{folder}/checkpoints"
signing_key_file = "{folder}/audit.key"
checkpoint_url = "http://127.0.0.1:{broker}/"
allow_loopback = true
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/shop.db"
    given: str = request.getfixturevalue("empty_postgres_url")
    return given


@pytest.fixture
def config(url: str, tmp_path: Path) -> Path:
    key = tmp_path / "audit.key"
    key.write_text(bytes(32).hex())
    key.chmod(0o600)
    path = tmp_path / "server.toml"
    path.write_text(SERVER.format(url=url, folder=tmp_path, broker=free_port(), http=free_port()))
    return path


def asked(config: Path) -> tuple[int, dict[str, tuple[str, str]]]:
    """Ask the doctor; return the exit code, and verdict and what was found by check."""
    said = command("doctor", "--json", "--config", config)
    assert said.stderr == ""
    findings = json.loads(said.stdout)["findings"]
    assert all(each["remedy"] for each in findings if each["verdict"] != "PASS")
    return said.returncode, {each["check"]: (each["verdict"], each["found"]) for each in findings}


def test_a_server_that_has_no_tables_yet_is_told_how_to_get_them(config: Path, url: str) -> None:
    code, found = asked(config)
    assert code == 1
    if url.startswith("sqlite"):
        assert found["database"][0] == "FAIL"
        assert not (config.parent / "shop.db").exists()
    else:
        assert found["tables"][0] == "FAIL"
    assert "tables" not in found or "migrate" in found["tables"][1]


def test_what_is_well_and_what_is_not_is_said_of_all_at_once(config: Path, url: str) -> None:
    assert command("migrate", "--create", "--config", config).returncode == 0
    code, found = asked(config)
    assert code == 1
    verdicts = {check: verdict for check, (verdict, _) in found.items()}
    assert verdicts.pop("clock") in {"PASS", "WARN"}
    assert {check: each for check, each in verdicts.items() if not check.startswith("disk")} == {
        "settings": "PASS",
        "roles": "PASS",
        "files": "PASS",
        "server": "WARN",
        "database": "PASS",
        "tables": "PASS",
        "tenants": "PASS",
        "keys": "PASS",
        "day-keys": "FAIL",
        "erasures": "PASS",
        "broker": "FAIL",
        "audit": "PASS",
        "checkpoints": "PASS",
        "receiver": "PASS",
    }
    assert "disk database" in verdicts or not url.startswith("sqlite")


def test_a_stay_of_a_store_that_there_is_not_is_told(config: Path) -> None:
    config.write_text(config.read_text() + '[visits]\nexpected_stay_min_of = { "ams-01" = 90 }\n')
    assert command("migrate", "--create", "--config", config).returncode == 0
    _, found = asked(config)
    verdict, what = found["visits"]
    assert verdict == "WARN"
    assert "ams-01" in what


def test_keys_of_another_database_are_told(config: Path) -> None:
    assert command("migrate", "--create", "--config", config).returncode == 0
    (config.parent / "own-keys.db").unlink()
    assert asked(config)[1]["keys"][0] == "FAIL"
    key_store.prepare(f"sqlite:///{config.parent}/own-keys.db")
    verdict, said = asked(config)[1]["keys"]
    assert verdict == "FAIL"
    assert "not those that this database was sealed with" in said


def remedies(config: Path) -> dict[str, str]:
    findings = json.loads(command("doctor", "--json", "--config", config).stdout)["findings"]
    return {each["check"]: each["remedy"] for each in findings}


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_of_tables_that_are_newer_nobody_is_sent_to_migrate(config: Path) -> None:
    assert command("migrate", "--create", "--config", config).returncode == 0
    with closing(sqlite3.connect(config.parent / "shop.db")) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
        database.commit()
    assert remedies(config)["tables"] == 'see "Upgrade, roll back" in deploy/README.md'


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_folder_that_is_away_is_told_before_anything_is_made_in_its_place(config: Path) -> None:
    config.write_text(config.read_text().replace("shop.db", "away/shop.db"))
    _, found = asked(config)
    assert found["database"] == ("FAIL", f'there is no folder "{config.parent}/away"')
    assert remedies(config)["database"].startswith("is its disk mounted?")


def test_records_that_nobody_signed_are_told(config: Path, url: str) -> None:
    assert command("migrate", "--create", "--config", config).returncode == 0
    with closing(open_sql(url, TenantId("acme"))) as database, database.begin() as work:
        long_ago = Millis(SystemClock().now_ms() - 3_600_000)
        act = Act(at_ms=long_ago, actor=Actor(kind="operator", name=""), what=What.SEEDED)
        work.audit.note([act])
        work.commit()
    _, found = asked(config)
    assert found["checkpoints"] == ("WARN", "records of 60 minutes are not signed")


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_checkpoints_of_another_key_are_told(config: Path) -> None:
    assert command("migrate", "--create", "--config", config).returncode == 0
    notary = notary_of(read_settings(config))
    assert notary is not None
    notary.checkpoints.append(
        checkpoint(notary.tenant, first_head(notary.tenant), SystemClock().now_ms(), notary.sign)
    )
    assert asked(config)[1]["checkpoints"][0] == "PASS"
    (config.parent / "audit.key").write_text("1f" * 32)
    verdict, said = asked(config)[1]["checkpoints"]
    assert verdict == "FAIL"
    assert "put that key back" in said


def test_settings_that_are_wrong_are_all_there_is_to_say(config: Path) -> None:
    config.write_text(config.read_text().replace('tenant = "acme"', 'tenant = "A C M E"'))
    said = command("doctor", "--config", config)
    assert said.returncode == 1
    assert said.stdout.startswith("FAIL  settings")
    assert said.stdout.endswith("1 failed, 0 to look at, 0 in order\n")


def test_a_secret_that_everybody_may_read_is_told(config: Path) -> None:
    (config.parent / "audit.key").chmod(0o644)
    _, found = asked(config)
    level, text = found["files audit.signing_key_file"]
    assert (level, text.startswith('"')) == ("WARN", True)


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_keys_that_are_away_are_not_made_anew_and_old_pages_are_said(config: Path) -> None:
    assert command("migrate", "--create", "--config", config).returncode == 0
    (config.parent / "own-keys.db").unlink()
    with closing(sqlite3.connect(config.parent / "shop.db")) as database:
        database.execute("PRAGMA user_version = 1")
    _, found = asked(config)
    assert found["keys"][0] == "FAIL"
    assert found["tables"] == (
        "WARN",
        "what is sealed by now can still be read on old pages of the database",
    )
    assert not (config.parent / "own-keys.db").exists()
