"""What a process does, and what does not go with several of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from shopbell_program.settings import SettingsError
from shopbell_server.config.broker import addresses, nats_addresses
from shopbell_server.config.processes import cautions_of_run
from shopbell_server.config.reading import read_settings
from shopbell_server.config.run import ROLES, is_whole

if TYPE_CHECKING:
    from pathlib import Path

    from shopbell_server.config.settings import Settings

LEAST = """
tenant = "acme"
[retailer]
uuid = "6f2a1c5e-9b7d-4e03-a1c4-0f5d2e8b7a61"
prefix = "5bb0e111"
"""
POSTGRES = """
[database]
url = "postgresql://shopbell@/shopbell"
[keys]
url = "postgresql://shopbell@/keys"
"""
EMBEDDED = '[broker.embedded]\ndata_dir = "/b"\nedge_password_file = "/p"\n'
SHARED = '[broker]\nprotocol = "5"\n'


def settings(folder: Path, text: str) -> Settings:
    file = folder / "server.toml"
    file.write_text(LEAST + text)
    return read_settings(file)


def faults(folder: Path, text: str) -> str:
    with pytest.raises(SettingsError) as caught:
        settings(folder, text)
    return str(caught.value)


def cautions(folder: Path, text: str) -> list[str]:
    return [str(each) for each in cautions_of_run(settings(folder, text))]


def test_one_process_does_everything_unless_it_is_told_otherwise(tmp_path: Path) -> None:
    read = settings(tmp_path, "")
    assert read.run.roles == ROLES == ("ingest", "web", "jobs")
    assert is_whole(read.run)
    assert cautions(tmp_path, "") == []


def test_a_role_that_there_is_not_is_named(tmp_path: Path) -> None:
    assert "run.roles" in faults(tmp_path, '[run]\nroles = ["web", "sinks"]\n')
    assert "run.roles" in faults(tmp_path, "[run]\nroles = []\n")


def test_an_embedded_broker_is_for_one_process(tmp_path: Path) -> None:
    text = (
        '[run]\nroles = ["ingest"]\n[broker.embedded]\n'
        f'data_dir = "{tmp_path}"\nedge_password_file = "{tmp_path}/edge"\n'
    )
    assert "run.roles: [broker.embedded] is for one process" in faults(tmp_path, text)


def test_what_is_made_for_several_machines_is_no_cause_for_caution(tmp_path: Path) -> None:
    for role in ROLES:
        assert cautions(tmp_path, f'{POSTGRES}{SHARED}[run]\nroles = ["{role}"]\n') == []


def test_sqlite_is_one_machines(tmp_path: Path) -> None:
    (said,) = cautions(tmp_path, SHARED + '[run]\nroles = ["web"]\n')
    assert "SQLite: a file of this machine" in said
    assert "PostgreSQL" in said


def test_so_are_keys_in_a_file(tmp_path: Path) -> None:
    keys = POSTGRES.replace('url = "postgresql://shopbell@/keys"', 'file = "/var/keys.db"')
    (said,) = cautions(tmp_path, keys + SHARED + '[run]\nroles = ["web"]\n')
    assert "could read no name" in said


def test_without_sharing_every_worker_hears_every_batch(tmp_path: Path) -> None:
    (said,) = cautions(tmp_path, POSTGRES + '[run]\nroles = ["ingest"]\n')
    assert "hears every batch" in said
    shared = '[broker.nats]\naddresses = ["127.0.0.1:4222"]\n[run]\nroles = ["ingest"]\n'
    assert cautions(tmp_path, POSTGRES + shared) == []


def test_jobs_that_write_files_are_for_one_process(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("ab" * 32)
    key.chmod(0o600)
    files = f"""
[run]
roles = ["jobs", "web"]
[audit]
checkpoint_file = "{tmp_path}/checkpoints"
signing_key_file = "{key}"
[delivery]
pairwise_key_file = "{key}"
[[sinks]]
kind = "file"
name = "archive"
path = "{tmp_path}/events.ndjson"
"""
    (said,) = cautions(tmp_path, POSTGRES + SHARED + files)
    assert 'audit.checkpoint_file, sink "archive": in files of this machine' in said


def test_nodes_are_tried_in_the_order_in_which_they_stand(tmp_path: Path) -> None:
    text = '[broker]\nfallbacks = ["127.0.0.2:1884", "[::1]:1885"]\n'
    assert addresses(settings(tmp_path, text).broker) == (
        ("127.0.0.1", 1883),
        ("127.0.0.2", 1884),
        ("::1", 1885),
    )
    nats = settings(tmp_path, '[broker.nats]\naddresses = ["localhost:4222"]\n').broker.nats
    assert nats is not None
    assert nats_addresses(nats) == (("localhost", 4222),)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[broker]\nfallbacks = ["b"]\n', "broker.fallbacks[0]: 'b' is no address"),
        ('[broker.nats]\naddresses = ["nats://b:1"]\n', "broker.nats.addresses[0]"),
        ("[broker.nats]\naddresses = []\n", "broker.nats.addresses"),
        ('[broker]\nfallbacks = ["b.example:1"]\n', "broker.tls: missing; b.example is not"),
        ('[broker.nats]\naddresses = ["b.example:1"]\n', "broker.tls: missing; b.example is not"),
        (
            '[broker]\nprotocol = "5"\n[broker.nats]\naddresses = ["127.0.0.1:1"]\n',
            "broker.protocol: NATS speaks MQTT 3.1.1 alone",
        ),
        (
            '[broker]\nfallbacks = ["127.0.0.1:1"]\n' + EMBEDDED,
            "broker.embedded: a broker of the server's own is one process",
        ),
        (
            '[broker.tls]\nca_file = "/none"\nkey_file = "/none"\n',
            "broker.tls.key_file: goes with broker.tls.cert_file",
        ),
    ],
)
def test_what_leads_nowhere_or_does_not_go_together_is_said(
    tmp_path: Path, text: str, says: str
) -> None:
    assert says in faults(tmp_path, text)
