"""Checkpoints reach a receiver elsewhere, over an outage of it and the end of the server by force."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from shopbell_server.checkpoint_file import CheckpointFile
from tests.rigs.checkpoint_receiver import CheckpointReceiverRig
from tests.rigs.ports import free_port
from tests.rigs.waiting import until
from tests.server.test_commands import command

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.timeout(120)  # the first checkpoint is made ten seconds after the start

SERVER = """
tenant = "acme"
[retailer]
uuid = "d3300000-5b0e-4de3-8000-5be110000001"
prefix = "5be11dea"
[database]
url = "sqlite:///{folder}/shop.db"
[broker]
port = {broker}
[http]
port = {http}
[audit]
checkpoint_file = "{folder}/checkpoints"
signing_key_file = "{folder}/audit.key"
checkpoint_url = "http://127.0.0.1:{receiver}/shopbell"
checkpoint_token_file = "{folder}/audit.token"
allow_loopback = true
"""


@pytest.fixture
def receiver_port() -> int:
    return free_port()


@pytest.fixture
def config(tmp_path: Path, receiver_port: int) -> Path:
    for name, secret in (("audit.key", bytes(32).hex()), ("audit.token", "t0ken")):
        (tmp_path / name).write_text(secret)
        (tmp_path / name).chmod(0o600)
    path = tmp_path / "server.toml"
    path.write_text(
        SERVER.format(folder=tmp_path, broker=free_port(), http=free_port(), receiver=receiver_port)
    )
    assert command("migrate", "--create", "--config", path).returncode == 0
    return path


@pytest.fixture
def servers() -> Iterator[list[subprocess.Popen[bytes]]]:
    started: list[subprocess.Popen[bytes]] = []
    yield started
    for each in started:
        each.kill()
        each.wait()


def run(config: Path) -> subprocess.Popen[bytes]:
    program = Path(sys.executable).with_name("shopbell-server")
    with (config.parent / "server.log").open("ab") as log:
        return subprocess.Popen([program, "run", "--config", config], stdout=log, stderr=log)


async def test_an_outage_and_a_killed_server_lose_none(
    config: Path, receiver_port: int, servers: list[subprocess.Popen[bytes]]
) -> None:
    own = CheckpointFile(config.parent / "checkpoints")
    log = config.parent / "server.log"
    servers.append(run(config))
    await until("a checkpoint is made", lambda: own.last() is not None, within_s=60)
    await until("nobody takes it", lambda: "checkpoints_not_sent" in log.read_text(), within_s=60)
    servers[0].send_signal(signal.SIGKILL)
    servers[0].wait()
    with CheckpointReceiverRig(config.parent, port=receiver_port) as receiver:
        assert receiver.lines() == []
        servers.append(run(config))
        await until("it arrives", lambda: len(receiver.lines()) == 1, within_s=60)
        assert list(CheckpointFile(receiver.file).all()) == list(own.all())
        said = command("audit", "verify", "--checkpoints", receiver.url, "--config", config)
        assert said.returncode == 0, said.stdout + said.stderr
        servers[1].terminate()
        assert servers[1].wait(20) == 0
