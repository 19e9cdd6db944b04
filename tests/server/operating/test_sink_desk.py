"""`shopbell-server sinks …` as an operator uses it."""

from __future__ import annotations

import json
import shutil
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from shopbell_server.assembly import open_database
from shopbell_server.config.reading import read_settings
from shopbell_server.core.ids import FactId, Millis
from tests.server.db.rows import fact
from tests.server.test_commands import SERVER, command

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def config(migrated_file: Path, tmp_path: Path) -> Path:
    """Give the settings of a shop whose old CRM did not take two events."""
    path = tmp_path / "server.toml"
    path.write_text(SERVER.format(folder=tmp_path))
    shutil.copy(migrated_file, tmp_path / "shopbell.db")
    assert command("migrate", "--create", "--config", path).returncode == 0
    with closing(open_database(read_settings(path))) as database, database.begin() as work:
        for name in ("f1", "f2"):
            work.outgoing.add([fact(name)], ["crm"], Millis(0))
            work.outgoing.give_up("crm", FactId(name), Millis(0), "HTTP 400")
        work.commit()
    return path


def test_dead_letters_are_shown_sent_again_and_thrown_away(config: Path) -> None:
    shown = json.loads(command("sinks", "list", "--json", "--config", config).stdout)
    assert [(each["waiting"], each["dead"]) for each in shown] == [(0, 2)]
    listed = command("sinks", "list", "--config", config)
    assert "crm" in listed.stdout
    assert "not in the settings any more" in listed.stdout
    dead = command("sinks", "dead", "crm", "--json", "--config", config)
    assert [each["fact"] for each in json.loads(dead.stdout)] == ["f2", "f1"]
    assert "HTTP 400" in command("sinks", "dead", "crm", "--config", config).stdout
    gone = command("sinks", "discard", "crm", "f1", "--reason", "never_taken", "--config", config)
    assert gone.returncode == 0, gone.stderr
    again = command("sinks", "replay", "crm", "--all", "--config", config)
    assert again.stdout.startswith("1 sent again")
    with closing(open_database(read_settings(config))) as database, database.read() as work:
        assert (work.outgoing.waiting("crm")[0], dict(work.outgoing.dead())) == (1, {})


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("dead", "cdp"), 'there is no sink "cdp"'),
        (("replay", "crm"), "give one of ID and --all"),
        (("replay", "crm", "f3"), 'crm has no dead letter "f3"'),
        (("discard", "crm", "f1", "--reason", "because"), "invalid choice"),
    ],
)
def test_what_cannot_be_is_said(config: Path, arguments: tuple[str, ...], says: str) -> None:
    done = command("sinks", *arguments, "--config", config)
    assert done.returncode != 0
    assert says in done.stderr
