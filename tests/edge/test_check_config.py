"""What `shopbell-edge check-config` says of settings that hold, and of secrets that lie open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.rigs.commands import run_command

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

EDGE = """
tenant = "acme"
edge = "door"
[broker]
host = "127.0.0.1"
username = "door"
password_file = "{folder}/password"
[retailer]
uuid = "d3300000-5b0e-4de3-8000-5be110000001"
prefix = "5be11dea"
[spool]
path = "{folder}/spool.db"
[[usb_scanners]]
kind = "serial"
scanner = "till1"
device = "/dev/serial/by-id/none"
"""


def checked(folder: Path, mode: int) -> subprocess.CompletedProcess[str]:
    (folder / "password").write_text("not to be shown\n")
    (folder / "password").chmod(mode)
    (folder / "edge.toml").write_text(EDGE.format(folder=folder))
    return run_command("shopbell_edge", "check-config", "--config", folder / "edge.toml")


def test_scanners_of_every_kind_are_named(tmp_path: Path) -> None:
    done = checked(tmp_path, 0o600)
    assert (done.returncode, done.stderr) == (0, "")
    assert "is right: edge door of acme, till1" in done.stdout


def test_a_password_that_everybody_may_read_is_a_warning(tmp_path: Path) -> None:
    done = checked(tmp_path, 0o644)
    assert done.returncode == 0
    assert "is right" in done.stdout
    assert done.stderr.startswith("beware: broker.password_file: ")
    assert "chmod o-rwx" in done.stderr
    assert "not to be shown" not in done.stderr
