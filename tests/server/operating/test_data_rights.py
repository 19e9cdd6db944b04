"""`shopbell-server export | forget | erasures` as an operator uses them."""

from __future__ import annotations

import io
import json
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import zipfile
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from tests.server.test_commands import SERVER, command

if TYPE_CHECKING:
    from pathlib import Path

NAME = "ZZCANARYNAME"
SEED = {
    "stores": [
        {
            "id": "hague",
            "name": "The Hague",
            "zones": [{"id": "door", "name": "Door"}],
            "edges": [{"id": "hague-door", "zone": "door"}],
        }
    ],
    "profiles": [
        {"id": "p-1", "first_name": NAME, "external_ids": {"crm": "ZZCANARYCRM"}},
        {"id": "p-2", "first_name": "Ben"},
    ],
    "visits": [
        {
            "profile": "p-1",
            "store": "hague",
            "edge": "hague-door",
            "start": "2026-06-01T10:00:00Z",
            "end": "2026-06-01T10:30:00Z",
            "evidence": "pass",
        }
    ],
}


@pytest.fixture
def config(migrated_file: Path, tmp_path: Path) -> Path:
    path = tmp_path / "server.toml"
    path.write_text(SERVER.format(folder=tmp_path))
    shutil.copy(migrated_file, tmp_path / "shopbell.db")
    assert command("migrate", "--create", "--config", path).returncode == 0
    sown = sow(path)
    assert "2 profiles, 1 past visits" in sown
    return path


def sow(config: Path) -> str:
    seed = config.parent / "seed.json"
    seed.write_text(json.dumps(SEED))
    done = command("seed", seed, "--config", config)
    assert done.returncode == 0, done.stderr
    return done.stdout


def exports(config: Path, named: str) -> list[dict[str, Any]]:
    done = command("export", named, "--config", config)
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)["exports"]
    return found


def test_everything_of_a_customer_is_written_for_her(config: Path) -> None:
    (taken,) = exports(config, "p-1")
    assert taken["about"][0]["first_name"] == NAME
    assert taken["identifiers"][0]["value"] == "ZZCANARYCRM"
    assert taken["visits"][0]["store"] == "hague"
    (same,) = exports(config, taken["person"])
    assert same["person"] == taken["person"]
    (bare,) = exports(config, "p-2")  # who never enrolled has a name all the same
    assert bare["about"] == [{"profile": "p-2", "first_name": "Ben", "language": None}]


def test_tables_are_a_file_for_her_alone(config: Path) -> None:
    out = config.parent / "taken.zip"
    done = command("export", "p-1", "--format", "csv", "--out", out, "--config", config)
    assert done.returncode == 0, done.stderr
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    with zipfile.ZipFile(io.BytesIO(out.read_bytes())) as files:
        assert any(name.endswith("/visits.csv") for name in files.namelist())
    again = command("export", "p-1", "--format", "csv", "--out", out, "--config", config)
    assert again.returncode == 1
    assert "already: give another one as --out" in again.stderr


def test_a_customer_is_forgotten_and_no_seed_brings_her_back(config: Path) -> None:
    assert_somewhere(config, NAME, there=False)  # sealed from the beginning
    done = command("forget", "p-1", "--yes", "--config", config)
    assert done.returncode == 0, done.stderr
    assert "done" in done.stdout
    for named in ("p-1", "nobody"):
        unknown = command("forget", named, "--yes", "--config", config)
        assert unknown.returncode == 1
        assert f'no enrolment and no profile "{named}"' in unknown.stderr
        assert command("export", named, "--config", config).returncode == 1
    assert "left out 1 profiles that were forgotten" in sow(config)
    assert command("export", "p-1", "--config", config).returncode == 1
    listed = command("erasures", "--json", "--config", config)
    assert listed.returncode == 0
    (erasure,) = json.loads(listed.stdout)
    assert (erasure["asked_by"], erasure["overdue"], erasure["waiting"]) == ("operator", False, [])
    assert erasure["done_at"] is not None
    table = command("erasures", "--config", config).stdout.splitlines()
    assert table[0].split()[:3] == ["ERASURE", "ASKED", "BY"]
    assert table[1].startswith(erasure["erasure"])
    assert_somewhere(config, NAME, there=False)


def test_a_profile_that_never_enrolled_is_forgotten_too(config: Path) -> None:
    done = command("forget", "p-2", "--yes", "--config", config)
    assert done.returncode == 0, done.stderr
    assert command("export", "p-2", "--config", config).returncode == 1
    assert "left out 1 profiles" in sow(config)


def test_who_came_back_with_a_backup_is_erased_again(config: Path) -> None:
    ask = ("forget", "--unreadable", "--yes", "--config", config)
    assert command(*ask).stdout == "0 of 1 enrolments were erased again\n"
    database = config.parent / "shopbell.db"
    with closing(sqlite3.connect(database)) as one, closing(sqlite3.connect(":memory:")) as backup:
        one.backup(backup)
        assert command("forget", "p-1", "--yes", "--config", config).returncode == 0
        backup.backup(one)
    refused = command(*ask)
    assert refused.returncode == 1
    assert "none of 1 enrolments is readable" in refused.stderr


def test_who_is_meant_is_said_before_she_is_forgotten(config: Path) -> None:
    keyboard, terminal = os.openpty()
    with os.fdopen(keyboard, "wb", buffering=0) as typed, os.fdopen(terminal, "rb") as stdin:
        typed.write(b"no\n")
        asked = subprocess.run(
            [sys.executable, "-m", "shopbell_server", "forget", "p-2", "--config", config],
            stdin=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    assert asked.returncode == 1
    assert "Erase the profile p-2 for good?" in asked.stdout
    assert asked.stderr == "nothing was erased\n"


def test_nobody_is_forgotten_unasked(config: Path) -> None:
    done = command("forget", "p-1", "--config", config)
    assert done.returncode == 2
    assert "give --yes" in done.stderr
    assert len(exports(config, "p-1")) == 1


def assert_somewhere(config: Path, text: str, *, there: bool) -> None:
    """Look into every file of the server's but what was handed to it."""
    files = [
        each
        for each in config.parent.rglob("*")
        if each.is_file() and each.name not in {"seed.json", "server.toml"}
    ]
    assert files
    assert any(text.encode() in each.read_bytes() for each in files) is there
