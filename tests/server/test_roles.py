"""Processes that do a part: what each serves, what it needs, and what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from shopbell_program.places import address
from tests.e2e.program import Program
from tests.rigs.commands import run_command
from tests.rigs.ports import free_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path
    from subprocess import CompletedProcess

SERVER = """
tenant = "acme"
[retailer]
uuid = "d3300000-5b0e-4de3-8000-5be110000001"
prefix = "5be11dea"
[database]
url = "sqlite:///{folder}/shopbell.db"
[http]
port = 0
[broker]
port = {port}
"""

EMBEDDED = """
[broker.embedded]
data_dir = "{folder}/broker"
edge_password_file = "{folder}/edge-password"
"""


def command(*arguments: object) -> CompletedProcess[str]:
    return run_command("shopbell_server", *arguments)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Write settings of a server whose broker is away."""
    path = tmp_path / "server.toml"
    path.write_text(SERVER.format(folder=tmp_path, port=free_port()))
    return path


class Process:
    """A process of one role, as operators see it."""

    def __init__(self, url: str) -> None:
        self.url = url

    async def get(self, path: str) -> tuple[int, Any]:
        async with httpx2.AsyncClient(timeout=20.0) as client:
            answer = await client.get(self.url + path)
        is_json = answer.headers.get("content-type", "").startswith("application/json")
        return answer.status_code, answer.json() if is_json else answer.text


@pytest.fixture
async def process(
    request: pytest.FixtureRequest, config: Path, tmp_path: Path
) -> AsyncIterator[Process]:
    role = request.param
    assert command("migrate", "--create", "--config", config).returncode == 0
    line = ["shopbell_server", "run", "--config", str(config), "--role", role]
    program = Program(role, line, tmp_path)
    try:
        yield Process(await program.says("ready: "))
    finally:
        assert await program.stop() == 0
        assert "beware: [database] is SQLite" in program.log


@pytest.mark.parametrize("process", ["web"], indirect=True)
async def test_the_web_needs_no_broker_and_serves_people(process: Process) -> None:
    assert await process.get("/readyz") == (200, {"ready": True, "problems": {}})
    assert (await process.get("/login"))[0] == 200
    _, said = await process.get("/metrics")
    assert 'shopbell_role{role="web"} 1.0' in said
    assert 'shopbell_role{role="ingest"} 0.0' in said
    assert 'shopbell_ready{part="broker"}' not in said


@pytest.mark.parametrize("process", ["ingest"], indirect=True)
async def test_a_worker_needs_its_broker_and_serves_operators_alone(process: Process) -> None:
    status, said = await process.get("/readyz")
    assert (status, list(said["problems"])) == (503, ["broker"])
    assert (await process.get("/healthz"))[0] == 200
    assert 'shopbell_role{role="ingest"} 1.0' in (await process.get("/metrics"))[1]
    for path in ("/", "/login", "/me", "/v1/stores/ams-01/stream", "/static/board.js"):
        assert (await process.get(path))[0] == 404, path


@pytest.mark.parametrize("process", ["jobs"], indirect=True)
async def test_jobs_need_no_broker_and_serve_operators_alone(process: Process) -> None:
    assert (await process.get("/readyz"))[0] == 200
    assert (await process.get("/login"))[0] == 404
    assert 'shopbell_role{role="jobs"} 1.0' in (await process.get("/metrics"))[1]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--role", "sinks"), "invalid choice: 'sinks'"),
        (("--role", "web", "--port", "65536"), "--port: 65536 is no port"),
        (("--role", "ingest", "--sign-in-link", "sam"), "--sign-in-link goes with the role web"),
    ],
)
def test_what_makes_no_sense_is_said(config: Path, arguments: tuple[str, ...], says: str) -> None:
    done = command("run", "--config", config, *arguments)
    assert done.returncode == 2
    assert says in done.stderr


def test_a_part_with_a_broker_of_its_own_is_refused(config: Path, tmp_path: Path) -> None:
    config.write_text(config.read_text() + EMBEDDED.format(folder=tmp_path))
    done = command("run", "--config", config, "--role", "web")
    assert done.returncode == 2
    assert "run.roles: [broker.embedded] is for one process with all roles" in done.stderr
    assert not (tmp_path / "broker").exists()


def test_the_settings_are_checked_with_their_roles(config: Path) -> None:
    done = command("check-config", "--config", config)
    assert "roles" not in done.stdout
    assert done.stderr == ""
    config.write_text(f'{config.read_text()}\n[run]\nroles = ["ingest"]\n')
    done = command("check-config", "--config", config)
    assert ", roles: ingest\n" in done.stdout
    assert "beware: [database] is SQLite: a file of this machine" in done.stderr
    assert 'beware: broker.protocol is "3.1.1": every process' in done.stderr


@pytest.fixture
def of_jobs(config: Path) -> Path:
    config.write_text(f'{config.read_text()}\n[run]\nroles = ["jobs"]\n')
    return config


async def test_all_is_everything_whatever_the_settings_say(of_jobs: Path, tmp_path: Path) -> None:
    port = free_port()
    line = ["shopbell_server", "run", "--migrate", "--config", str(of_jobs)]
    program = Program("all", [*line, "--role", "all", "--port", str(port)], tmp_path)
    try:
        url = await program.says("ready: ")
        assert address(url.removeprefix("http://")) == ("127.0.0.1", port)
        assert (await Process(url).get("/login"))[0] == 200
    finally:
        assert await program.stop() == 0
    assert "beware: [database]" not in program.log
