"""`shopbell-server sessions …` as an operator uses it."""

from __future__ import annotations

import json
import shutil
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from shopbell_server.assembly import open_database
from shopbell_server.config.reading import read_settings
from shopbell_server.core.access.staff_session import OpenSession
from shopbell_server.core.ids import Millis, StaffId
from shopbell_server.system import SystemClock, SystemEntropy
from shopbell_server.usecases.staff.sign_in import make_link
from tests.server.test_commands import SERVER, command

if TYPE_CHECKING:
    from pathlib import Path

STAFF = (StaffId("sam"), StaffId("kim"))


@pytest.fixture
def config(migrated_file: Path, tmp_path: Path) -> Path:
    """Give the settings of a shop where two are signed in, and one has a link."""
    path = tmp_path / "server.toml"
    path.write_text(SERVER.format(folder=tmp_path))
    seed = tmp_path / "seed.json"
    staff = [{"id": each, "name": each, "role": "advisor", "stores": ["ams"]} for each in STAFF]
    seed.write_text(json.dumps({"stores": [{"id": "ams", "name": "Ams"}], "staff": staff}))
    shutil.copy(migrated_file, tmp_path / "shopbell.db")
    assert command("migrate", "--create", "--config", path).returncode == 0
    assert command("seed", seed, "--config", path).returncode == 0
    now_ms = SystemClock().now_ms()
    with closing(open_database(read_settings(path))) as database:
        with database.begin() as work:
            for number, each in enumerate(STAFF):
                work.staff_sessions.open(
                    OpenSession(
                        sha256=bytes([number]) * 32,
                        staff=each,
                        opened_ms=Millis(now_ms + number),
                        expires_ms=Millis(now_ms + 3_000_000),
                        ends_ms=Millis(now_ms + 9_000_000),
                    )
                )
            work.commit()
        make_link(database, SystemEntropy(), now_ms, STAFF[0])
    return path


def test_sessions_are_listed_and_one_is_ended_on_record(config: Path) -> None:
    listed = command("sessions", "list", "--json", "--config", config)
    assert listed.returncode == 0, listed.stderr
    found = json.loads(listed.stdout)
    assert [each["staff"] for each in found] == ["sam", "kim"]
    table = command("sessions", "list", "--config", config).stdout.splitlines()
    assert table[1].split()[:3] == [found[0]["id"], "sam", "advisor"]
    ended = command("sessions", "revoke", found[0]["id"], "--config", config)
    assert ended.stdout == f"session {found[0]['id']} of sam is over\n"
    left = json.loads(command("sessions", "list", "--json", "--config", config).stdout)
    assert [each["staff"] for each in left] == ["kim"]
    record = command("audit", "list", "--json", "--config", config).stdout
    assert "session.revoked" in record
    assert found[0]["id"] in record


LINKS = "links made for them open nothing any more"


def test_all_of_somebody_are_ended_and_her_links_too(config: Path) -> None:
    ended = command("sessions", "revoke", "--staff", "sam", "--config", config)
    assert ended.stdout == f"1 sessions of sam are over; {LINKS}\n"
    again = command("sessions", "revoke", "--staff", "sam", "--config", config)
    assert again.stdout == f"0 sessions of sam are over; {LINKS}\n"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["ffff"], 1, 'there is no session "ffff"; `shopbell-server sessions list`'),
        (["--staff", "bob"], 1, 'there is no member of staff "bob"'),
        ([], 2, "give one of ID and --staff NAME"),
        (["ffff", "--staff", "sam"], 2, "give one of ID and --staff NAME"),
    ],
)
def test_what_cannot_be_done_is_said(
    config: Path, arguments: list[str], code: int, said: str
) -> None:
    done = command("sessions", "revoke", *arguments, "--config", config)
    assert done.returncode == code
    assert said in done.stderr
