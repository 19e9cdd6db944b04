"""Five kinds of tampering with the audit, by somebody who owns the database, and `audit verify`."""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from shopbell_program.signing import Signer
from shopbell_server import preparing
from shopbell_server.assembly import open_database
from shopbell_server.checkpoint_file import CheckpointFile
from shopbell_server.config.reading import read_settings
from shopbell_server.core.audit.chain import Act, Actor, What
from shopbell_server.core.ids import Millis, TenantId
from shopbell_server.db.engine import open_engine
from shopbell_server.usecases.keeping.keep_audit import Notary, make_checkpoint
from tests.rigs.postgres import as_superuser
from tests.server.test_commands import command

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sqlalchemy import Connection

    from shopbell_server.db.unit_of_work import SqlDatabase

NOON = Millis(1_795_262_400_000)
ACME = TenantId("acme")
KEY = bytes(range(32))

SERVER = """
tenant = "acme"
[retailer]
uuid = "d3300000-5b0e-4de3-8000-5be110000001"
prefix = "5be11dea"
[database]
url = "{url}"
[keys]
file = "{folder}/own-keys.db"
[audit]
checkpoint_file = "{folder}/checkpoints"
signing_key_file = "{folder}/audit.key"
"""

TABLES = ("audit_records", "audit_heads")

HEAD_TOO = "UPDATE audit_heads SET number = 3, digest = (SELECT digest FROM audit_records WHERE number = 3)"


@pytest.fixture
def config(url: str, tmp_path: Path) -> Path:
    """Write settings, and do six things, of which four are in a checkpoint."""
    key = tmp_path / "audit.key"
    key.write_text(KEY.hex())
    key.chmod(0o600)
    path = tmp_path / "server.toml"
    path.write_text(SERVER.format(url=url, folder=tmp_path))
    preparing.upgrade(read_settings(path))
    notary = Notary(
        tenant=ACME,
        sign=Signer(KEY).sign,
        checkpoints=CheckpointFile(tmp_path / "checkpoints"),
    )
    with closing(open_database(read_settings(path))) as database:
        act(database, "olga", 4)
        make_checkpoint(database, notary, None, NOON)
        act(database, "olga", 2)
    return path


def act(database: SqlDatabase, name: str, count: int) -> None:
    with database.begin() as work:
        for number in range(count):
            work.audit.note(
                [
                    Act(
                        at_ms=Millis(NOON + number),
                        actor=Actor(kind="operator", name=name),
                        what=What.EDGE_ORDERED,
                        about=f"edge-{number}",
                    )
                ]
            )
        work.commit()


def as_owner(url: str, *statements: str) -> None:
    """Do as somebody does who owns the database: the triggers are off meanwhile, and on again after."""
    engine = open_engine(as_superuser(url))
    with engine.begin() as connection:
        triggers = _taken_off(connection)
        for statement in statements:
            connection.execute(text(statement))
        for trigger in triggers:
            connection.execute(text(trigger))
    engine.dispose()


def _taken_off(connection: Connection) -> Sequence[str]:
    """Take the triggers off and return what puts them on again."""
    if connection.dialect.name == "sqlite":
        triggers = connection.execute(
            text(
                "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'audit%'"
            )
        ).all()
        for trigger in triggers:
            connection.execute(text(f"DROP TRIGGER {trigger.name}"))
        return [trigger.sql for trigger in triggers]
    for table in TABLES:
        connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER ALL"))
    return [f"ALTER TABLE {table} ENABLE TRIGGER ALL" for table in TABLES]


def verified(config: Path) -> tuple[int, list[tuple[str, int]]]:
    said = command("audit", "verify", "--json", "--config", config)
    assert said.stdout, said.stderr
    findings = json.loads(said.stdout)["findings"]
    return said.returncode, [(each["fault"], each["record"]) for each in findings]


def test_nothing_is_found_where_nothing_was_done(config: Path) -> None:
    assert verified(config) == (0, [])


def test_a_changed_record_is_found(config: Path, url: str) -> None:
    as_owner(url, "UPDATE audit_records SET actor_name = 'joe' WHERE number = 3")
    assert verified(config) == (1, [("changed", 3)])


def test_a_deleted_record_is_found(config: Path, url: str) -> None:
    as_owner(url, "DELETE FROM audit_records WHERE number = 3")
    assert verified(config) == (1, [("missing", 4)])


def test_re_ordered_records_are_found(config: Path, url: str) -> None:
    as_owner(
        url,
        "UPDATE audit_records SET number = 99 WHERE number = 2",
        "UPDATE audit_records SET number = 2 WHERE number = 3",
        "UPDATE audit_records SET number = 3 WHERE number = 99",
    )
    code, found = verified(config)
    assert code == 1
    assert {("moved", 2), ("moved", 3)} <= set(found)


@pytest.mark.parametrize(
    "head",
    [
        (),
        (HEAD_TOO,),
    ],
    ids=["its head left", "its head too"],
)
def test_a_truncated_record_is_found(config: Path, url: str, head: tuple[str, ...]) -> None:
    as_owner(url, "DELETE FROM audit_records WHERE number > 3", *head)
    code, found = verified(config)
    assert code == 1
    assert ("cut_off", 3) in found


def test_a_record_that_was_made_anew_is_found(config: Path, url: str) -> None:
    """A superuser computes the whole chain again, as the program would: it fits together."""
    as_owner(url, "DELETE FROM audit_records", "DELETE FROM audit_heads")
    with closing(open_database(read_settings(config))) as database:
        act(database, "joe", 6)
    assert verified(config) == (1, [("rewritten", 4)])
    said = command("audit", "verify", "--config", config).stdout
    assert "not those that were signed: the chain was made anew" in said
