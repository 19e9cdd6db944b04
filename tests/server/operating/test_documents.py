from __future__ import annotations

from typing import TYPE_CHECKING

from tests.rigs.commands import run_command
from tests.server.test_commands import SERVER

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

SEED = """
stores:
  - id: hague
    name: The Hague
    zones: [{id: door, name: Door}]
    edges: [{id: hague-door, zone: door}]
"""


def shopbell(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run_command("shopbell_server", *arguments, "--config", "server.toml", folder=folder)


def test_papers_are_written_from_what_is_set_up(tmp_path: Path) -> None:
    settings = tmp_path / "server.toml"
    settings.write_text(SERVER.format(folder=tmp_path))
    (tmp_path / "seed.yaml").write_text(SEED)
    lacking = shopbell(tmp_path, "check-config")
    assert "would lack: privacy.controller, privacy.address" in lacking.stdout
    assert shopbell(tmp_path, "migrate", "--create").returncode == 0
    assert shopbell(tmp_path, "seed", "seed.yaml").returncode == 0

    done = shopbell(tmp_path, "documents", "--language", "nl")
    assert done.returncode == 0, done.stderr
    assert "lacks privacy.controller: set it in server.toml" in done.stdout
    assert 'lacks what "hague-door" hears' in done.stdout
    statement = (tmp_path / "papers" / "statement-of-sensing.nl.html").read_text("utf-8")
    assert "The Hague (hague)" in statement
    assert not (tmp_path / "papers" / "door-sign.en.html").exists()

    edges = tmp_path / "edges"
    edges.mkdir()
    (edges / "a.toml").write_text('edge = "hague-door"\n[[radios]]\nadapter = "hci1"\n')
    settings.write_text(settings.read_text() + '[privacy]\ncontroller = "Gracht B.V."\n')
    done = shopbell(tmp_path, "documents", "--out", "there", "--edges", "edges")
    assert done.returncode == 0, done.stderr
    assert "privacy.controller" not in done.stdout
    assert "hears" not in done.stdout
    statement = (tmp_path / "there" / "statement-of-sensing.en.html").read_text("utf-8")
    assert "Bluetooth receiver hci1: Door" in statement
    assert "Gracht B.V." in (tmp_path / "there" / "door-sign.en.html").read_text("utf-8")


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    (tmp_path / "server.toml").write_text(SERVER.format(folder=tmp_path))
    done = shopbell(tmp_path, "documents", "--edges", "nowhere")
    assert done.returncode != 0
    assert "nowhere" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_file_where_papers_should_go_is_told_apart_from_a_folder(tmp_path: Path) -> None:
    (tmp_path / "server.toml").write_text(SERVER.format(folder=tmp_path))
    assert shopbell(tmp_path, "migrate", "--create").returncode == 0
    said = shopbell(tmp_path, "documents", "--out", "server.toml")
    assert said.returncode == 1
    assert (
        said.stderr == 'cannot go on: "server.toml": File exists. That is a file: name a folder\n'
    )
