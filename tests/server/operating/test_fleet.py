"""`shopbell-server edge …` where nothing can be sent: what is said, and that nothing was done."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from shopbell_program.signing import Signer
from shopbell_server.core.edges.lineage import Start
from shopbell_server.core.ids import EdgeId, Millis, TenantId
from shopbell_server.usecases.intake.orders import Wish, order
from shopbell_wire.orders import SendDiagnostics
from tests.rigs.brokers import NatsBroker
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
url = "sqlite:///{folder}/shopbell.db"
[broker]
port = {port}
"""


@pytest.fixture
def config(migrated_file: Path, tmp_path: Path) -> Path:
    """Write the settings of a server with one edge, whose broker is away."""
    path = tmp_path / "server.toml"
    path.write_text(SERVER.format(folder=tmp_path, port=free_port()))
    seed = tmp_path / "seed.json"
    store = {
        "id": "hague",
        "name": "The Hague",
        "zones": [{"id": "door", "name": "Door"}],
        "edges": [{"id": "hague-door", "zone": "door"}],
    }
    seed.write_text(json.dumps({"stores": [store]}))
    shutil.copy(migrated_file, tmp_path / "shopbell.db")
    assert command("migrate", "--create", "--config", path).returncode == 0
    assert command("seed", seed, "--config", path).returncode == 0
    return path


def with_key(config: Path) -> Path:
    assert command("edge", "new-key", config.parent / "keys").returncode == 0
    key = config.parent / "keys" / "orders.key"
    config.write_text(f'{config.read_text()}[orders]\nsigning_key_file = "{key}"\n')
    return config


@pytest.mark.parametrize("action", ["list", "configure", "command", "orders", "new-key"])
def test_help_has_an_example(action: str) -> None:
    done = command("edge", action, "--help")
    assert done.returncode == 0
    assert f"example: shopbell-server edge {action}" in done.stdout


def test_a_file_of_settings_that_is_not_there_is_no_matter_of_config(config: Path) -> None:
    done = command("edge", "configure", "door", "none.toml", "--config", config)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "none.toml cannot be used:\n  there is no such file.\n"


def test_orders_are_shown_by_a_count(config: Path) -> None:
    done = command("edge", "orders", "door", "--most", "0", "--config", config)
    assert done.returncode == 2
    assert "'0' is no count: write a whole number from 1 on" in done.stderr


def test_a_new_key_is_two_halves_of_one_and_never_replaces_another(tmp_path: Path) -> None:
    done = command("edge", "new-key", tmp_path)
    assert done.returncode == 0
    assert f"{tmp_path}/orders.key: private" in done.stdout
    private, public = tmp_path / "orders.key", tmp_path / "orders.pub"
    key = private.read_text()
    assert Signer(bytes.fromhex(key)).public_key == bytes.fromhex(public.read_text())
    assert private.stat().st_mode & 0o777 == 0o600
    assert key.strip() not in done.stdout
    again = command("edge", "new-key", tmp_path)
    assert again.returncode == 1
    assert "is there already" in again.stderr
    assert private.read_text() == key


def test_without_a_key_it_is_said_how_to_make_one(config: Path) -> None:
    done = command("edge", "command", "hague-door", "identify", "--config", config)
    assert done.returncode == 1
    assert "has no [orders]" in done.stderr
    assert "shopbell-server edge new-key DIR" in done.stderr


def test_an_order_that_cannot_be_sent_is_not_given(config: Path) -> None:
    with_key(config)
    done = command("edge", "command", "hague-door", "identify", "--config", config)
    assert done.returncode == 1
    assert "the broker at 127.0.0.1:" in done.stderr
    assert "see [broker] in" in done.stderr
    told = command("edge", "orders", "hague-door", "--json", "--config", config)
    assert json.loads(told.stdout) == []


def test_settings_that_no_edge_lets_be_set_are_all_named(config: Path, tmp_path: Path) -> None:
    file = tmp_path / "door.toml"
    file.write_text('edge = "x"\n[scanners.hci0]\nadapter = "hci1"\n')
    done = command("edge", "configure", "hague-door", file, "--config", with_key(config))
    assert done.returncode == 2
    assert "door.toml cannot be used" in done.stderr
    assert "edge: cannot be set from afar" in done.stderr
    assert "scanners.hci0.adapter: cannot be set from afar" in done.stderr


def test_a_file_that_is_not_there_is_named(config: Path, tmp_path: Path) -> None:
    line = ("edge", "configure", "hague-door", tmp_path / "none.toml", "--config", config)
    done = command(*line)
    assert done.returncode == 2
    assert "none.toml cannot be used" in done.stderr


