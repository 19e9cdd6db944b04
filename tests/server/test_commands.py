"""`shopbell-server` on the command line."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.rigs.commands import run_command
from tests.rigs.postgres import as_superuser
from tests.rigs.waiting import until

if TYPE_CHECKING:
    from collections.abc import Sequence

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
port = 0
[broker.embedded]
data_dir = "{folder}/broker"
edge_password_file = "{folder}/edge-password"
"""

LOADED = """
import json, sys
from shopbell_server.__main__ import main
sys.argv = json.loads(sys.argv[1])
try:
    main()
except SystemExit as end:
    print(json.dumps([end.code, sorted({name.partition(".")[0] for name in sys.modules})]))
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "server.toml"
    path.write_text(SERVER.format(folder=tmp_path))
    return path


@pytest.fixture
def seed(tmp_path: Path) -> Path:
    path = tmp_path / "seed.json"
    store = {"id": "hague", "name": "The Hague"}
    staff = {"id": "sam", "name": "Sam", "stores": ["hague"]}
    path.write_text(json.dumps({"stores": [store], "staff": [staff]}))
    return path


def command(*arguments: object) -> subprocess.CompletedProcess[str]:
    return run_command("shopbell_server", *arguments)


def loaded(*arguments: object) -> set[str]:
    line = json.dumps(["shopbell-server", *map(str, arguments)])
    done = subprocess.run(
        [sys.executable, "-c", LOADED, line],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.stdout, done.stderr
    code, modules = json.loads(done.stdout.splitlines()[-1])
    assert not code, done.stderr
    return set(modules)


def test_a_command_loads_what_it_needs(config: Path, seed: Path) -> None:
    web = {"fastapi", "uvicorn", "jinja2", "httpcore2"}
    assert loaded("check-config", "--config", config) & {*web, "sqlalchemy", "alembic"} == set()
    assert loaded("migrate", "--create", "--config", config) & {*web, "psycopg"} == set()
    assert loaded("seed", seed, "--config", config) & {*web, "psycopg", "alembic"} == set()


async def test_run_may_make_its_tables_sow_and_invite(
    config: Path, seed: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    links = ("--sign-in-link", "sam", "--sign-in-link", "sam")
    line = ("run", "--migrate", "--seed", str(seed), *links, "--config", str(config))
    with out.open("wb") as output:
        server = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "shopbell_server", *line),
            stdout=output,
            stderr=asyncio.subprocess.DEVNULL,
        )
    try:
        await waited(server, out, 3)
        first, second = out.read_text().splitlines()[1:]
        assert first.startswith("sign-in: http://127.0.0.1:")
        assert second.startswith("sign-in: http://127.0.0.1:")
        assert first != second
    finally:
        server.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(server.wait(), 30) == 0


async def waited(server: asyncio.subprocess.Process, out: Path, lines: int) -> None:
    await until(
        f"{lines} lines in {out}",
        lambda: out.read_text().count("\n") >= lines or server.returncode is not None,
    )
    assert server.returncode is None


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        ((), 1, "there is no database: no file "),
        (("--migrate", "--seed", "/none.yaml"), 2, "/none.yaml cannot be used"),
        (("--migrate", "--sign-in-link", "kim"), 1, 'there is no member of staff "kim"'),
        (("--migrate", "--sign-in-link", "kim"), 1, "an empty database was made"),
    ],
)
async def test_what_cannot_be_done_is_said_and_no_broker_is_left(
    options: Sequence[str], code: int, says: str, config: Path, tmp_path: Path
) -> None:
    done = command("run", "--config", config, *options)
    assert done.returncode == code, done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    await until("no broker is left", lambda: not brokers_in(tmp_path))


async def test_sigterm_while_it_loads_ends_its_broker_too(config: Path, tmp_path: Path) -> None:
    server = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "shopbell_server", "run", "--config", str(config)),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        log = tmp_path / "broker" / "broker.log"
        await until("its broker has begun", lambda: log.exists() or server.returncode is not None)
    finally:
        server.terminate()
        await asyncio.wait_for(server.wait(), 30)
    await until("no broker is left", lambda: not brokers_in(tmp_path))


def brokers_in(folder: Path) -> list[int]:
    """Return the processes that work for a broker of `folder`."""
    wanted = str(folder / "broker").encode()
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            line = (entry / "cmdline").read_bytes()
        except OSError:
            continue
        if wanted in line:
            found.append(int(entry.name))
    return found


def test_a_secret_that_everybody_may_read_is_a_warning(tmp_path: Path, config: Path) -> None:
    key = tmp_path / "number-key"
    key.write_text("ab" * 32)
    config.write_text(
        config.read_text().replace("prefix =", f'number_key_file = "{key}"\nprefix =')
    )
    said = {}
    for mode in (0o640, 0o644):
        key.chmod(mode)
        done = command("check-config", "--config", config)
        assert done.returncode == 0, done.stderr
        said[mode] = done.stderr
    assert said[0o640] == ""
    assert said[0o644].startswith("beware: retailer.number_key_file: ")
    assert "ab" * 32 not in said[0o644]


def test_a_role_for_which_tenants_are_not_kept_apart_is_said(
    tmp_path: Path, empty_postgres_url: str
) -> None:
    """And that no password stands in an address, for whoever wrote one there."""
    keys = f'[keys]\nfile = "{tmp_path}/keys.db"\n'
    config = tmp_path / "server.toml"
    text = SERVER.format(folder=tmp_path).replace(
        f"sqlite:///{tmp_path}/shopbell.db", as_superuser(empty_postgres_url)
    )
    config.write_text(text + keys)
    migrated = command("migrate", "--config", config)
    assert migrated.returncode == 0, migrated.stderr
    assert 'beware: the role "postgres" is a superuser' in migrated.stderr
    config.write_text(text.replace("postgres@", "postgres:hunter2@") + keys)
    refused = command("migrate", "--config", config)
    assert refused.returncode == 2
    assert "database.url: must not hold a password" in refused.stderr
    assert "hunter2" not in refused.stderr
