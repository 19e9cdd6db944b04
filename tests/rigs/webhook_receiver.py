"""Somebody else's webhook endpoint on loopback.

`with WebhookReceiver() as receiver:` verifies every request with the `standardwebhooks` package, keeps
what was signed right in `received`, and answers as told: 200, or the next of `answers`.
"""

from __future__ import annotations

import json
import secrets
import ssl
import threading
from base64 import b64encode
from collections import deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

from standardwebhooks import Webhook, WebhookVerificationError

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Mapping

WAIT_S = 20.0
"""For what takes milliseconds on an idle machine."""

DRIP_S = 0.01
"""Between two bytes of an answer that drags on."""


def new_secret() -> str:
    """Return a secret as it stands in a file."""
    return "whsec_" + b64encode(secrets.token_bytes(32)).decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A request whose signature is right."""

    path: str
    headers: Mapping[str, str]
    body: bytes
    peer: tuple[str, int]

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def event(self) -> dict[str, Any]:
        event: dict[str, Any] = json.loads(self.body)
        return event


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """How to answer one request."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    held: bool = False
    """Not before `release`."""
    hangs_up: bool = False
    """Closes the connection instead."""
    drips: bool = False
    """Sends a header byte by byte, without an end."""


class WebhookReceiver:
    """An endpoint at `url`. It answers 401 to what is not signed with `secret`, as a real one would."""

    def __init__(
        self,
        *,
        secret: str | None = None,
        tls: ssl.SSLContext | None = None,
        host: str = "127.0.0.1",
    ) -> None:
        self.secret = secret or new_secret()
        self.received: list[Received] = []
        self.refused: list[str] = []
        self.connections = 0
        self.answers: deque[Answer] = deque()
        self._changed = threading.Condition()
        self._released = threading.Event()
        self._closing = threading.Event()
        self._server = _Server((host, 0), self)
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
        self._closing.set()
        self._released.set()
        self._server.shutdown()
        self._thread.join(WAIT_S)
        self._server.hang_up()
        self._server.server_close()

    @property
    def port(self) -> int:
        return self._server.server_address[1]

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self.port}/hooks"

    @property
    def ids(self) -> list[str]:
        return [each.id for each in self.received]

    def release(self) -> None:
        """Let held answers go, the coming ones too."""
        self._released.set()

    def until(self, what: str, true: Callable[[], bool]) -> None:
        """Return once `true` holds; it is asked after every request."""
        with self._changed:
            assert self._changed.wait_for(true, WAIT_S), f"{what}: not within {WAIT_S:.0f} s"

    def connected(self) -> None:
        with self._changed:
            self.connections += 1
            self._changed.notify_all()

    def take(self, request: Received) -> Answer:
        """Verify and keep a request; return how to answer it."""
        try:
            Webhook(self.secret).verify(request.body, dict(request.headers))
        except WebhookVerificationError as error:
            with self._changed:
                self.refused.append(str(error))
                self._changed.notify_all()
            return Answer(status=401)
        with self._changed:
            self.received.append(request)
            self._changed.notify_all()
            answer = self.answers.popleft() if self.answers else Answer()
        if answer.held:
            self._released.wait(WAIT_S)
        return answer

    def drip(self, write: Callable[[bytes], object]) -> None:
        """Send something for ever."""
        write(b"HTTP/1.1 200 OK\r\nx-endless: ")
        while not self._closing.wait(DRIP_S):
            write(b".")


class _Server(ThreadingHTTPServer):
    daemon_threads = False

    def __init__(self, address: tuple[str, int], receiver: WebhookReceiver) -> None:
        self.receiver = receiver
        self._open: set[socket.socket] = set()
        super().__init__(address, _Handler)

    def hang_up(self) -> None:
        """End all connections, so that their threads end."""
        for connection in list(self._open):
            try:
                connection.shutdown(2)
            except OSError:
                continue

    def finish_request(self, request: Any, client_address: Any) -> None:
        if isinstance(request, ssl.SSLSocket):
            request.settimeout(WAIT_S)
            request.do_handshake()
        self.receiver.connected()
        self._open.add(request)
        try:
            super().finish_request(request, client_address)
        finally:
            self._open.discard(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep quiet about those who hang up or do not believe our certificate: tests do so on purpose."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        answer = self.server.receiver.take(
            Received(
                path=self.path,
                headers={name.lower(): value for name, value in self.headers.items()},
                body=body,
                peer=self.client_address,
            )
        )
        if answer.hangs_up:
            self.close_connection = True
            return
        if answer.drips:
            self.close_connection = True
            self.server.receiver.drip(self.wfile.write)
            return
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.status >= 200:
            self.send_header("content-length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, *_: object) -> None:
        """Say nothing on stderr."""