def test_an_embedded_broker_that_does_not_run_is_said_to_be(config: Path, tmp_path: Path) -> None:
    embedded = (
        f'[broker.embedded]\ndata_dir = "{tmp_path}/broker"\n'
        f'edge_password_file = "{tmp_path}/edge-password"\n'
    )
    config.write_text(config.read_text() + embedded)
    done = command("edge", "list", "--config", config)
    assert done.returncode == 1
    assert "it was never started" in done.stderr


def test_what_is_known_of_edges_is_listed_although_the_broker_is_away(
    tmp_path: Path, config: Path
) -> None:
    with closing(open_sql(f"sqlite:///{tmp_path}/shopbell.db", TenantId("acme"))) as database:
        with database.begin() as work:
            work.edge_records.add_losses({(EdgeId("hague-door"), "spool_full"): 12}, Millis(1))
            work.commit()
        wish = Wish(
            tenant=TenantId("acme"),
            edge=EdgeId("hague-door"),
            task=SendDiagnostics(),
            by="jo",
            now_ms=Millis(1_000_000_000_000),
        )
        order(database, wish, Signer(bytes(32)).sign)
    told = command("edge", "list", "--json", "--config", config)
    shown = command("edge", "list", "--config", config)
    assert told.returncode == shown.returncode == 1
    (row,) = json.loads(told.stdout)
    assert (row["state"], row["given_up"]) == ("unknown", {"spool_full": 12})
    assert row["last_order"]["order"] == "diagnostics"
    assert "12 spool_full" in shown.stdout
    assert "diagnostics: no answer" in shown.stdout
    for each in (told, shown):
        assert "the broker at 127.0.0.1:" in each.stderr
        assert "see [broker] in" in each.stderr


def test_what_edges_gave_up_and_which_are_two_is_listed(tmp_path: Path, config: Path) -> None:
    door, at_ms = EdgeId("hague-door"), Millis(1_795_262_837_000)
    database = open_sql(f"sqlite:///{tmp_path}/shopbell.db", TenantId("acme"))
    with closing(database), database.begin() as work:
        work.edge_records.add_losses({(door, "spool_full"): 12}, at_ms)
        start = Start(edge=door, previous="1" * 32, stream="2" * 32)
        for lineage, heir in work.edge_records.heirs([start]).items():
            work.edge_records.put_heirs({lineage: replace(heir, cloned_ms=at_ms)})
        work.commit()
    users = {"operator": "pass"}
    with NatsBroker(tmp_path / "broker", users=users) as broker:
        account = f'username = "operator"\npassword_file = "{tmp_path}/password"\n'
        (tmp_path / "password").write_text("pass\n")
        config.write_text(SERVER.format(folder=tmp_path, port=broker.port) + account)
        told = command("edge", "list", "--json", "--config", config)
        shown = command("edge", "list", "--config", config)
    assert told.returncode == 0, told.stderr
    (row,) = json.loads(told.stdout)
    assert row["given_up"] == {"spool_full": 12}
    assert row["cloned_ms"] == at_ms
    assert "two machines as of 2026-11-21 12:07:17Z" in shown.stdout
    assert "12 spool_full" in shown.stdout


def test_of_an_order_without_an_answer_it_is_said_until_when_it_counts(
    tmp_path: Path, config: Path
) -> None:
    signer = Signer(bytes(32))
    with closing(open_sql(f"sqlite:///{tmp_path}/shopbell.db", TenantId("acme"))) as database:
        for at_ms in (1_000_000_000_000, 4_000_000_000_000):
            wish = Wish(
                tenant=TenantId("acme"),
                edge=EdgeId("hague-door"),
                task=SendDiagnostics(),
                by="jo",
                now_ms=Millis(at_ms),
            )
            order(database, wish, signer.sign)
    shown = command("edge", "orders", "hague-door", "--config", config)
    assert shown.returncode == 0, shown.stderr
    later, earlier = shown.stdout.splitlines()[1:]
    assert later.endswith("no answer  void after 2096-10-02 07:11:40Z")
    assert earlier.endswith("no answer  void since 2001-09-09 01:51:40Z")


def test_whoever_does_not_read_on_is_told_of_no_fault(config: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    ended = subprocess.run(
        [sys.executable, "-u", "-m", "shopbell_server", "edge", "orders", "hague-door",
         "--config", str(config)],
        stdout=writing, stderr=subprocess.PIPE, check=False, timeout=60,
    )  # fmt: skip
    os.close(writing)
    assert (ended.returncode, ended.stderr) == (1, b"")
