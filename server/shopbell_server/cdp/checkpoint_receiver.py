"""A place on another machine that keeps checkpoints of the audit (HTTPS).

Owns: one endpoint: posting lines to it, reading back what it kept, and the limits of both.
Never: which lines it has not confirmed yet (`witness`), or what stands in them (`checkpoint_file`).

What a receiver has to do is in deploy/README.md, "Who looked, and who did what": keep the body of each POST
as it is at the end of a file, and answer 2xx when that is on its disk. The same lines may come twice.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import httpcore2

from shopbell_server.cdp.exchange import LOST, outcome_of, throw_away, why
from shopbell_server.cdp.pinned import network_to, system_resolver
from shopbell_server.ports.sinks import Outcome

if TYPE_CHECKING:
    import ssl

    from shopbell_server.cdp.pinned import Resolve

CONTENT_TYPE: Final = "application/x-ndjson"

MOST_BYTES: Final = 256 * 1024 * 1024
"""Read back at most. A server makes 105 120 checkpoints of 250 bytes a year, 26 MB: ten servers' year."""

READ_S: Final = 300.0
"""For reading a year back, over a line that takes a minute for it."""


_OK: Final = 200


class ReceiverError(RuntimeError):
    """What a receiver kept cannot be read; the text says why, and names no URL: it may hold a secret."""


class CheckpointReceiver:
    """Posts to `url`: https, or http where `allow_loopback` lets it reach this machine.

    `token` proves who we are; `tls`: whose certificates to believe, by default the system's authorities.
    """

    def __init__(
        self,
        *,
        url: str,
        token: str | None = None,
        timeout_s: float,
        allow_loopback: bool = False,
        tls: ssl.SSLContext | None = None,
        resolve: Resolve = system_resolver,
    ) -> None:
        self._url = url
        self._timeout_s = timeout_s
        self._headers: dict[bytes | str, bytes | str] = {"user-agent": "shopbell"}
        if token is not None:
            self._headers["authorization"] = f"Bearer {token}"
        self._network = network_to(url, allow_loopback=allow_loopback, resolve=resolve)
        self._pool = httpcore2.ConnectionPool(
            ssl_context=tls or httpcore2.default_ssl_context(),
            max_connections=1,
            # One request in five minutes: a connection that is kept is one that somebody has closed.
            max_keepalive_connections=0,
            network_backend=self._network,
        )

    def keep(self, lines: bytes) -> Outcome:
        """Have `lines` kept. `delivered` if the receiver says that they are on its disk."""
        headers = {**self._headers, "content-type": CONTENT_TYPE}
        try:
            with (
                self._network.within(self._timeout_s),
                self._pool.stream("POST", self._url, headers=headers, content=lines) as answer,
            ):
                throw_away(answer)
                return outcome_of(answer, int(time.time()))
        except LOST as error:
            return Outcome(kind="retry", reason=why(error))

    def kept(self) -> bytes:
        """Return all that it kept, if it shows that to who may post. Raises ReceiverError."""
        try:
            with (
                self._network.within(READ_S),
                self._pool.stream("GET", self._url, headers=self._headers) as answer,
            ):
                if answer.status != _OK:
                    raise ReceiverError(f"it answered HTTP {answer.status}")
                return _whole(answer)
        except LOST as error:
            raise ReceiverError(why(error)) from None

    def close(self) -> None:
        """Let go of the connection."""
        self._pool.close()


def _whole(answer: httpcore2.Response) -> bytes:
    body = bytearray()
    for chunk in answer.iter_stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise ReceiverError(f"it sends more than {MOST_BYTES >> 20} MiB")
    return bytes(body)
