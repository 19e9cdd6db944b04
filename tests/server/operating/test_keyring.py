"""`shopbell-server keys …` as an operator uses it."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.server.test_commands import SERVER, command

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def config(migrated_file: Path, tmp_path: Path) -> Path:
    path = tmp_path / "server.toml"
    path.write_text(SERVER.format(folder=tmp_path))
    shutil.copy(migrated_file, tmp_path / "shopbell.db")
    assert command("migrate", "--create", "--config", path).returncode == 0
    return path


def test_a_key_is_made_shown_once_listed_and_revoked(config: Path) -> None:
    made = command("keys", "create", "tills-ams", "--kind", "till", "--config", config)
    assert made.returncode == 0, made.stderr
    secret, told = made.stdout.splitlines()
    assert secret.startswith("sbp_")
    listed = command("keys", "list", "--json", "--config", config)
    (key,) = json.loads(listed.stdout)
    assert (key["name"], key["scopes"], key["revoked_ms"]) == ("tills-ams", ["receipts"], None)
    assert key["id"] in told
    assert secret not in listed.stdout
    ended = command("keys", "revoke", key["id"], "--config", config)
    assert ended.stdout == f"key {key['id']} of tills-ams opens nothing any more\n"
    table = command("keys", "list", "--config", config).stdout.splitlines()
    assert table[0].split() == ["ID", "NAME", "FOR", "MADE", "LAST", "USED", "REVOKED"]
    assert table[1].split()[:3] == [key["id"], "tills-ams", "receipts"]


def test_what_cannot_be_done_is_said(config: Path) -> None:
    unknown = command("keys", "revoke", "ffffffffffff", "--config", config)
    assert unknown.returncode == 1
    assert 'there is no key "ffffffffffff"; `shopbell-server keys list`' in unknown.stderr
    unnamed = command("keys", "create", "a b", "--kind", "app", "--config", config)
    assert unnamed.returncode == 2
    assert "NAME 'a b': 1 to 64 letters" in unnamed.stderr
