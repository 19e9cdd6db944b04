"""Somebody else's receiver of checkpoints, on loopback.

`with CheckpointReceiverRig(folder) as rig:` appends the body of every POST to `rig.file` and answers 200 when
that is done, or the next of `answers` without keeping anything. It wants the token `rig.token`.
"""

from __future__ import annotations

import ssl
import threading
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from pathlib import Path

WAIT_S = 20.0


class CheckpointReceiverRig:
    """An endpoint at `url`; it keeps in `file`, which outlives it: a second rig of one folder goes on."""

    def __init__(self, folder: Path, *, port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        self.file = folder / "received.ndjson"
        self.token = "t0ken"
        self.answers: deque[int] = deque()
        """Statuses to answer with next, in place of keeping."""
        self.forgets: deque[bool] = deque()
        """True: keeps, and hangs up without an answer."""
        self.shows = True
        """Whether it lets be read back what it kept."""
        self._changed = threading.Condition()
        self.requests = 0
        self._server = _Server(("127.0.0.1", port), self)
        self._scheme = "http" if tls is None else "https"
        if tls is not None:
            self._server.socket = tls.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._server.shutdown()
        self._thread.join(WAIT_S)
        self._server.server_close()

    @property
    def port(self) -> int:
        return self._server.server_address[1]

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self.port}/shopbell"

    def lines(self) -> list[bytes]:
        return self.file.read_bytes().splitlines() if self.file.exists() else []

    def until(self, lines: int) -> None:
        """Return once so many lines are kept."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.lines()) >= lines, WAIT_S)

    def take(self, body: bytes) -> int | None:
        """Keep a body and return the status to answer with; None: hang up."""
        with self._changed:
            self.requests += 1
            try:
                if self.answers:
                    return self.answers.popleft()
                with self.file.open("ab") as file:
                    file.write(body)
                return None if self.forgets and self.forgets.popleft() else 200
            finally:
                self._changed.notify_all()


class _Server(ThreadingHTTPServer):
    daemon_threads = False

    def __init__(self, address: tuple[str, int], rig: CheckpointReceiverRig) -> None:
        self.rig = rig
        super().__init__(address, _Handler)

    def finish_request(self, request: Any, client_address: Any) -> None:
        if isinstance(request, ssl.SSLSocket):
            request.settimeout(WAIT_S)
            request.do_handshake()
        super().finish_request(request, client_address)

    def handle_error(self, request: object, client_address: object) -> None:
        """Keep quiet about those who do not believe our certificate: tests do so on purpose."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.close_connection = True
        if not self._knows():
            self._answer(401, b"")
        elif self.headers["content-type"] != "application/x-ndjson":
            self._answer(415, b"")
        else:
            status = self.server.rig.take(body)
            if status is not None:
                self._answer(status, b"")

    def do_GET(self) -> None:
        self.close_connection = True
        rig = self.server.rig
        if not self._knows() or not rig.shows:
            self._answer(403, b"")
        else:
            self._answer(200, rig.file.read_bytes() if rig.file.exists() else b"")

    def _knows(self) -> bool:
        return self.headers["authorization"] == f"Bearer {self.server.rig.token}"

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.send_header("connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing on stderr."""
